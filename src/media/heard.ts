/**
 * The part of a text that was heard when its audio was cut: by proportion, back to a word boundary. The model gives
 * no times for words.
 */
export function heardText(text: string, heardMs: number, totalMs: number): string {
  if (totalMs <= 0) return '';
  if (heardMs >= totalMs) return text;
  const end = Math.floor((text.length * Math.max(0, heardMs)) / totalMs);
  if (/\s/.test(text.charAt(end))) return text.slice(0, end).trimEnd();
  const boundary = text.slice(0, end).search(/\s\S*$/);
  return boundary < 0 ? '' : text.slice(0, boundary).trimEnd();
}
