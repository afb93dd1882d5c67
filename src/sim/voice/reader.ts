import { CUT_WINDOW_BYTES, cutLength, readFrame, type Speaker, type VoiceFrame } from './frame.ts';
import { FRAME_BYTES, SILENCE_BYTE } from './mulaw.ts';

/** What was heard of one utterance; counts are frames of 20 ms, positions are bytes since the reader began. */
export interface VoiceSpan {
  readonly speaker: Speaker;
  readonly generation: number;
  readonly utterance: number;
  /** The words in the order in which they reached the ear. */
  text: string;
  firstFrame: number;
  /** Highest frame number heard. */
  lastFrame: number;
  frames: number;
  /** Holes below `lastFrame`, those before the first frame heard included. */
  missing: number;
  repeated: number;
  /** Frames that came after a later one. */
  outOfOrder: number;
  /** Frames that came whole but with a wrong checksum. */
  corrupt: number;
  /** Frames of which only a part came. */
  partial: number;
  /** The utterance's last frame was heard. */
  ended: boolean;
  startByte: number;
  endByte: number;
}

export interface VoiceReaderOptions {
  /** How many utterances are kept; older ones are forgotten and counted. 256 when left out. */
  readonly spansMax?: number;
  readonly onFrame?: (frame: VoiceFrame, span: VoiceSpan) => void;
}

const SPANS_MAX = 256;
const HOLES_MAX = 4096;
const TEXT_CHARS_MAX = 65_536;
const BUFFER_BYTES = 4096;

interface Track {
  readonly span: VoiceSpan;
  readonly holes: Set<number>;
  next: number;
}

/**
 * Reads the words out of µ-law audio pushed in chunks of any size; finds the frames again after cuts and slips.
 * Memory is bounded by `spansMax`; a whole frame is known as soon as its 160th byte is pushed.
 */
export class VoiceReader {
  /** Utterances in order of their first frame, oldest forgotten first. */
  readonly spans: VoiceSpan[] = [];
  forgotten = 0;
  /** Totals over everything pushed, forgotten utterances included. */
  corrupt = 0;
  partial = 0;
  /** Bytes that belong to no frame and are not 0xFF padding. */
  strayBytes = 0;
  bytes = 0;

  readonly #onFrame: ((frame: VoiceFrame, span: VoiceSpan) => void) | undefined;
  readonly #spansMax: number;
  readonly #tracks = new Map<string, Track>();
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #head = 0;
  #tail = 0;
  #current: Track | null = null;
  /** The previous frame ended exactly at the head and more of its utterance must follow. */
  #locked = false;

  constructor(options: VoiceReaderOptions = {}) {
    this.#onFrame = options.onFrame;
    this.#spansMax = options.spansMax ?? SPANS_MAX;
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#tail === BUFFER_BYTES) this.#compact();
      const size = Math.min(bytes.length - at, BUFFER_BYTES - this.#tail);
      this.#buffer.set(bytes.subarray(at, at + size), this.#tail);
      this.#tail += size;
      this.bytes += size;
      at += size;
      this.#scan();
    }
  }

  /** Nothing more will come: a frame of which only the beginning is there counts as partial. */
  end(): void {
    const left = this.#tail - this.#head;
    if (this.#locked && left > 0 && this.#buffer[this.#head] !== SILENCE_BYTE) this.#countPartial();
    this.#locked = false;
    for (; this.#head < this.#tail; this.#head += 1) this.#skip();
  }

  /** Everything heard from one speaker (or all), utterances joined by a blank. */
  text(speaker?: Speaker): string {
    const heard = this.spans.filter((span) => speaker === undefined || span.speaker === speaker);
    return heard.map((span) => span.text).join(' ');
  }

  /** True while every frame heard was whole, in order, once and without holes. */
  get intact(): boolean {
    const whole = (span: VoiceSpan): boolean => span.missing + span.repeated + span.outOfOrder === 0;
    return this.corrupt + this.partial === 0 && this.spans.every(whole);
  }

  #compact(): void {
    this.#buffer.copyWithin(0, this.#head, this.#tail);
    this.#tail -= this.#head;
    this.#head = 0;
  }

  #scan(): void {
    while (this.#tail - this.#head >= FRAME_BYTES) {
      const frame = readFrame(this.#buffer, this.#head);
      if (frame !== null) {
        this.#head += FRAME_BYTES;
        this.#hear(frame);
        continue;
      }
      if (this.#locked) {
        // Whether it was cut short is told by what follows it.
        if (this.#tail - this.#head < CUT_WINDOW_BYTES) return;
        this.#judgeBroken();
      }
      this.#locked = false;
      this.#skip();
      this.#head += 1;
    }
    if (this.#head === this.#tail) this.#head = this.#tail = 0;
  }

  #skip(): void {
    if (this.#buffer[this.#head] !== SILENCE_BYTE) this.strayBytes += 1;
  }

  #judgeBroken(): void {
    const length = cutLength(this.#buffer, this.#head);
    if (length === 0) return;
    if (length < FRAME_BYTES) return this.#countPartial();
    this.corrupt += 1;
    if (this.#current !== null) this.#current.span.corrupt += 1;
  }

  #countPartial(): void {
    this.partial += 1;
    if (this.#current !== null) this.#current.span.partial += 1;
  }

  #hear(frame: VoiceFrame): void {
    const key = `${frame.speaker}.${frame.generation}.${frame.utterance}`;
    let track = this.#tracks.get(key);
    // A prepared line may be played twice: its first frame, after its last one or after another line, begins a new span.
    const isOver = track !== undefined && (track.span.ended || track !== this.#current);
    const again = isOver && frame.frame === 0 && (track?.span.lastFrame ?? 0) > 0;
    if (track === undefined || again) track = this.#open(key, frame);
    this.#count(track, frame);
    this.#current = track;
    this.#locked = !frame.last;
    this.#onFrame?.(frame, track.span);
  }

  #open(key: string, frame: VoiceFrame): Track {
    const { speaker, generation, utterance } = frame;
    const endByte = this.bytes - (this.#tail - this.#head);
    const counts = { frames: 0, missing: 0, repeated: 0, outOfOrder: 0, corrupt: 0, partial: 0, ended: false };
    const place = { firstFrame: frame.frame, lastFrame: frame.frame, startByte: endByte - FRAME_BYTES, endByte };
    const span: VoiceSpan = { speaker, generation, utterance, text: '', ...counts, ...place };
    const track: Track = { span, holes: new Set(), next: 0 };
    this.#tracks.delete(key);
    this.#tracks.set(key, track);
    this.spans.push(span);
    if (this.spans.length > this.#spansMax) this.#forget();
    return track;
  }

  #forget(): void {
    const oldest = this.spans.shift();
    this.forgotten += 1;
    if (oldest === undefined) return;
    const key = `${oldest.speaker}.${oldest.generation}.${oldest.utterance}`;
    if (this.#tracks.get(key)?.span === oldest) this.#tracks.delete(key);
  }

  #count(track: Track, frame: VoiceFrame): void {
    const { span, holes } = track;
    span.frames += 1;
    span.endByte = this.bytes - (this.#tail - this.#head);
    span.ended ||= frame.last;
    if (frame.frame >= track.next) {
      span.missing += frame.frame - track.next;
      for (let hole = track.next; hole < frame.frame && holes.size < HOLES_MAX; hole += 1) holes.add(hole);
      track.next = frame.frame + 1;
      span.lastFrame = frame.frame;
    } else if (holes.delete(frame.frame)) {
      span.missing -= 1;
      span.outOfOrder += 1;
      span.firstFrame = Math.min(span.firstFrame, frame.frame);
    } else {
      span.repeated += 1;
    }
    if (span.text.length < TEXT_CHARS_MAX) span.text += frame.text;
  }
}
