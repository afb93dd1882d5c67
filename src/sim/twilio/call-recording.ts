import { BYTES_PER_MS, FRAME_BYTES, joinBytes, silence, SILENCE_BYTE } from '../voice/index.ts';
import type { Leg } from './leg.ts';
import type { Recording } from './recordings.ts';
import type { XmlElement } from './xml.ts';

export type RecordingStatus = 'in-progress' | 'paused' | 'stopped';
export type PauseBehavior = 'skip' | 'silence';

const FRAME_SILENCE = silence(FRAME_BYTES / BYTES_PER_MS);

interface Pause {
  /** Bytes since the beginning, as the line has them. */
  from: number;
  to: number;
  behavior: PauseBehavior;
}

/** A recording of both sides that runs beside the documents until the call ends, or REST stops it. */
export class CallRecording {
  readonly sid: string;
  status: RecordingStatus = 'in-progress';
  private readonly leg: Leg;
  private readonly element: XmlElement;
  private readonly kept: (recording: Recording) => void;
  private readonly startedAt = new Date();
  private readonly startMs: number;
  private readonly frames: Uint8Array[] = [];
  private readonly pauses: Pause[] = [];
  private readonly stopListening: () => void;

  constructor(leg: Leg, element: XmlElement, kept: (recording: Recording) => void) {
    this.leg = leg;
    this.element = element;
    this.kept = kept;
    this.sid = leg.world.random.sid('RE');
    this.startMs = leg.nowMs();
    this.stopListening = leg.onFrame((frame) => this.take(frame.bytes));
    void leg.done.then(() => this.stop());
  }

  pause(behavior: PauseBehavior): void {
    if (this.status !== 'in-progress') return;
    this.status = 'paused';
    this.pauses.push({ from: this.bytesNow(), to: Infinity, behavior });
  }

  resume(): void {
    if (this.status !== 'paused') return;
    this.status = 'in-progress';
    this.endPause();
  }

  stop(): void {
    if (this.status === 'stopped') return;
    this.endPause();
    this.status = 'stopped';
    this.stopListening();
    const { leg, element } = this;
    const from = Math.round(this.startMs * BYTES_PER_MS);
    const heard = leg.ear.audio(leg.nowMs()).slice(from, from + this.bytesNow());
    const track = element.attributes['track'] ?? 'both';
    this.kept({
      sid: this.sid,
      callSid: leg.sid,
      source: 'StartCallRecordingTwiML',
      startedAt: this.startedAt,
      channels: element.attributes['channels'] === 'mono' ? 1 : 2,
      inbound: track === 'outbound' ? null : joinBytes(this.frames),
      outbound: track === 'inbound' ? null : this.withoutPauses(heard),
      readyMs: performance.now() + leg.world.faults.recordingDelayMs,
    });
  }

  private take(bytes: Uint8Array): void {
    const pause = this.status === 'paused' ? this.pauses.at(-1) : undefined;
    if (!pause) this.frames.push(bytes);
    else if (pause.behavior === 'silence') this.frames.push(FRAME_SILENCE);
  }

  private endPause(): void {
    const pause = this.pauses.at(-1);
    if (pause?.to === Infinity) pause.to = this.bytesNow();
  }

  private bytesNow(): number {
    return Math.round((this.leg.nowMs() - this.startMs) * BYTES_PER_MS);
  }

  private withoutPauses(heard: Uint8Array): Uint8Array {
    const pieces: Uint8Array[] = [];
    let at = 0;
    for (const { from, to, behavior } of this.pauses) {
      pieces.push(heard.subarray(at, from));
      if (behavior === 'silence') pieces.push(heard.slice(from, to).fill(SILENCE_BYTE));
      at = to;
    }
    return joinBytes([...pieces, heard.subarray(at)]);
  }
}
