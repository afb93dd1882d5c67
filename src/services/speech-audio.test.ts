import { expect, test } from 'vitest';
import { mulawToPcm } from '../sim/voice/index.ts';
import { SPEECH_RATE, toLineAudio } from './speech-audio.ts';

/** Seconds of a tone, silence before and after it; amplitudes as shares of full scale. */
function tone(hertz: number, { amplitude = 0.2, seconds = 0.5, beforeS = 0, afterS = 0 } = {}): Buffer {
  const bytes = Buffer.alloc(Math.round((seconds + beforeS + afterS) * SPEECH_RATE) * 2);
  const from = Math.round(beforeS * SPEECH_RATE);
  for (let at = 0; at < seconds * SPEECH_RATE; at += 1) {
    const sample = amplitude * Math.sin((2 * Math.PI * hertz * at) / SPEECH_RATE);
    bytes.writeInt16LE(Math.round(sample * 32_767), (from + at) * 2);
  }
  return bytes;
}

/** dB below full scale, of the middle. */
function levelOf(ulaw: Buffer): number {
  const samples = mulawToPcm(ulaw.subarray(800, ulaw.length - 1_200));
  const power = samples.reduce((sum, sample) => sum + (sample / 32_768) ** 2, 0) / samples.length;
  return 10 * Math.log10(power);
}

function joined(...parts: Buffer[]): Buffer {
  return Buffer.concat(parts);
}

test.each([0.02, 0.1, 0.5, 0.9])('a voice of %d of full scale comes out at the level of the others', (amplitude) => {
  const ulaw = toLineAudio(tone(440, { amplitude }));
  expect(ulaw && levelOf(ulaw)).toBeCloseTo(-20, 0);
});

test('whispering is not blown up into noise, and no peak is clipped', () => {
  const quiet = toLineAudio(tone(440, { amplitude: 0.007 }));
  expect(quiet && levelOf(quiet)).toBeLessThan(-25);
  // A click sets the peak: the words stay below what it leaves.
  const click = tone(440, { amplitude: 0.05 });
  click.writeInt16LE(32_767, 6_000 * 2);
  const loudest = mulawToPcm(toLineAudio(click) ?? Buffer.alloc(0)).reduce((most, each) => Math.max(most, each), 0);
  expect(loudest).toBeLessThan(0.95 * 32_768);
});

/** What is not this tone, dB below the whole. */
function impurity(ulaw: Buffer, hertz: number): number {
  const samples = mulawToPcm(ulaw.subarray(800, 800 + 1_600));
  let [power, sine, cosine] = [0, 0, 0];
  samples.forEach((sample, at) => {
    power += sample ** 2;
    sine += sample * Math.sin((2 * Math.PI * hertz * at) / 8_000);
    cosine += sample * Math.cos((2 * Math.PI * hertz * at) / 8_000);
  });
  const tonePower = (2 * (sine ** 2 + cosine ** 2)) / samples.length;
  return 10 * Math.log10((power - tonePower) / power);
}

test('what the telephone cannot carry is filtered out and does not fold back', () => {
  const wanted = tone(1_000, { amplitude: 0.15 });
  // The noise of µ-law itself.
  expect(impurity(toLineAudio(wanted) ?? Buffer.alloc(0), 1_000)).toBeLessThan(-35);
  for (const hertz of [4_400, 5_000, 6_500, 7_000, 9_000, 11_500]) {
    const high = tone(hertz, { amplitude: 0.5 });
    const mixed = Buffer.alloc(wanted.length);
    for (let at = 0; at < mixed.length; at += 2) mixed.writeInt16LE(wanted.readInt16LE(at) + high.readInt16LE(at), at);
    expect([hertz, impurity(toLineAudio(mixed) ?? Buffer.alloc(0), 1_000)]).toSatisfy(
      ([, decibels]: [number, number]) => decibels < -33,
    );
  }
});

test('speech up to 3.7 kHz keeps its level', () => {
  const low = tone(300, { amplitude: 0.15 });
  for (const hertz of [300, 1_000, 2_500, 3_400, 3_700]) {
    const both = toLineAudio(joined(low, tone(hertz, { amplitude: 0.15 }))) ?? Buffer.alloc(0);
    const half = both.length / 2;
    expect(levelOf(both.subarray(half)) - levelOf(both.subarray(0, half))).toBeCloseTo(0, 0);
  }
});

test('silence around the words is cut down to a breath, in whole frames', () => {
  const ulaw = toLineAudio(tone(440, { seconds: 1, beforeS: 0.8, afterS: 1.5 })) ?? Buffer.alloc(0);
  expect(ulaw.length % 160).toBe(0);
  // 40 ms before and 100 ms after, to the frame.
  expect(ulaw.length / 8).toBeGreaterThanOrEqual(1_120);
  expect(ulaw.length / 8).toBeLessThanOrEqual(1_180);
});

test('a sound in which nothing is to be heard is none', () => {
  expect([toLineAudio(Buffer.alloc(48_000)), toLineAudio(Buffer.alloc(0)), toLineAudio(Buffer.alloc(1))]).toEqual([
    null,
    null,
    null,
  ]);
});
