import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { energy, isSilence, readWav } from '../sim/voice/index.ts';
import { startCarrier } from './carrier.fixture.ts';
import { audioPath } from './audio.ts';
import { createHoldAudio } from './hold-audio.ts';

const RATE = 8_000;
const EDGE = 40;
const audio = createHoldAudio();
const longest = audio.lasting(60_000);
const sound = readWav(longest?.file ?? new Uint8Array());

it('is quiet, and every second of it begins and ends in silence', () => {
  expect(longest?.seconds).toBe(24);
  expect(sound.length).toBe(24 * RATE);
  for (let second = 0; second < 24; second += 1) {
    const [from, to] = [second * RATE, (second + 1) * RATE];
    expect(isSilence(sound.subarray(from, from + EDGE / 8))).toBe(true);
    expect(isSilence(sound.subarray(to - EDGE, to))).toBe(true);
    expect(energy(sound, from, to)).toBeGreaterThan(0.003);
    expect(energy(sound, from, from + 800)).toBeLessThan(0.1);
  }
});

it('comes in pieces of each whole second, each the beginning of one line', () => {
  for (let seconds = 1; seconds <= 24; seconds += 1) {
    const piece = audio.lasting(seconds * 1000 + 999);
    expect(piece?.seconds).toBe(seconds);
    expect(readWav(piece?.file ?? new Uint8Array())).toEqual(sound.subarray(0, seconds * RATE));
    expect(piece && audio.find(piece.hash)).toBe(piece);
  }
  expect([audio.lasting(999), audio.lasting(0), audio.find('')]).toEqual([null, null, undefined]);
});

it('is the same on every node', () => {
  expect(createHoldAudio().lasting(24_000)?.hash).toBe(longest?.hash);
});

it('is a WAV file of 8 kHz mono µ-law as its header says', () => {
  const file = Buffer.from(audio.lasting(1_000)?.file ?? []);
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
});

it('is served by its hash, unsigned and for good, and nothing else is', async () => {
  const carrier = await startCarrier();
  try {
    const piece = audio.lasting(3_000);
    if (!piece) throw new Error('no piece');
    const url = `${carrier.origin}${audioPath(piece)}`;
    const response = await fetch(url);
    const body = new Uint8Array(await response.arrayBuffer());
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'audio/wav']);
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(createHash('sha256').update(body).digest('hex')).toBe(piece.hash);
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), (await head.arrayBuffer()).byteLength]).toEqual([
      200,
      String(body.length),
      0,
    ]);
    const known = await fetch(url, { headers: { 'if-none-match': response.headers.get('etag') ?? '' } });
    expect(known.status).toBe(304);
    for (const path of ['/audio/', `/audio/${'0'.repeat(64)}`, '/audio/..%2f', `/audio/${piece.hash}/x`])
      expect((await fetch(carrier.origin + path)).status).toBe(404);
    expect((await fetch(url, { method: 'POST', body: '' })).status).toBe(405);
  } finally {
    await carrier.close();
  }
});
