import { appendAudio, appendBytesMax, type Ear } from '../model/append.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { AudioTail } from './audio-tail.ts';
import { batchMs, Cadence, type CadenceKind } from './cadence.ts';
import { bytesPerMs, frameBytes } from './cutter.ts';
import type { MediaFrame } from './frame.ts';

/** Kept for the next session, while none is ready and while the caller's turn is not in words yet: ten seconds, the newest. */
export const keptBytesMax = 80_000;
/**
 * Audio that another session hears again in any case. A turn whose beginning was not told of yet is whole with it, and
 * the last word of the turn before lies further back: a turn ends only with a longer silence.
 */
const recentMs = 400;
const recentBytesMax = recentMs * bytesPerMs;
const batchBytes = batchMs * bytesPerMs;
/** What is held back goes on with the tick after so long, if no frame completes it: 350 ms with the tick itself. */
const heldMsMax = batchMs;
/** A longer gap is not filled whole: the server's ears only need to hear that it was quiet. */
const gapMsMax = 10_000;
/** No frame for so long while the caller speaks: silence stands in for the missing ones. */
const stallMs = 750;
const frameMs = frameBytes / bytesPerMs;
/** So many frames in a row from the past: the carrier's clock was set back, and is followed. */
const oldFramesMax = 50;
const silenceByte = 0xff;

/** `repeated`: from the past and left out; `held`: it waits for others or for a session. */
export type FrameFate = 'sent' | 'held' | 'repeated';

export interface CallerAudioDeps {
  cadence: CadenceKind;
  metrics: Pick<Metrics, 'appends' | 'appendedSeconds' | 'droppedFrames' | 'gapSeconds' | 'onsets'>;
}

/**
 * The caller's audio on its way to the model: repeated frames are left out, missing spans become silence, and what
 * another session would have to hear is kept. In a pause of the conversation several frames go at once.
 */
export class CallerAudio {
  readonly #metrics: CallerAudioDeps['metrics'];
  /** Of the metrics, what is counted with every frame. */
  readonly #frameAppends: CallerAudioDeps['metrics']['appends']['frame'];
  readonly #frameSeconds: CallerAudioDeps['metrics']['appendedSeconds']['frame'];
  /** Null: each frame goes on at once. */
  readonly #cadence: Cadence | null;
  readonly #tail = new AudioTail(keptBytesMax);
  #ear: Ear | null = null;
  /** What was said may not be in words yet. */
  #keeps = true;
  /** At the end of the tail: what the ear has not been sent. */
  #heldBytes = 0;
  #heldSince = 0;
  /** When the last frame came, monotonic ms; later by the silence that stood in for missing ones. */
  #frameAt = 0;
  #lastMs = -1;
  #nextMs = -1;
  #oldFrames = 0;
  #stalledSince: number | null = null;
  #paddedTo = 0;

  constructor({ cadence, metrics }: CallerAudioDeps) {
    this.#metrics = metrics;
    this.#frameAppends = metrics.appends.frame;
    this.#frameSeconds = metrics.appendedSeconds.frame;
    const onOnset = (heardBy: 'gate' | 'model' | 'none') => metrics.onsets[heardBy].add(1);
    this.#cadence = cadence === 'adaptive' ? new Cadence({ onOnset }) : null;
  }

  /** Hot. `now` is when it arrived, monotonic ms. */
  frame(frame: MediaFrame, now: number): FrameFate {
    const { audio, timestampMs } = frame;
    if (timestampMs <= this.#lastMs && ++this.#oldFrames <= oldFramesMax) return 'repeated';
    if (this.#oldFrames > 0) this.#oldFrames = 0;
    if (timestampMs <= this.#lastMs) this.#nextMs = timestampMs;
    const gapMs = this.#nextMs < 0 ? 0 : timestampMs - this.#nextMs;
    if (gapMs >= frameMs) {
      this.#metrics.gapSeconds.observe(gapMs / 1000);
      this.#pad(Math.min(gapMs, gapMsMax));
    }
    this.#lastMs = timestampMs;
    const endMs = timestampMs + audio.length / bytesPerMs;
    if (endMs > this.#nextMs) this.#nextMs = endMs;
    this.#frameAt = now;
    return this.#emit(frame, now);
  }

  /** `arrived`: a frame came since the last tick. */
  tick(now: number, arrived: boolean, speaking: boolean): void {
    if (this.#heldBytes > 0 && now - this.#heldSince >= heldMsMax) this.flush();
    if (arrived || this.#nextMs < 0) {
      this.#stalledSince = null;
      return;
    }
    if (this.#stalledSince === null) {
      this.#stalledSince = now;
      this.#paddedTo = now;
    }
    if (!speaking || now - this.#stalledSince < stallMs) return;
    const paddedMs = this.#pad(Math.min(now - this.#paddedTo, gapMsMax));
    this.#nextMs += paddedMs;
    this.#paddedTo += paddedMs;
    this.#frameAt += paddedMs;
  }

  /** The model hears the caller speak: the words until `settled` may be needed again. */
  speechStarted(): void {
    this.#cadence?.speechStarted();
    this.flush();
    this.#keep();
  }

  speechStopped(): void {
    this.#cadence?.speechStopped();
  }

  /** How long ago it was that the caller's sound at this place, in ms of the ear's audio, was heard here. */
  agoMs(placeMs: number, now: number): number {
    const receivedMs = ((this.#ear?.heardBytes ?? 0) + this.#heldBytes) / bytesPerMs;
    return Math.max(0, receivedMs - frameMs - placeMs) + now - this.#frameAt;
  }

  /** What the caller said is in words. */
  settled(): void {
    if (this.#ear === null || !this.#keeps) return;
    this.#keeps = false;
    this.#tail.limit(recentBytesMax);
  }

  /** A session is ready, in place of another one or of none: what it would have to hear goes first. */
  connect(ear: Ear): void {
    const { bytes, from, to } = this.#tail;
    this.#ear = ear;
    this.#send('kept', bytes, from, to);
    this.#tail.clear();
    this.#keeps = false;
    this.#tail.limit(recentBytesMax);
    this.#cadence?.connected();
  }

  disconnect(): void {
    this.#ear = null;
    this.#heldBytes = 0;
    this.#keep();
  }

  /** What is held back goes on now. */
  flush(): void {
    const { bytes, to } = this.#tail;
    if (this.#heldBytes > 0) this.#send('flush', bytes, to - this.#heldBytes, to);
  }

  /** Nothing comes any more. */
  close(): void {
    this.disconnect();
    this.#tail.clear();
  }

  #keep(): void {
    if (this.#keeps) return;
    this.#keeps = true;
    this.#tail.limit(keptBytesMax);
  }

  /** Whole frames of silence; returns their milliseconds. */
  #pad(ms: number): number {
    const frames = Math.floor(ms / frameMs);
    this.flush();
    for (let left = frames * frameBytes; left > 0; left -= appendBytesMax) {
      const size = Math.min(left, appendBytesMax);
      this.#dropped(this.#tail.fill(silenceByte, size));
      const { bytes, to } = this.#tail;
      this.#send('silence', bytes, to - size, to);
    }
    return frames * frameMs;
  }

  #emit(frame: MediaFrame, now: number): FrameFate {
    const { audio } = frame;
    // What is larger than a batch is none of the carrier's frames: it might push out what is held.
    if (audio.length >= batchBytes) this.flush();
    this.#dropped(this.#tail.push(audio));
    if (this.#ear === null) return 'held';
    const isQuick = this.#cadence === null || this.#cadence.hear(audio);
    if (this.#heldBytes === 0) {
      if (isQuick || audio.length >= batchBytes) {
        this.#ear.heardBytes += audio.length;
        this.#frameAppends.add(1);
        this.#frameSeconds.add(audio.length / bytesPerMs / 1000);
        this.#ear.append(frame.event, frame.from, frame.to);
        return 'sent';
      }
      this.#heldSince = now;
    }
    this.#heldBytes += audio.length;
    if (isQuick) this.flush();
    else if (this.#heldBytes >= batchBytes) {
      const { bytes, to } = this.#tail;
      this.#send('batch', bytes, to - this.#heldBytes, to);
    }
    return this.#heldBytes === 0 ? 'sent' : 'held';
  }

  #send(kind: 'batch' | 'flush' | 'silence' | 'kept', audio: Uint8Array, from: number, to: number): void {
    if (this.#ear === null) return;
    this.#heldBytes = 0;
    if (to > from) this.#count(this.#ear, kind, to - from, appendAudio(this.#ear, audio, from, to));
  }

  #count(ear: Ear, kind: 'batch' | 'flush' | 'silence' | 'kept', bytes: number, count: number): void {
    ear.heardBytes += bytes;
    this.#metrics.appends[kind].add(count);
    this.#metrics.appendedSeconds[kind].add(bytes / bytesPerMs / 1000);
  }

  #dropped(bytes: number): void {
    if (bytes > 0 && this.#ear === null) {
      this.#metrics.droppedFrames.inc({ direction: 'from_caller' }, Math.ceil(bytes / frameBytes));
    }
  }
}
