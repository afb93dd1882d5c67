import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { sign } from '../webhook/signature.ts';
import { ServiceDoor } from './service-door.ts';

const settings = {
  publicUrl: 'https://aida.example.com',
  mediaUrl: 'wss://aida.example.com/1/media-stream',
  authToken: 'a-token',
};
const ELSEWHERE = 'wss://other.example.com/2/media-stream';
const places = (own: string | null, url: string, publicUrl = settings.publicUrl): string[] =>
  new ServiceDoor({ ...settings, publicUrl, own: () => own }).streamPlaces(url).urls;

test('our own media address is inside; another node’s is where it says, and inside if that leads nowhere', () => {
  const own = 'http://127.0.0.1:3000';
  expect(places(own, settings.mediaUrl)).toEqual(['ws://127.0.0.1:3000/1/media-stream']);
  expect(places(own, ELSEWHERE)).toEqual([ELSEWHERE, 'ws://127.0.0.1:3000/2/media-stream']);
});

test('a process that takes no calls goes by the public names; without TLS where those have none', () => {
  expect(places(null, settings.mediaUrl)).toEqual([settings.mediaUrl]);
  expect(places(null, 'wss://127.0.0.1:8080/media-stream', 'http://127.0.0.1:8080')).toEqual([
    'ws://127.0.0.1:8080/media-stream',
  ]);
});

test('the upgrade is named and signed as the address was given, wherever it is made', () => {
  const { headers } = new ServiceDoor({ ...settings, own: () => 'http://127.0.0.1:3000' }).streamPlaces(ELSEWHERE);
  expect(headers).toEqual({ host: 'other.example.com', 'x-twilio-signature': sign('a-token', ELSEWHERE, []) });
});

test('nothing but our own webhooks and sounds is asked: an address elsewhere is shown no signature', async () => {
  const asked: string[] = [];
  const elsewhere = createServer(({ url }, response) => {
    asked.push(url ?? '');
    response.end('<Response/>');
  }).listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  const origin = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  const { signal } = new AbortController();
  const door = new ServiceDoor({ ...settings, publicUrl: origin.slice(0, -1), own: () => null });
  expect((await door.ask(`${origin}/voice`, [], signal)).kind).toBe('failed');
  expect(await door.sound(`${origin}/audio/a`, signal)).toBeNull();
  expect(asked).toEqual([]);
  const ours = new ServiceDoor({ ...settings, publicUrl: origin, own: () => null });
  expect((await ours.ask(`${origin}/voice#rc=3`, [], signal)).kind).toBe('answered');
  elsewhere.close();
});
