import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readWav } from '../sim/voice/index.ts';
import { audioPath } from './audio.ts';
import { type Carrier, startCarrier } from './carrier.fixture.ts';
import { createHoldAudio } from './hold-audio.ts';
import { soundsOf } from './lines.fixture.ts';

const LINE = 'Thank you for calling. Goodbye.';
const music = createHoldAudio();
const sounds = soundsOf([LINE]);
let carrier: Carrier;
beforeAll(async () => {
  carrier = await startCarrier({ sounds });
});
afterAll(() => carrier.close());

it('a sound is served by the hash of its file, unsigned and for good', async () => {
  const hash = sounds.hashOf(LINE);
  const response = await fetch(carrier.origin + audioPath(hash));
  const body = new Uint8Array(await response.arrayBuffer());
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'audio/wav']);
  expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(createHash('sha256').update(body).digest('hex')).toBe(hash);
});

it('of the music the first seconds are served, each length under a tag of its own', async () => {
  const url = `${carrier.origin}${audioPath(music.sound.hash, 3)}`;
  const response = await fetch(url);
  const body = new Uint8Array(await response.arrayBuffer());
  expect(readWav(body)).toEqual(new Uint8Array(music.sound.ulaw.subarray(0, 3 * 8_000)));
  const head = await fetch(url, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length'), (await head.arrayBuffer()).byteLength]).toEqual([
    200,
    String(body.length),
    0,
  ]);
  const etag = response.headers.get('etag') ?? '';
  expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(304);
  const longer = `${carrier.origin}${audioPath(music.sound.hash, 4)}`;
  expect((await fetch(longer, { headers: { 'if-none-match': etag } })).status).toBe(200);
});

it('nothing else is', async () => {
  const { hash } = music.sound;
  const paths = [
    '',
    '0'.repeat(64),
    '..%2f',
    `${hash}/x`,
    `${hash}?s=0`,
    `${hash}?s=-1`,
    `${hash}?s=1e3`,
    `${hash}?t=1`,
  ];
  for (const path of paths) expect((await fetch(`${carrier.origin}/audio/${path}`)).status).toBe(404);
  expect((await fetch(carrier.origin + audioPath(hash), { method: 'POST', body: '' })).status).toBe(405);
});
