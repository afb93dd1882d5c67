import { BYTES_PER_MS, encodeSample, MULAW_TO_PCM, SILENCE_BYTE, writeWav } from '../voice/index.ts';

export interface Recording {
  sid: string;
  callSid: string;
  source: 'RecordVerb' | 'StartCallRecordingTwiML';
  channels: 1 | 2;
  /** µ-law of the caller, of what the caller heard; null where that side was not recorded. */
  inbound: Uint8Array | null;
  outbound: Uint8Array | null;
  startedAt: Date;
  /** performance.now() from which on it can be fetched. */
  readyMs: number;
}

/** Recordings of one account. */
export class Recordings {
  private readonly all = new Map<string, Recording>();

  add(recording: Recording): void {
    this.all.set(recording.sid, recording);
  }

  get(sid: string): Recording | undefined {
    return this.all.get(sid);
  }

  delete(sid: string): boolean {
    return this.all.delete(sid);
  }

  list(): Recording[] {
    return [...this.all.values()];
  }
}

function lengthOf(recording: Recording): number {
  return Math.max(recording.inbound?.length ?? 0, recording.outbound?.length ?? 0);
}

export function recordingSeconds(recording: Recording): number {
  return Math.max(1, Math.round(lengthOf(recording) / BYTES_PER_MS / 1000));
}

/** One channel of 16-bit PCM at 8 kHz; two sides are mixed, as nothing here reads them apart. */
export function recordingWav(recording: Recording): Uint8Array {
  const { inbound, outbound } = recording;
  const mixed = new Uint8Array(lengthOf(recording));
  for (let at = 0; at < mixed.length; at++)
    mixed[at] = mixedByte(inbound?.[at] ?? SILENCE_BYTE, outbound?.[at] ?? SILENCE_BYTE);
  return writeWav(mixed, 'pcm16');
}

/** Silence on one side leaves the other's byte as it is, so that a recorded voice keeps its words. */
function mixedByte(one: number, two: number): number {
  if (two === SILENCE_BYTE) return one;
  return one === SILENCE_BYTE ? two : encodeSample((MULAW_TO_PCM[one] ?? 0) + (MULAW_TO_PCM[two] ?? 0));
}

/** MPEG 2.5 layer III, 8 kbit/s, 8 kHz, mono: a frame of 72 bytes is 72 ms. */
const MP3_HEADER = [0xff, 0xe3, 0x18, 0xc4];
const MP3_FRAME_BYTES = 72;
const MP3_FRAME_MS = 72;

/** A valid MP3 file of the recording's length. It is silent: there is no encoder here, and nothing may depend on its sound. */
export function recordingMp3(recording: Recording): Uint8Array {
  const frames = Math.ceil(lengthOf(recording) / BYTES_PER_MS / MP3_FRAME_MS);
  const file = new Uint8Array(frames * MP3_FRAME_BYTES);
  for (let frame = 0; frame < frames; frame++) file.set(MP3_HEADER, frame * MP3_FRAME_BYTES);
  return file;
}
