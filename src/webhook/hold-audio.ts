import { createHash } from 'node:crypto';

/** A prepared sound as the carrier fetches it: a WAV file of 8 kHz mono µ-law. */
export interface Sound {
  /** SHA-256 of the file, hexadecimal. */
  hash: string;
  seconds: number;
  file: Uint8Array;
}

export interface HoldAudio {
  /** The longest piece that lasts no longer, null if none is so short. */
  lasting(ms: number): Sound | null;
  find(hash: string): Sound | undefined;
}

/** The longest piece; there is one of each whole second up to it. */
const SECONDS_MAX = 24;

const RATE = 8_000;
/** Share of full scale: a caller who waits hears a voice over it, and is not tired by it. */
const LOUDNESS = 0.09;
const ATTACK_S = 0.015;
const RELEASE_S = 0.12;
const DECAY_PER_S = 3.6;
/** A pentatonic line, Hz, a note a second. None ends where another would have to follow: it may stop after any. */
const NOTES = [523.25, 659.25, 783.99, 659.25, 880, 783.99, 587.33, 659.25];
/** Overtones of a struck bar: ratio, share of the first, how much faster it fades. */
const OVERTONES = [
  { ratio: 1, share: 1, fades: 1 },
  { ratio: 2, share: 0.24, fades: 2 },
  { ratio: 3.93, share: 0.08, fades: 4 },
];

/**
 * The pieces of hold music, by hash and by length: each is the beginning of one line, every second of it begins and
 * ends in silence, so that pieces of any length follow each other without a seam. The same bytes on every node.
 */
export function createHoldAudio(): HoldAudio {
  const line = toMulaw(renderLine(SECONDS_MAX));
  const pieces = Array.from({ length: SECONDS_MAX }, (_, index) => soundOf(line.subarray(0, (index + 1) * RATE)));
  const byHash = new Map(pieces.map((sound) => [sound.hash, sound]));
  return {
    lasting: (ms) => pieces[Math.min(Math.floor(ms / 1000), SECONDS_MAX) - 1] ?? null,
    find: (hash) => byHash.get(hash),
  };
}

function renderLine(seconds: number): Float64Array {
  const notes = NOTES.map(renderNote);
  const line = new Float64Array(seconds * RATE);
  for (let second = 0; second < seconds; second += 1) {
    const note = notes[second % notes.length];
    if (note) line.set(note, second * RATE);
  }
  return line;
}

/** One second, from silence to silence. */
function renderNote(hertz: number): Float64Array {
  return Float64Array.from({ length: RATE }, (_, index) => {
    const at = index / RATE;
    const envelope = ramp(at / ATTACK_S) * ramp((1 - at) / RELEASE_S);
    let sample = 0;
    for (const { ratio, share, fades } of OVERTONES)
      sample += share * Math.exp(-DECAY_PER_S * fades * at) * Math.sin(2 * Math.PI * hertz * ratio * at);
    return LOUDNESS * envelope * sample;
  });
}

/** 0 to 1 without a corner. */
function ramp(x: number): number {
  return x >= 1 ? 1 : 0.5 - 0.5 * Math.cos(Math.PI * Math.max(0, x));
}

const MULAW_BIAS = 0x84;
const MULAW_CLIP = 32_635;

/** G.711 of samples from -1 to 1. */
function toMulaw(samples: Float64Array): Uint8Array {
  return Uint8Array.from(samples, (sample) => {
    const level = Math.trunc(sample * 32_767);
    const magnitude = Math.min(Math.abs(level), MULAW_CLIP) + MULAW_BIAS;
    const exponent = 24 - Math.clz32(magnitude);
    const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    return ~((level < 0 ? 0x80 : 0) | (exponent << 4) | mantissa) & 0xff;
  });
}

const FORMAT_MULAW = 7;
const HEADER_BYTES = 58;

/** Formats other than PCM have an extension, here empty, and say how many samples there are. */
function soundOf(mulaw: Uint8Array): Sound {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(HEADER_BYTES - 8 + mulaw.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(18, 16);
  header.writeUInt16LE(FORMAT_MULAW, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write('fact', 38, 'latin1');
  header.writeUInt32LE(4, 42);
  header.writeUInt32LE(mulaw.length, 46);
  header.write('data', 50, 'latin1');
  header.writeUInt32LE(mulaw.length, 54);
  const file = Buffer.concat([header, mulaw]);
  return { hash: createHash('sha256').update(file).digest('hex'), seconds: mulaw.length / RATE, file };
}
