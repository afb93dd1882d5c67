import { FRAME_BYTES, LINE_RATE, SILENCE_BYTE, toMulaw } from './mulaw.ts';

/** What the speech interface gives as `pcm`: 16 bits, little endian, mono. */
export const SPEECH_RATE = 24_000;

const STEP = SPEECH_RATE / LINE_RATE;
/** Half the filter's length in samples of the line: the band ends at 3.8 kHz, what would fold back is 80 dB down. */
const HALF_SAMPLES = 40;
const KAISER_BETA = 8;
const FULL_SCALE = 32_768;
/** Level of the voice while it speaks, dB below full scale: about what the model's own voice has. */
const TARGET_DB = -20;
/** So near to it nobody hears the difference, and the samples stay as they are. */
const TOLERANCE_DB = 1;
const GAIN_DB_MAX = 20;
const PEAK_MAX = 0.9 * FULL_SCALE;
/** Quieter pieces are no speech. */
const SILENCE_DB = -50;
/** What is left of the silence around the words. */
const LEAD_SAMPLES = 2 * FRAME_BYTES;
const TAIL_SAMPLES = 5 * FRAME_BYTES;

const coefficients = filterCoefficients();

/**
 * Speech as the telephone takes it: filtered and resampled to 8 kHz, as loud as the model's voice, without the silence
 * around it, in µ-law and whole frames. Null where nothing is to be heard.
 */
export function toLineAudio(pcm: Uint8Array): Buffer | null {
  const line = resample(samplesOf(pcm));
  const powers = framePowers(line);
  const threshold = fromDb(SILENCE_DB) ** 2;
  const first = powers.findIndex((power) => power > threshold);
  if (first < 0) return null;
  const last = powers.findLastIndex((power) => power > threshold);
  const from = Math.max(0, first * FRAME_BYTES - LEAD_SAMPLES);
  const to = Math.min(line.length, (last + 1) * FRAME_BYTES + TAIL_SAMPLES);
  const spoken = line.slice(from, to);
  const gain = gainOf(
    powers.filter((power) => power > threshold),
    spoken,
  );
  if (gain !== 1) for (let at = 0; at < spoken.length; at += 1) spoken[at] = (spoken[at] ?? 0) * gain;
  const frames = Math.ceil(spoken.length / FRAME_BYTES);
  const bytes = Buffer.alloc(frames * FRAME_BYTES, SILENCE_BYTE);
  toMulaw(spoken).copy(bytes);
  return bytes;
}

function samplesOf(pcm: Uint8Array): Float64Array {
  const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  return Float64Array.from({ length: pcm.length >> 1 }, (_, at) => view.getInt16(at * 2, true));
}

/** Every third sample of the filtered sound. */
function resample(samples: Float64Array): Float64Array {
  const half = HALF_SAMPLES * STEP;
  const line = new Float64Array(Math.ceil(samples.length / STEP));
  for (let at = 0; at < line.length; at += 1) {
    const centre = at * STEP;
    const from = Math.max(0, centre - half);
    const to = Math.min(samples.length - 1, centre + half);
    let sum = 0;
    for (let index = from; index <= to; index += 1)
      sum += (samples[index] ?? 0) * (coefficients[index - centre + half] ?? 0);
    line[at] = sum;
  }
  return line;
}

/**
 * A windowed sinc that cuts at 4 kHz. Every third coefficient but the middle one is zero: what was 8 kHz before it was
 * made 24 kHz comes back as it was.
 */
function filterCoefficients(): Float64Array {
  const half = HALF_SAMPLES * STEP;
  return Float64Array.from({ length: 2 * half + 1 }, (_, at) => {
    const x = (at - half) / STEP;
    const window = bessel(KAISER_BETA * Math.sqrt(1 - ((at - half) / half) ** 2)) / bessel(KAISER_BETA);
    const isCrossing = x !== 0 && Number.isInteger(x);
    return isCrossing ? 0 : (window * sinc(x)) / STEP;
  });
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** The modified Bessel function of the first kind and order zero. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * Number.EPSILON; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** Mean square of each 20 ms, 1 for full scale. */
function framePowers(line: Float64Array): number[] {
  return Array.from({ length: Math.ceil(line.length / FRAME_BYTES) }, (_, frame) => {
    const samples = line.subarray(frame * FRAME_BYTES, (frame + 1) * FRAME_BYTES);
    return samples.reduce((sum, sample) => sum + (sample / FULL_SCALE) ** 2, 0) / samples.length;
  });
}

function gainOf(powers: readonly number[], samples: Float64Array): number {
  const mean = powers.reduce((sum, power) => sum + power, 0) / powers.length;
  const wantedDb = TARGET_DB - 10 * Math.log10(mean);
  if (Math.abs(wantedDb) <= TOLERANCE_DB) return 1;
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1);
  return Math.min(fromDb(Math.min(wantedDb, GAIN_DB_MAX)), PEAK_MAX / peak);
}

function fromDb(db: number): number {
  return 10 ** (db / 20);
}
