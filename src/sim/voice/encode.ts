import { TEXT_BYTES_MAX, writeFrame, type Speaker } from './frame.ts';
import { encodeSample, FRAME_BYTES, FRAMES_PER_SECOND, SILENCE_BYTE } from './mulaw.ts';
import { utf8Points } from './utf8.ts';

export interface UtteranceOptions {
  /** 0–65535. */
  readonly utterance: number;
  readonly speaker: Speaker;
  /** 0–15, 0 when left out. */
  readonly generation?: number;
  /** Speaking rate; 16 when left out, at most 500 (ten characters a frame). */
  readonly charsPerSecond?: number;
  /** Real µ-law speech to write the bits over, instead of tones; the text is spread over its length. */
  readonly carrier?: Uint8Array;
}

export const CHARS_PER_SECOND = 16;
export const FRAMES_MAX = 0x10000;
const TONE_SAMPLES = 8000;
const TONE_AMPLITUDE = 6000;
const SYLLABLES_PER_SECOND = 5;
const PITCH_HZ: Record<Speaker, number> = { caller: 180, assistant: 220, staff: 130, line: 260 };

const tones = new Map<Speaker, Uint8Array>();

/** One second of a hum with a syllable's envelope; every part has a whole number of periods, so it loops. */
function toneOf(speaker: Speaker): Uint8Array {
  const known = tones.get(speaker);
  if (known !== undefined) return known;
  const tone = new Uint8Array(TONE_SAMPLES);
  const step = (2 * Math.PI * PITCH_HZ[speaker]) / TONE_SAMPLES;
  for (let at = 0; at < TONE_SAMPLES; at += 1) {
    const envelope = 0.55 - 0.45 * Math.cos((2 * Math.PI * SYLLABLES_PER_SECOND * at) / TONE_SAMPLES);
    const voice = Math.sin(step * at) + 0.5 * Math.sin(2 * step * at) + 0.3 * Math.sin(5 * step * at);
    tone[at] = encodeSample(TONE_AMPLITUDE * envelope * voice);
  }
  tones.set(speaker, tone);
  return tone;
}

function spreadText(points: readonly Uint8Array[], pointsPerFrame: number): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let next = 0;
  while (next < points.length || frames.length === 0) {
    const due = Math.floor((frames.length + 1) * pointsPerFrame + 1e-9);
    const bytes: number[] = [];
    while (next < points.length && next < due && bytes.length + points[next]!.length <= TEXT_BYTES_MAX) {
      bytes.push(...points[next]!);
      next += 1;
    }
    frames.push(Uint8Array.from(bytes));
  }
  return frames;
}

/**
 * Speaks `text`: 160-byte µ-law frames of 20 ms, each carrying the words that belong to it; the last one is marked.
 * Throws RangeError when the text needs more than 65,536 frames (21 minutes).
 */
export function encodeUtterance(text: string, options: UtteranceOptions): Uint8Array[] {
  const points = utf8Points(text);
  const carried = options.carrier === undefined ? 0 : Math.ceil(options.carrier.length / FRAME_BYTES);
  const ownRate = carried > 0 ? Math.max((points.length * FRAMES_PER_SECOND) / carried, 0.01) : CHARS_PER_SECOND;
  const rate = Math.min(options.charsPerSecond ?? ownRate, FRAMES_PER_SECOND * TEXT_BYTES_MAX);
  if (!(rate > 0)) throw new RangeError(`charsPerSecond must be above 0, not ${rate}`);
  const texts = spreadText(points, rate / FRAMES_PER_SECOND);
  const count = Math.max(texts.length, carried);
  if (count > FRAMES_MAX) throw new RangeError(`${count} frames are more than an utterance of ${FRAMES_MAX} holds`);
  const none = new Uint8Array(0);
  const frames: Uint8Array[] = [];
  for (let frame = 0; frame < count; frame += 1) {
    const samples = carrierFrame(options, frame);
    const head = {
      utterance: options.utterance & 0xffff,
      frame,
      speaker: options.speaker,
      generation: options.generation ?? 0,
      last: frame === count - 1,
    };
    writeFrame(samples, 0, head, texts[frame] ?? none);
    frames.push(samples);
  }
  return frames;
}

function carrierFrame(options: UtteranceOptions, frame: number): Uint8Array {
  const at = frame * FRAME_BYTES;
  if (options.carrier === undefined) {
    const from = at % TONE_SAMPLES;
    return toneOf(options.speaker).slice(from, from + FRAME_BYTES);
  }
  const samples = new Uint8Array(FRAME_BYTES).fill(SILENCE_BYTE);
  samples.set(options.carrier.subarray(at, at + FRAME_BYTES));
  return samples;
}
