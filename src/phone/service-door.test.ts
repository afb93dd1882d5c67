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
