import { expect, test } from 'vitest';
import { MULAW_TO_PCM } from '../../sim/voice/index.ts';

interface SoundModule {
  encodeMulaw(sample: number): number;
  decodeMulaw(byte: number): number;
  Resampler: new (from: number, to: number) => { push(samples: Float32Array): Float32Array };
  Playout: new (reached: (mark: unknown, isCleared: boolean) => void) => {
    waiting: number;
    push(mulaw: Uint8Array): void;
    mark(mark: unknown): void;
    clear(): number;
    pull(into: Float32Array): number;
  };
}

/** The browser's own files, run as they are served. */
const STATIC = new URL('../static/', import.meta.url);
const { encodeMulaw, decodeMulaw, Resampler, Playout } = (await import(
  new URL('phone-sound.js', STATIC).href
)) as SoundModule;
const { TurnClock } = (await import(new URL('phone-turns.js', STATIC).href)) as {
  TurnClock: new () => { push(frame: { isVoiced: boolean; isHeard: boolean; atMs: number }): number | null };
};

const FULL_SCALE = 32_768;
const BLOCK = 128;

/** A tone of full scale through the filter, in the blocks of a sound card. */
function through(hz: number, from: number, to: number): Float32Array {
  const resampler = new Resampler(from, to);
  const tone = Float32Array.from({ length: from }, (_, at) => Math.sin((2 * Math.PI * hz * at) / from));
  const pieces: number[] = [];
  for (let at = 0; at + BLOCK <= tone.length; at += BLOCK) pieces.push(...resampler.push(tone.slice(at, at + BLOCK)));
  // What swings in and out at the ends is not the filter's level.
  return Float32Array.from(pieces.slice(to / 10, -to / 10));
}

function dbOf(samples: Float32Array): number {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return 10 * Math.log10(2 * power + 1e-12);
}

/** Level of one tone among others, dB below full scale. */
function toneDb(samples: Float32Array, hz: number, rate: number): number {
  let [re, im] = [0, 0];
  samples.forEach((sample, at) => {
    re += sample * Math.cos((2 * Math.PI * hz * at) / rate);
    im += sample * Math.sin((2 * Math.PI * hz * at) / rate);
  });
  return 20 * Math.log10((2 * Math.hypot(re, im)) / samples.length + 1e-12);
}

test('µ-law is that of the line: every byte both ways', () => {
  for (let byte = 0; byte < 256; byte += 1) {
    const sample = MULAW_TO_PCM[byte] ?? 0;
    expect(decodeMulaw(byte) * FULL_SCALE).toBeCloseTo(sample, 6);
    // Minus nought is the one byte that nothing becomes.
    if (byte !== 0x7f) expect(encodeMulaw(sample / FULL_SCALE)).toBe(byte);
  }
  expect(encodeMulaw(0)).toBe(0xff);
  expect([encodeMulaw(2), encodeMulaw(-2)]).toEqual([0x80, 0x00]);
});

test.each([48_000, 44_100, 16_000])(
  '%i Hz to 8 kHz: the band of a telephone passes, what would fold back does not',
  (rate) => {
    for (const hz of [200, 1_000, 2_000, 3_200]) expect(Math.abs(dbOf(through(hz, rate, 8_000)))).toBeLessThan(0.2);
    for (const hz of [4_600, 5_000, 6_500, 7_900]) expect(dbOf(through(hz, rate, 8_000))).toBeLessThan(-60);
  },
);

test.each([48_000, 44_100])('8 kHz to %i Hz: the tone is there, its mirror is not', (rate) => {
  const made = through(1_000, 8_000, rate);
  expect(Math.abs(toneDb(made, 1_000, rate))).toBeLessThan(0.2);
  expect(toneDb(made, 7_000, rate)).toBeLessThan(-60);
});

test('there are as many samples as time has passed, however they come', () => {
  const resampler = new Resampler(44_100, 8_000);
  let made = 0;
  for (let at = 0; at < 44_100 * 10; at += 441) made += resampler.push(new Float32Array(441)).length;
  expect(Math.abs(made - 80_000)).toBeLessThan(60);
});

test('the playout plays in order, reaches a mark when all before it was played, and at once where nothing waits', () => {
  const reached: [unknown, boolean][] = [];
  const playout = new Playout((mark, isCleared) => reached.push([mark, isCleared]));
  playout.mark('at once');
  playout.push(new Uint8Array(100).fill(0x80));
  playout.mark('first');
  playout.push(new Uint8Array(100).fill(0x00));
  playout.mark('second');
  const into = new Float32Array(160);
  expect([playout.pull(into), playout.waiting]).toEqual([160, 40]);
  expect(into.every((sample, at) => (at < 100 ? sample > 0.9 : sample < -0.9))).toBe(true);
  expect(reached).toEqual([
    ['at once', false],
    ['first', false],
  ]);
  expect([playout.pull(into), playout.waiting]).toEqual([40, 0]);
  expect(into.slice(40).every((sample) => sample === 0)).toBe(true);
  expect(reached.at(-1)).toEqual(['second', false]);
});

test('clear drops what was not played and reaches every mark that waits', () => {
  const reached: [unknown, boolean][] = [];
  const playout = new Playout((mark, isCleared) => reached.push([mark, isCleared]));
  playout.push(new Uint8Array(1_000));
  playout.mark('a');
  playout.push(new Uint8Array(1_000));
  playout.mark('b');
  playout.pull(new Float32Array(160));
  expect(playout.clear()).toBe(1_840);
  expect(reached).toEqual([
    ['a', true],
    ['b', true],
  ]);
  expect(playout.pull(new Float32Array(160))).toBe(0);
  playout.push(new Uint8Array(10));
  expect(playout.waiting).toBe(10);
});

/** `v`: the caller, `a`: Aida, `b`: both, `.`: nobody; 100 ms each. */
function silences(story: string): number[] {
  const clock = new TurnClock();
  const found: number[] = [];
  story.split('').forEach((what, at) => {
    for (let frame = 0; frame < 5; frame += 1) {
      const [isVoiced, isHeard] = [what === 'v' || what === 'b', what === 'a' || what === 'b'];
      const silence = clock.push({ isVoiced, isHeard, atMs: at * 100 + frame * 20 });
      if (silence !== null) found.push(silence);
    }
  });
  return found;
}

test('silence is from the last sound of the caller to the first one of the answer', () => {
  expect(silences('.....aaaa...vvvv.......aaaa')).toEqual([700]);
  // A greeting is no answer; a pause in a sentence is not its end; an answer is measured once.
  expect(silences('...aaa...vvv....vvv.....aaa.....aaa')).toEqual([500]);
  // The caller interrupts: what still plays is not the answer.
  expect(silences('.....aaaabbbvv....aaa')).toEqual([400]);
});

test('a cough is nobody’s turn', () => {
  const clock = new TurnClock();
  const frame = (isVoiced: boolean, isHeard: boolean, atMs: number) => clock.push({ isVoiced, isHeard, atMs });
  for (let at = 0; at < 30; at += 1) expect(frame(at >= 10 && at < 14, false, at * 20)).toBeNull();
  expect(frame(false, true, 600)).toBeNull();
});
