/** How callers say that they do not want to be recorded, by language. */
const patterns: readonly RegExp[] = [
  /\b(?:no|stop|without|turn off|switch off)(?: (?:the|this|your|any|call))* recording\b/u,
  /\b(?:don['’]?t|do not|not|never|stop|rather you didn['’]?t)\b[^.?!]{0,30}\b(?:recorded|recording (?:me|this|us|it)|record (?:me|this|us|it|my|the call|our))/u,
  /\b(?:don['’]?t|not|never)(?: to)? record(?:,? please)?\s*(?:[.?!,;]|$)/u,
  /\b(?:don['’]?t|not|never) (?:consent|agree|want|like|wish|allow)\b[^.?!]{0,20}\brecording\b/u,
  /\bno (?:me |nos |la )?(?:grab[ae]\w*|grab[eé]is)/u,
  /\b(?:sin grabar|sin grabación|no quiero (?:que (?:me )?grab|ser grabad))/u,
  /\b(?:n['’]|ne (?:me |nous |m['’])?)enregistr\w*/u,
  /\b(?:sans enregistr|pas (?:être |d['’])?enregistr)/u,
];

/** True for a caller's words that decline the recording of the call. */
export function declinesRecording(text: string): boolean {
  const words = text.toLowerCase();
  return patterns.some((pattern) => pattern.test(words));
}
