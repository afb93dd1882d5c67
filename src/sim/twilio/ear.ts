import { BYTES_PER_MS, isSilence, silence, type Speaker, VoiceReader, type VoiceSpan } from '../voice/index.ts';

/** A stretch of audio without a gap; `startByte` counts the bytes that the reader had before it. */
interface Stretch {
  startMs: number;
  startByte: number;
  bytes: number;
  chunks: Uint8Array[];
}

/** Something was audible from `startMs` to `endMs`; pauses below {@link PAUSE_MS} are part of it. */
export interface Voiced {
  startMs: number;
  endMs: number;
}

/** What one utterance was to the ear. */
export interface Heard {
  speaker: Speaker;
  utterance: number;
  text: string;
  startMs: number;
  endMs: number;
  /** Its last frame was heard. */
  whole: boolean;
  /** Frames lost, doubled, out of order or damaged. */
  faults: number;
}

const PAUSE_MS = 200;
/** Two stretches closer than this are one: rounding of the clock. */
const JOIN_MS = 0.5;
/** The reader is told of a longer gap by one frame of silence: a frame that was cut before it is not taken for a broken one. */
const GAP_MS = 20;
const GAP = silence(GAP_MS);

/** What reached one end of the line, to the sample, and the words in it. Times are ms since the call was placed. */
export class Ear {
  readonly reader = new VoiceReader();
  readonly voiced: Voiced[] = [];
  private readonly stretches: Stretch[] = [];
  private readonly keepAudio: boolean;
  bytes = 0;

  constructor(keepAudio: boolean) {
    this.keepAudio = keepAudio;
  }

  hear(bytes: Uint8Array, atMs: number): void {
    const last = this.stretches.at(-1);
    const endMs = last ? last.startMs + last.bytes / BYTES_PER_MS : -1;
    let stretch = last;
    if (!stretch || atMs - endMs > JOIN_MS) {
      if (stretch && atMs - endMs > GAP_MS) this.reader.push(GAP);
      stretch = { startMs: Math.max(atMs, endMs), startByte: this.reader.bytes, bytes: 0, chunks: [] };
      this.stretches.push(stretch);
    }
    if (this.keepAudio) stretch.chunks.push(bytes);
    if (!isSilence(bytes)) this.noteVoice(stretch.startMs + stretch.bytes / BYTES_PER_MS, bytes.length / BYTES_PER_MS);
    stretch.bytes += bytes.length;
    this.bytes += bytes.length;
    this.reader.push(bytes);
  }

  /** Everything said so far, utterance by utterance. */
  utterances(): Heard[] {
    return this.reader.spans.map((span) => this.heardOf(span));
  }

  /** Words of one speaker, or of all but the caller, from `sinceMs` on; utterances are joined by blanks. */
  text(sinceMs = 0, speaker?: Speaker): string {
    const spans = this.reader.spans.filter((span) =>
      speaker === undefined ? span.speaker !== 'caller' : span.speaker === speaker,
    );
    return spans
      .filter((span) => this.endOf(span.endByte) > sinceMs)
      .map((span) => span.text)
      .join(' ');
  }

  /** When the first sound after `sinceMs` reached the ear; a sound under way at `sinceMs` counts as then. */
  firstVoiceMs(sinceMs: number): number | null {
    const found = this.voiced.find((voiced) => voiced.endMs > sinceMs);
    return found ? Math.max(found.startMs, sinceMs) : null;
  }

  /** End of the last sound, null before the first. */
  get lastVoiceMs(): number | null {
    return this.voiced.at(-1)?.endMs ?? null;
  }

  /** The line from the call's first millisecond to `untilMs`, silence where nothing came. */
  audio(untilMs: number): Uint8Array {
    const line = new Uint8Array(Math.round(untilMs * BYTES_PER_MS)).fill(0xff);
    for (const stretch of this.stretches) {
      let at = Math.round(stretch.startMs * BYTES_PER_MS);
      for (const chunk of stretch.chunks) {
        line.set(chunk.subarray(0, Math.max(0, line.length - at)), Math.min(at, line.length));
        at += chunk.length;
      }
    }
    return line;
  }

  private heardOf(span: VoiceSpan): Heard {
    return {
      speaker: span.speaker,
      utterance: span.utterance,
      text: span.text,
      startMs: this.startOf(span.startByte),
      endMs: this.endOf(span.endByte),
      whole: span.ended,
      faults: span.missing + span.repeated + span.outOfOrder + span.corrupt,
    };
  }

  private startOf(position: number): number {
    return timeIn(
      this.stretches.findLast((stretch) => stretch.startByte <= position),
      position,
    );
  }

  /** When the byte before this position had been heard. */
  private endOf(position: number): number {
    return timeIn(
      this.stretches.findLast((stretch) => stretch.startByte < position),
      position,
    );
  }

  private noteVoice(atMs: number, lengthMs: number): void {
    const last = this.voiced.at(-1);
    if (last && atMs - last.endMs < PAUSE_MS) last.endMs = atMs + lengthMs;
    else this.voiced.push({ startMs: atMs, endMs: atMs + lengthMs });
  }
}

function timeIn(stretch: Stretch | undefined, position: number): number {
  return stretch ? stretch.startMs + (position - stretch.startByte) / BYTES_PER_MS : 0;
}
