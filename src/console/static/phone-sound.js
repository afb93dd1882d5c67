/** The telephone's sound, for the page, its worklet and their tests: nothing of a browser, nothing of Node. */

export const LINE_RATE = 8000;
/** 20 ms. */
export const FRAME_SAMPLES = 160;
export const SILENCE_BYTE = 0xff;

const BIAS = 0x84;
const CLIP = 32635;
const FULL_SCALE = 32768;
/** Half the filter's length, in samples of the slower side. */
const HALF_SAMPLES = 24;
const KAISER_BETA = 8;
/** The band of a telephone. */
const CUTOFF_HZ = 3700;
/** So many filters between two samples; what lies between is taken as the nearest. */
const PHASES = 256;

/** One µ-law byte (G.711) of a sample from -1 to 1. */
export function encodeMulaw(sample) {
  const level = Math.round(Math.max(-1, Math.min(1, sample)) * (FULL_SCALE - 1));
  const magnitude = Math.min(Math.abs(level), CLIP) + BIAS;
  const exponent = 24 - Math.clz32(magnitude);
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~((level < 0 ? 0x80 : 0) | (exponent << 4) | mantissa) & 0xff;
}

const decoded = Float32Array.from({ length: 256 }, (_, byte) => {
  const bits = ~byte & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + BIAS) << ((bits >> 4) & 7)) - BIAS;
  return ((bits & 0x80) === 0 ? magnitude : -magnitude) / FULL_SCALE;
});

/** A sample from -1 to 1. */
export function decodeMulaw(byte) {
  return decoded[byte];
}

/** Root of the mean square, 1 for full scale. */
export function levelOf(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / Math.max(1, samples.length));
}

/** The modified Bessel function of the first kind and order zero. */
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * Number.EPSILON; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/**
 * Another rate, piece by piece: a windowed sinc that lets pass what both sides and a telephone can carry, so that nothing
 * folds back where the rate falls and nothing is mirrored where it rises.
 */
export class Resampler {
  #step;
  #half;
  #filters;
  #past;
  /** Where the next sample stands, in samples of the input, from the first of `#past`. */
  #at;

  constructor(from, to) {
    this.#step = from / to;
    this.#half = Math.ceil((HALF_SAMPLES * from) / Math.min(from, to));
    this.#filters = filtersOf(from, to, this.#half);
    // The first sample has silence before it.
    this.#past = new Float32Array(2 * this.#half);
    this.#at = this.#half;
  }

  /** What `samples` make together with those before them; the filter holds some back. */
  push(samples) {
    const half = this.#half;
    const all = new Float32Array(this.#past.length + samples.length);
    all.set(this.#past);
    all.set(samples, this.#past.length);
    const count = Math.max(0, Math.floor((all.length - half - 1 - this.#at) / this.#step) + 1);
    const made = new Float32Array(count);
    for (let index = 0; index < count; index += 1) {
      made[index] = this.#sample(all, this.#at);
      this.#at += this.#step;
    }
    const done = Math.max(0, Math.min(Math.floor(this.#at) - half, all.length));
    this.#past = all.slice(done);
    this.#at -= done;
    return made;
  }

  /** What it holds back is not to come any more. */
  forget() {
    this.#past.fill(0);
  }

  #sample(all, at) {
    const whole = Math.floor(at);
    const phase = Math.min(PHASES - 1, Math.floor((at - whole) * PHASES));
    const filter = this.#filters[phase];
    const from = whole - this.#half + 1;
    let sum = 0;
    for (let tap = 0; tap < filter.length; tap += 1) sum += filter[tap] * (all[from + tap] ?? 0);
    return sum;
  }
}

/** By phase: the weights of the samples from `half - 1` before a place to `half` after it; each lets constants through as they are. */
function filtersOf(from, to, half) {
  const cutoff = Math.min(CUTOFF_HZ, from / 2, to / 2) / from;
  return Array.from({ length: PHASES }, (_, phase) => {
    const filter = Float32Array.from({ length: 2 * half }, (_unused, tap) => {
      const x = tap - half + 1 - phase / PHASES;
      const window = bessel(KAISER_BETA * Math.sqrt(Math.max(0, 1 - (x / half) ** 2))) / bessel(KAISER_BETA);
      return 2 * cutoff * sinc(2 * cutoff * x) * window;
    });
    const sum = filter.reduce((total, weight) => total + weight, 0);
    return filter.map((weight) => weight / sum);
  });
}

/**
 * The carrier's playout buffer: sounds play in order at the line's rate, a mark is reached when all before it was played,
 * `clear` drops what was not and reaches every mark that waits.
 */
export class Playout {
  #queue = [];
  #at = 0;
  #reached;
  #waiting = 0;

  /** `reached(mark, isCleared)`. */
  constructor(reached) {
    this.#reached = reached;
  }

  /** Samples that wait. */
  get waiting() {
    return this.#waiting;
  }

  push(mulaw) {
    if (mulaw.length === 0) return;
    this.#queue.push({ mulaw });
    this.#waiting += mulaw.length;
  }

  mark(name) {
    if (this.#queue.length === 0) this.#reached(name, false);
    else this.#queue.push({ name });
  }

  /** How many samples were dropped. */
  clear() {
    const dropped = this.#waiting;
    const queue = this.#queue;
    this.#queue = [];
    this.#at = 0;
    this.#waiting = 0;
    for (const { name } of queue) if (name !== undefined) this.#reached(name, true);
    return dropped;
  }

  /** Fills `into`, with silence where nothing waits; returns how many samples were sound. */
  pull(into) {
    let filled = 0;
    for (;;) {
      const first = this.#queue[0];
      // A mark behind the last of these samples is reached once they are out.
      if (first === undefined || filled === into.length) break;
      if (first.name !== undefined) {
        this.#queue.shift();
        this.#reached(first.name, false);
        continue;
      }
      const count = Math.min(into.length - filled, first.mulaw.length - this.#at);
      for (let index = 0; index < count; index += 1) into[filled + index] = decoded[first.mulaw[this.#at + index]];
      filled += count;
      this.#at += count;
      if (this.#at === first.mulaw.length) {
        this.#queue.shift();
        this.#at = 0;
      }
    }
    this.#waiting -= filled;
    into.fill(0, filled);
    return filled;
  }
}
