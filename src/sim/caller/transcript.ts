import type { Heard, SimCall } from '../twilio/index.ts';
import type { Speech } from '../twilio/mouth.ts';

/** One line of the conversation as it reached the caller. Times are ms since the call was placed. */
export interface TranscriptLine {
  atMs: number;
  who: 'caller' | 'assistant' | 'staff' | 'line' | 'tool' | 'key';
  text: string;
  /** The utterance ended before its last word. */
  cut: boolean;
  /** The first voice of the call: from dialing to its first sound. */
  firstWordMs: number | null;
  /** An answer: from the caller's last sound to the first sound of this. */
  silenceMs: number | null;
}

export interface ToolUse {
  name: string;
  arguments: string;
  /** When it was asked for; the moment of its being seen when left out. */
  atMs?: number;
}

/** Silence after which an utterance without its last frame counts as cut. */
const CUT_MS = 700;

export interface TranscriptOptions {
  call: SimCall;
  tools: () => readonly ToolUse[];
  utterances: () => readonly Heard[];
  onLine: (line: TranscriptLine) => void;
}

/** Writes the lines down in the order in which they come to their end, each once. */
export class Transcript {
  readonly lines: TranscriptLine[] = [];
  private readonly call: SimCall;
  private readonly options: TranscriptOptions;
  private readonly heardDone = new Set<string>();
  private readonly answered = new Set<Speech>();
  private saidDone = 0;
  private toolsDone = 0;

  constructor(options: TranscriptOptions) {
    this.options = options;
    this.call = options.call;
  }

  /** Takes down what has come to its end since the last look; at the call's end everything. */
  look(): void {
    const nowMs = this.call.nowMs();
    const { ended } = this.call;
    const found: TranscriptLine[] = [];
    for (const speech of this.call.said.slice(this.saidDone)) {
      if (speech.endMs === null && !ended) break;
      this.saidDone += 1;
      if (speech.startMs !== null) found.push(lineOf('caller', speech.startMs, speech.text));
    }
    for (const heard of this.options.utterances()) {
      const key = `${heard.speaker}.${heard.utterance}.${Math.round(heard.startMs)}`;
      const done = heard.whole || ended || nowMs - heard.endMs > CUT_MS;
      if (!done || heard.speaker === 'caller' || this.heardDone.has(key)) continue;
      this.heardDone.add(key);
      found.push(this.heardLine(heard));
    }
    const used = this.options.tools();
    for (const use of used.slice(this.toolsDone))
      found.push(lineOf('tool', use.atMs ?? nowMs, `${use.name} ${use.arguments}`));
    this.toolsDone = used.length;
    for (const line of found.toSorted((a, b) => a.atMs - b.atMs)) this.add(line);
  }

  key(digits: string): void {
    this.add(lineOf('key', this.call.nowMs(), digits));
  }

  private heardLine(heard: Heard): TranscriptLine {
    const { ear } = this.call.leg;
    const line = { ...lineOf(heard.speaker, heard.startMs, heard.text), cut: !heard.whole };
    if (this.heardDone.size === 1) line.firstWordMs = ear.voiced[0]?.startMs ?? null;
    const asked = this.call.said.findLast((speech) => speech.endMs !== null && speech.endMs <= heard.startMs);
    if (!asked || asked.endMs === null || this.answered.has(asked)) return line;
    this.answered.add(asked);
    const answeredMs = ear.firstVoiceMs(asked.endMs);
    line.silenceMs = answeredMs === null ? null : answeredMs - asked.endMs;
    return line;
  }

  private add(line: TranscriptLine): void {
    this.lines.push(line);
    this.options.onLine(line);
  }
}

function lineOf(who: TranscriptLine['who'], atMs: number, text: string): TranscriptLine {
  return { atMs, who, text, cut: false, firstWordMs: null, silenceMs: null };
}

/** `  12.3 s  assistant  Good morning … [cut]  (first word 0.4 s)`. */
export function formatLine(line: TranscriptLine): string {
  const notes = [
    line.cut ? 'cut' : '',
    line.firstWordMs === null ? '' : `first word ${(line.firstWordMs / 1000).toFixed(2)} s`,
    line.silenceMs === null ? '' : `turn ${(line.silenceMs / 1000).toFixed(2)} s`,
  ].filter((note) => note !== '');
  const at = `${(line.atMs / 1000).toFixed(1)} s`.padStart(8);
  return `${at}  ${line.who.padEnd(9)}  ${line.text}${notes.length > 0 ? `  (${notes.join(', ')})` : ''}`;
}
