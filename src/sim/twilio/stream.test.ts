import { afterEach, expect, test } from 'vitest';
import { freePort } from '../../embedded/redis.ts';
import { encodeUtterance, joinBytes, VoiceReader } from '../voice/index.ts';
import { type FakeTwilio, startFakeTwilio } from './fake-twilio.ts';
import { BLACK_HOLE } from './hosts.ts';
import { sign } from './signature.ts';
import {
  type SmallService,
  type SmallServiceOptions,
  type SmallStream,
  startSmallService,
} from './small-service.fixture.ts';
import type { TwilioFaults } from './world.ts';

const TOKEN = 'secret';
const BASE = 'https://voice.example.com';
const MEDIA = 'wss://voice.example.com/media';
const CONNECT =
  `<Response><Connect action="${BASE}/next"><Stream url="${MEDIA}" name="bridge" statusCallback="${BASE}/stream-status">` +
  '<Parameter name="token" value="t1"/></Stream></Connect></Response>';

let open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.toReversed()) await one.close();
  open = [];
});

async function world(
  options: Partial<SmallServiceOptions> = {},
  faults: Partial<TwilioFaults> = {},
): Promise<{ service: SmallService; twilio: FakeTwilio }> {
  const service = await startSmallService({
    ...options,
    routes: {
      '/voice': () => CONNECT,
      '/next': () => '<Response><Hangup/></Response>',
      '/stream-status': () => ({ status: 204 }),
      '/status': () => ({ status: 204 }),
      ...options.routes,
    },
  });
  const twilio = await startFakeTwilio({
    accountSid: 'AC00000000000000000000000000000000',
    authToken: TOKEN,
    seed: 7,
    faults,
    number: { voiceUrl: `${BASE}/voice`, voiceFallbackUrl: `${BASE}/fallback`, statusCallback: `${BASE}/status` },
    hosts: { 'https://voice.example.com': service.address, 'wss://voice.example.com': service.address },
  });
  open.push(service, twilio);
  return { service, twilio };
}

function say(stream: SmallStream, text: string, utterance: number): Uint8Array {
  const audio = joinBytes(encodeUtterance(text, { utterance, speaker: 'assistant' }));
  stream.play(audio);
  return audio;
}

const call = (twilio: FakeTwilio) => twilio.placeCall({ from: '+15550001111', to: '+15550002222' });

test('the media socket may take its time; who hangs up meanwhile never opens one', async () => {
  const { service, twilio } = await world({}, { streamDelayMs: 200 });
  const gone = call(twilio);
  await gone.waitFor(({ documents }) => documents.length > 0);
  gone.hangUp();
  await gone.done;
  const sim = call(twilio);
  await sim.waitFor(() => service.streams.length === 1);
  expect([sim.nowMs() >= 200, gone.streams.length]).toEqual([true, 0]);
});

test('the upgrade is signed, then connected, start and frames come with numbers as strings', async () => {
  const { service, twilio } = await world();
  const sim = call(twilio);
  await sim.waitFor(() => (service.streams[0]?.messages.length ?? 0) >= 6);
  const { messages, headers } = service.streams[0] as SmallStream;
  expect(headers['x-twilio-signature']).toBe(sign(TOKEN, MEDIA));
  expect(headers.host).toBe('voice.example.com');
  expect(headers['sec-websocket-protocol']).toBeUndefined();
  expect(headers['sec-websocket-extensions']).toBeUndefined();
  const streamSid = sim.streams[0]?.sid;
  expect(messages.slice(0, 4)).toEqual([
    { event: 'connected', protocol: 'Call', version: '1.0.0' },
    {
      event: 'start',
      sequenceNumber: '1',
      streamSid,
      start: {
        accountSid: twilio.calls[0]?.leg.world.accountSid,
        streamSid,
        callSid: sim.sid,
        tracks: ['inbound'],
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
        customParameters: { token: 't1' },
      },
    },
    {
      event: 'media',
      sequenceNumber: '2',
      streamSid,
      media: { track: 'inbound', chunk: '1', timestamp: '0', payload: expect.stringMatching(/^.{214}==$/) },
    },
    {
      event: 'media',
      sequenceNumber: '3',
      streamSid,
      media: { track: 'inbound', chunk: '2', timestamp: '20', payload: expect.stringMatching(/^.{214}==$/) },
    },
  ]);
  sim.press('5');
  sim.hangUp();
  await sim.done;
  await sim.waitFor(() => service.streams[0]?.socket.readyState === 3);
  expect(messages.find((message) => message.event === 'dtmf')).toMatchObject({
    dtmf: { track: 'inbound_track', digit: '5' },
  });
  expect(messages.at(-1)).toMatchObject({ event: 'stop', stop: { callSid: sim.sid } });
  const events = service.requests
    .filter((request) => request.target === '/stream-status')
    .map((request) => request.params.get('StreamEvent'));
  expect(events).toEqual(['stream-started', 'stream-stopped']);
  expect(service.requests.find((request) => request.target === '/status')?.params.get('CallStatus')).toBe('completed');
  expect(service.requests.find((request) => request.target === '/next')?.params.get('CallStatus')).toBe('completed');
  expect(twilio.complaints).toEqual([]);
});

test('what the caller says arrives word for word, what the service plays reaches the ear in time', async () => {
  const reader = new VoiceReader();
  const { service, twilio } = await world({ onMedia: (_, audio) => reader.push(audio) });
  const sim = call(twilio);
  await sim.waitFor(() => sim.stream !== null);
  const speech = sim.speak('One oat latte please');
  await sim.waitFor(() => speech.endMs !== null && reader.spans[0]?.ended === true);
  expect(reader.text()).toBe('One oat latte please');
  expect(reader.intact).toBe(true);
  const audio = say(service.streams[0] as SmallStream, 'Coming right up', 1);
  await sim.waitFor(() => sim.heard()[0]?.whole === true);
  const [heard] = sim.heard();
  expect(heard).toMatchObject({ speaker: 'assistant', text: 'Coming right up', faults: 0 });
  expect((heard?.endMs ?? 0) - (heard?.startMs ?? 0)).toBeCloseTo(audio.length / 8, 5);
  const soundMs = (sim.leg.ear.firstVoiceMs(speech.endMs ?? 0) ?? 0) - (heard?.startMs ?? 0);
  expect(soundMs >= 0 && soundMs <= 40).toBe(true);
  expect(twilio.complaints).toEqual([]);
});

test('marks are echoed when the audio before them was played, in order, never earlier', async () => {
  const { service, twilio } = await world();
  const sim = call(twilio);
  await sim.waitFor(() => sim.stream !== null && service.streams[0]?.streamSid !== '');
  const stream = service.streams[0] as SmallStream;
  stream.mark('empty');
  say(stream, 'Good morning', 1);
  stream.mark('one');
  say(stream, 'and welcome', 2);
  stream.mark('two');
  await sim.waitFor(() => stream.messages.filter((message) => message.event === 'mark').length === 3);
  expect(stream.messages.filter((message) => message.event === 'mark').map((message) => message['mark'])).toEqual([
    { name: 'empty' },
    { name: 'one' },
    { name: 'two' },
  ]);
  const { marks, firstMediaMs } = sim.streams[0] as (typeof sim.streams)[0];
  for (const mark of marks.slice(1)) {
    expect(mark.flushed).toBe(false);
    expect((mark.echoedMs ?? 0) - (firstMediaMs ?? 0)).toBeGreaterThanOrEqual(mark.atByte / 8 - 0.001);
  }
});

test('clear silences the ear at once and echoes every pending mark', async () => {
  const { service, twilio } = await world();
  const sim = call(twilio);
  await sim.waitFor(() => sim.stream !== null && service.streams[0]?.streamSid !== '');
  const stream = service.streams[0] as SmallStream;
  const audio = say(stream, 'We open at seven and close at six on every day of the week', 1);
  stream.mark('a');
  say(stream, 'never heard', 2);
  stream.mark('b');
  await sim.waitFor(() => sim.heardText().includes('seven'));
  stream.clear();
  await sim.waitFor(() => stream.messages.filter((message) => message.event === 'mark').length === 2);
  const { clears, marks } = sim.streams[0] as (typeof sim.streams)[0];
  expect(clears).toHaveLength(1);
  expect(clears[0]?.playedBytes).toBe(sim.leg.ear.bytes);
  expect(clears[0]?.playedBytes).toBeLessThan(audio.length);
  expect(marks.map((mark) => mark.flushed)).toEqual([true, true]);
  expect(sim.heardText()).not.toContain('never');
  say(stream, 'Sorry', 3);
  await sim.waitFor(() => sim.heardText().includes('Sorry'));
  expect(sim.heard().map((heard) => heard.whole)).toEqual([false, true]);
});

test.each([
  ['{"event":"media","media":{"payload":"/w=="}}', 'wrong streamSid'],
  ['not json', 'JSON'],
  ['{"event":"shout","streamSid":"SID"}', 'unknown event'],
  ['{"event":"clear","streamSid":"SID","now":true}', 'extra fields'],
  ['{"event":"media","streamSid":"SID","media":{"payload":"%%%"}}', 'base64'],
  ['{"event":"media","streamSid":"SID","media":{"payload":"//8=","track":"x"}}', 'bad media'],
  ['{"event":"media","streamSid":"SID","media":{"payload":"//8="}}', 'multiple of 160'],
])('it complains about %s', async (words, complaint) => {
  const { service, twilio } = await world();
  const sim = call(twilio);
  await sim.waitFor(() => sim.stream !== null && service.streams[0]?.streamSid !== '');
  const stream = service.streams[0] as SmallStream;
  stream.socket.send(words.replace('SID', stream.streamSid));
  await sim.waitFor(() => twilio.complaints.length > 0);
  expect(twilio.complaints).toEqual([expect.stringContaining(complaint)]);
});

test('a binary frame and a message before start are refused', async () => {
  const { twilio } = await world({
    onMessage: (stream, message) => {
      if (message.event === 'connected') stream.socket.send(Buffer.from([1, 2, 3]));
    },
  });
  const sim = call(twilio);
  await sim.waitFor(() => twilio.complaints.length > 0);
  expect(twilio.complaints).toEqual([expect.stringContaining('binary frame of 3 bytes (31950)')]);
});

test('a service that closes is asked for the action; a refused upgrade too', async () => {
  const { service, twilio } = await world({ onStart: (stream) => stream.socket.close(1000) });
  const sim = call(twilio);
  await sim.done;
  expect(sim.documents.map((document) => document.url)).toEqual([`${BASE}/voice`, `${BASE}/next`]);
  expect(sim.endedBy).toBe('service');
  expect(service.requests.find((request) => request.target === '/next')?.params.get('CallStatus')).toBe('in-progress');
  const refusing = await world({ refuseUpgrade: 403 });
  const refused = call(refusing.twilio);
  await refused.done;
  expect(refused.documents.map((document) => document.url)).toEqual([`${BASE}/voice`, `${BASE}/next`]);
  expect(refusing.twilio.warnings).toEqual([{ code: 31_920, text: expect.stringContaining('403') }]);
});

test.each([
  ['action', [`${BASE}/voice`, `${BASE}/next`]],
  ['callEnds', [`${BASE}/voice`]],
] as const)('a socket that breaks: %s', async (brokenStream, documents) => {
  const { twilio } = await world({ onStart: (stream) => stream.socket.terminate() }, { brokenStream });
  const sim = call(twilio);
  await sim.done;
  expect(sim.documents.map((document) => document.url)).toEqual(documents);
  expect(sim.webhooks.some((record) => record.params['StreamEvent'] === 'stream-error')).toBe(true);
});

test('a socket that breaks unnoticed leaves a silent call until the caller hangs up', async () => {
  const { twilio } = await world({ onStart: (stream) => stream.socket.terminate() }, { brokenStream: 'silence' });
  const sim = call(twilio);
  await sim.waitFor(() => sim.streams[0]?.end?.by === 'broken');
  expect(sim.ended).toBe(false);
  sim.hangUp();
  await sim.done;
  expect(sim.documents).toHaveLength(1);
});

test('muted frames are missing from the count, the clock goes on', async () => {
  const { service, twilio } = await world();
  const sim = call(twilio);
  await sim.waitFor(() => (service.streams[0]?.messages.length ?? 0) > 4);
  const stream = service.streams[0] as SmallStream;
  const line = sim.stream?.line;
  if (line) line.muted = true;
  const mutedMs = sim.nowMs();
  await sim.waitFor(() => sim.nowMs() > mutedMs + 200);
  if (line) line.muted = false;
  const before = stream.messages.length;
  await sim.waitFor(() => stream.messages.length > before + 1);
  const media = stream.messages
    .filter((message) => message.event === 'media')
    .map((message) => message['media'] as { chunk: string; timestamp: string });
  const jumps = media.slice(1).map((frame, index) => Number(frame.timestamp) - Number(media[index]?.timestamp));
  expect(Math.max(...jumps)).toBeGreaterThanOrEqual(160);
  expect(media.map((frame) => Number(frame.chunk))).toEqual(media.map((_, index) => index + 1));
});

test.each([
  ['slash', `${MEDIA}/`],
  ['port', 'wss://voice.example.com:443/media'],
] as const)('signature in the spelling %s', async (streamSignature, url) => {
  const { service, twilio } = await world({}, { streamSignature });
  const sim = call(twilio);
  await sim.waitFor(() => service.streams.length === 1);
  expect(service.streams[0]?.headers['x-twilio-signature']).toBe(sign(TOKEN, url));
});

test('frames held back by jitter come late and together, none lost, none out of order', async () => {
  const reader = new VoiceReader();
  const { service, twilio } = await world({ onMedia: (_, audio) => reader.push(audio) });
  const sim = call(twilio);
  await sim.waitFor(() => sim.stream !== null);
  const line = sim.stream?.line;
  if (line) line.jitterFramesMax = 6;
  sim.speak('Nothing of this may be lost');
  await sim.waitFor(() => reader.spans[0]?.ended === true);
  expect([reader.text(), reader.intact]).toEqual(['Nothing of this may be lost', true]);
  const media = service.streams[0]?.messages.filter((message) => message.event === 'media') ?? [];
  expect(media.map((message) => Number((message['media'] as { timestamp: string }).timestamp))).toEqual(
    media.map((_, index) => index * 20),
  );
});

test('while Twilio does not read, nothing is played and no mark comes back', async () => {
  const { service, twilio } = await world();
  const sim = call(twilio);
  await sim.waitFor(() => sim.stream !== null && service.streams[0]?.streamSid !== '');
  const stream = service.streams[0] as SmallStream;
  sim.stream?.pauseReading();
  stream.mark('late');
  const frames = stream.messages.length;
  await sim.waitFor(() => stream.messages.length > frames + 10);
  expect(sim.streams[0]?.marks).toEqual([]);
  sim.stream?.resumeReading();
  await sim.waitFor(() => stream.messages.some((message) => message.event === 'mark'));
});

test('a carrier that vanishes neither sends nor hears, not even the close', async () => {
  const { service, twilio } = await world();
  const sim = call(twilio);
  await sim.waitFor(() => (service.streams[0]?.messages.length ?? 0) > 4);
  const stream = service.streams[0] as SmallStream;
  sim.stream?.vanish();
  const vanishedMs = sim.nowMs();
  await sim.waitFor(() => sim.nowMs() > vanishedMs + 60);
  const heard = stream.messages.length;
  stream.mark('anybody?');
  stream.socket.close(1000);
  await sim.waitFor(() => sim.nowMs() > vanishedMs + 200);
  expect([stream.messages.length, sim.streams[0]?.end, sim.documents.length]).toEqual([heard, null, 1]);
  expect(stream.socket.readyState).toBe(2);
});

test('a media host that is gone, and one that refuses: told apart, and the action is asked', async () => {
  const { twilio } = await world();
  twilio.hosts['wss://voice.example.com'] = BLACK_HOLE;
  const gone = call(twilio);
  await gone.done;
  twilio.hosts['wss://voice.example.com'] = `127.0.0.1:${await freePort()}`;
  const refused = call(twilio);
  await refused.done;
  expect(twilio.warnings.map(({ code }) => code)).toEqual([31_901, 31_902]);
  for (const sim of [gone, refused]) expect(sim.documents.at(-1)?.url).toBe(`${BASE}/next`);
});
