import { LINE_RATE, toMulaw } from '../services/mulaw.ts';
import { soundOf, type OwnSound } from '../services/prepared-lines.ts';

/** The beginning of the music, in whole seconds. */
export interface HoldPiece {
  hash: string;
  seconds: number;
}

export interface HoldAudio {
  /** All of it: the same bytes on every node of this release. */
  sound: OwnSound;
  /** The longest piece that lasts no longer, null if none is so short. */
  lasting(ms: number): HoldPiece | null;
}

/** The longest piece. */
const SECONDS_MAX = 24;

const FULL_SCALE = 32_767;
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
 * Hold music that nobody has to pay for. Every second of it begins and ends in silence, so that pieces of any length
 * follow each other without a seam.
 */
export function createHoldAudio(): HoldAudio {
  const sound = { key: 'holdMusic', ...soundOf(toMulaw(renderLine(SECONDS_MAX))) };
  return {
    sound,
    lasting(ms) {
      const seconds = Math.min(Math.floor(ms / 1000), SECONDS_MAX);
      return seconds < 1 ? null : { hash: sound.hash, seconds };
    },
  };
}

function renderLine(seconds: number): Float64Array {
  const notes = NOTES.map(renderNote);
  const line = new Float64Array(seconds * LINE_RATE);
  for (let second = 0; second < seconds; second += 1) {
    const note = notes[second % notes.length];
    if (note) line.set(note, second * LINE_RATE);
  }
  return line;
}

/** One second, from silence to silence. */
function renderNote(hertz: number): Float64Array {
  return Float64Array.from({ length: LINE_RATE }, (_, index) => {
    const at = index / LINE_RATE;
    const envelope = ramp(at / ATTACK_S) * ramp((1 - at) / RELEASE_S);
    let sample = 0;
    for (const { ratio, share, fades } of OVERTONES)
      sample += share * Math.exp(-DECAY_PER_S * fades * at) * Math.sin(2 * Math.PI * hertz * ratio * at);
    return FULL_SCALE * LOUDNESS * envelope * sample;
  });
}

/** 0 to 1 without a corner. */
function ramp(x: number): number {
  return x >= 1 ? 1 : 0.5 - 0.5 * Math.cos(Math.PI * Math.max(0, x));
}
