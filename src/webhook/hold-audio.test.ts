import { expect, it } from 'vitest';
import { wavOf } from '../services/mulaw.ts';
import { energy, isSilence, readWav } from '../sim/voice/index.ts';
import { createHoldAudio } from './hold-audio.ts';

const RATE = 8_000;
const EDGE = 40;
const audio = createHoldAudio();
const sound = audio.sound.ulaw;

it('is quiet, and every second of it begins and ends in silence', () => {
  expect(sound.length).toBe(24 * RATE);
  for (let second = 0; second < 24; second += 1) {
    const [from, to] = [second * RATE, (second + 1) * RATE];
    expect(isSilence(sound.subarray(from, from + EDGE / 8))).toBe(true);
    expect(isSilence(sound.subarray(to - EDGE, to))).toBe(true);
    expect(energy(sound, from, to)).toBeGreaterThan(0.003);
    expect(energy(sound, from, from + 800)).toBeLessThan(0.1);
  }
});

it('comes in pieces of each whole second, all of one sound', () => {
  for (let seconds = 1; seconds <= 24; seconds += 1)
    expect(audio.lasting(seconds * 1000 + 999)).toEqual({ hash: audio.sound.hash, seconds });
  expect([audio.lasting(60_000)?.seconds, audio.lasting(999), audio.lasting(0)]).toEqual([24, null, null]);
});

it('is the same on every node', () => {
  expect(createHoldAudio().sound).toEqual(audio.sound);
});

it('is a WAV file of 8 kHz mono µ-law as its header says', () => {
  const file = wavOf(sound.subarray(0, RATE));
  expect(file.length).toBe(58 + RATE);
  expect([file.toString('latin1', 0, 4), file.readUInt32LE(4), file.toString('latin1', 8, 16)]).toEqual([
    'RIFF',
    file.length - 8,
    'WAVEfmt ',
  ]);
  expect([20, 22, 32, 34].map((at) => file.readUInt16LE(at))).toEqual([7, 1, 1, 8]);
  expect([24, 28].map((at) => file.readUInt32LE(at))).toEqual([RATE, RATE]);
  expect([file.toString('latin1', 38, 42), file.readUInt32LE(46)]).toEqual(['fact', RATE]);
  expect([file.toString('latin1', 50, 54), file.readUInt32LE(54)]).toEqual(['data', RATE]);
  expect(Buffer.compare(readWav(file), sound.subarray(0, RATE))).toBe(0);
});
