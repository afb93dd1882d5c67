import { encodeSample } from '../sim/voice/index.ts';

/** Sound before it is µ-law, full scale 32,768, 8 samples a millisecond. */
export type Sound = Float64Array;

const samplesPerMs = 8;
const fullScale = 32_768;

/** Root mean square of so many dB below full scale. */
function rms(db: number): number {
  return fullScale * 10 ** (db / 20);
}

function sound(ms: number, sample: (at: number) => number): Sound {
  return Float64Array.from({ length: ms * samplesPerMs }, (_, at) => sample(at));
}

export function quiet(ms: number): Sound {
  return sound(ms, () => 0);
}

/** Hiss, the same with the same seed. */
export function hiss(db: number, ms: number, seed = 1): Sound {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  // The sum of three is nearly normal, its mean square is one.
  return sound(ms, () => rms(db) * (random() + random() + random()));
}

/** Vowels of 200 ms with dips between them; rises from `fromDb` to `db` in its first `riseMs`. */
export function speech(db: number, ms: number, riseMs = 0, fromDb = -70): Sound {
  const step = (2 * Math.PI * 140) / 8000;
  return sound(ms, (at) => {
    const risen = riseMs === 0 ? 1 : Math.min(1, at / samplesPerMs / riseMs);
    const syllable = 0.65 - 0.35 * Math.cos((2 * Math.PI * at) / samplesPerMs / 200);
    const voice = Math.sin(step * at) + 0.6 * Math.sin(3 * step * at) + 0.4 * Math.sin(7 * step * at);
    return rms(fromDb + (db - fromDb) * risen) * syllable * voice * 1.6;
  });
}

/** Three chords a second that swell and fade. */
export function music(db: number, ms: number): Sound {
  const chords = [220, 294, 330, 247];
  return sound(ms, (at) => {
    const root = chords[Math.floor(at / samplesPerMs / 333) % chords.length] ?? 220;
    const step = (2 * Math.PI * root) / 8000;
    const swell = 0.7 + 0.3 * Math.sin((2 * Math.PI * at) / samplesPerMs / 2700);
    return rms(db) * swell * (Math.sin(step * at) + Math.sin(1.26 * step * at) + Math.sin(1.5 * step * at)) * 0.8;
  });
}

/** Something of 3 ms that is as loud as can be, at the beginning. */
export function click(ms: number): Sound {
  return sound(ms, (at) => (at < 3 * samplesPerMs ? (at % 2 === 0 ? 30_000 : -30_000) : 0));
}

export function after(...sounds: Sound[]): Sound {
  const all = new Float64Array(sounds.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const one of sounds) {
    all.set(one, at);
    at += one.length;
  }
  return all;
}

export function over(one: Sound, other: Sound): Sound {
  return one.map((sample, at) => sample + (other[at] ?? 0));
}

/** µ-law, where a sample of 0 is what the carrier sends for silence. */
export function mulaw(samples: Sound): Uint8Array {
  return Uint8Array.from(samples, (sample) => encodeSample(Math.round(sample)));
}
