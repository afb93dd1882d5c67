import { encodeUtterance, joinBytes } from '../../src/sim/voice/index.ts';
import { expect, test } from 'vitest';
import { Clockwork, type FakeSocket } from './clockwork.fixture.ts';
import twilio from 'twilio';

const CONNECT = `<Response><Connect action="/voice/next" method="POST"><Stream url="wss://voice.example.com/media-stream"
  name="openai-bridge" statusCallback="https://voice.example.com/voice/stream-status"><Parameter name="token" value="t&amp;1"/>
  </Stream></Connect></Response>`;
const HANGUP = '<Response><Hangup/></Response>';
const wait = (n: number): string => `<Response><Gather action="/voice/wait?n=${n}" numDigits="1" timeout="1"
  actionOnEmptyResult="true"><Say>${'x'.repeat(16)}</Say><Play>/audio/hold</Play></Gather></Response>`;

let utterance = 0;
function speak(socket: FakeSocket, text: string): void {
  const streamSid = streamOf(socket);
  const frames = encodeUtterance(text, { utterance: (utterance += 1), speaker: 'assistant' });
  const payload = Buffer.from(joinBytes(frames)).toString('base64');
  socket.listener.onMessage(JSON.stringify({ event: 'media', streamSid, media: { payload } }));
  socket.listener.onMessage(JSON.stringify({ event: 'mark', streamSid, mark: { name: text } }));
}
const streamOf = (socket: FakeSocket): string =>
  String(socket.sent.find(({ event }) => event === 'start')?.['streamSid']);
const eventsOf = (socket: FakeSocket, event: string) => socket.sent.filter((message) => message['event'] === event);

test('a call is answered, talks and hangs up: every message and every request as the carrier has them', async () => {
  const line = new Clockwork((path) => (path === '/voice' ? CONNECT : HANGUP));
  const call = line.call();
  await line.run(100);
  const [socket] = line.sockets as [FakeSocket];
  expect(socket.url).toBe('wss://voice.example.com/media-stream');
  socket.listener.onOpen();
  await line.run(400);
  speak(socket, 'Hello there.');
  await line.run(1_500);
  const [connected, start, first, second] = socket.sent as Record<string, never>[];
  expect(connected).toEqual({ event: 'connected', protocol: 'Call', version: '1.0.0' });
  const streamSid = streamOf(socket);
  expect(start).toEqual({
    event: 'start',
    sequenceNumber: '1',
    streamSid,
    start: {
      accountSid: line.world.settings.accountSid,
      streamSid,
      callSid: call.sid,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: { token: 't&1' },
    },
  });
  expect(first).toMatchObject({
    event: 'media',
    sequenceNumber: '2',
    media: { track: 'inbound', chunk: '1', timestamp: '0' },
  });
  expect(second).toMatchObject({ sequenceNumber: '3', media: { chunk: '2', timestamp: '20' } });
  expect(eventsOf(socket, 'mark')).toMatchObject([{ mark: { name: 'Hello there.' } }]);
  expect(eventsOf(socket, 'media').length).toBeGreaterThan(90);
  call.leave(true);
  await line.run(1_000);
  expect(eventsOf(socket, 'stop')).toHaveLength(1);
  expect([socket.pings, socket.isClosed, socket.isDestroyed, line.outcome]).toEqual([
    1,
    true,
    false,
    { kind: 'completed' },
  ]);
  expect(line.documents).toEqual(['/voice', '/voice/next']);
  const events = line.asked
    .filter(({ path }) => path === '/voice/stream-status')
    .map(({ form }) => form.get('StreamEvent'));
  expect(new Set(events)).toEqual(new Set(['stream-started', 'stream-stopped']));
  expect(line.asked.findLast(({ path }) => path === '/voice/status')?.form.get('CallStatus')).toBe('completed');
  for (const { path, form, headers } of line.asked) {
    const url = `https://voice.example.com${path}`;
    expect(twilio.validateRequest('secret', headers['X-Twilio-Signature'] ?? '', url, Object.fromEntries(form))).toBe(
      true,
    );
  }
});

test('a caller waits as the documents say, poll by poll, and is answered in the end', async () => {
  const line = new Clockwork((path) => (path === '/voice' ? wait(1) : path === '/voice/wait?n=3' ? CONNECT : wait(3)));
  line.call();
  await line.run(4_900);
  expect(line.documents).toEqual(['/voice']);
  await line.run(6_000);
  expect(line.documents).toEqual(['/voice', '/voice/wait?n=1', '/voice/wait?n=3']);
  expect(line.asked.at(1)?.form.get('CallStatus')).toBe('in-progress');
  line.sockets[0]?.listener.onOpen();
  await line.run(10);
  expect(line.counts).toMatchObject({ aida_waited: 1, aida_answered: 1 });
});

test('whoever loses patience hangs up and is no failure; who is turned away is refused', async () => {
  const left = new Clockwork(() => wait(1));
  left.call({ patienceMs: 20_000 });
  await left.run(21_000);
  expect(left.outcome).toEqual({ kind: 'left' });
  expect(left.asked.findLast(({ path }) => path === '/voice/status')?.form.get('CallStatus')).toBe('completed');
  const refused = new Clockwork(
    () => '<Response><Say>We are closed.</Say><Record action="/voice/voicemail"/></Response>',
  );
  refused.call();
  await refused.run(10_000);
  expect(refused.outcome).toEqual({ kind: 'refused' });
  const rejected = new Clockwork(() => '<Response><Reject reason="busy"/></Response>');
  rejected.call();
  await rejected.run(1_000);
  expect(rejected.asked.findLast(({ path }) => path === '/voice/status')?.form.get('CallStatus')).toBe('busy');
});

test('staff whom nobody answers for: the dial result is asked after the ringing, with its own callbacks', async () => {
  const dial = `<Response><Dial action="/voice/dial-result" timeout="20"><Number statusCallback="/voice/status?h=1"
    statusCallbackEvent="initiated ringing answered completed">+12075550111</Number></Dial></Response>`;
  const line = new Clockwork((path) => (path === '/voice' ? dial : HANGUP));
  line.call();
  await line.run(3_000);
  expect(line.documents).toEqual(['/voice', '/voice/dial-result']);
  expect(line.asked.find(({ path }) => path === '/voice/dial-result')?.form.get('DialCallStatus')).toBe('no-answer');
  const told = line.asked.filter(({ path }) => path === '/voice/status?h=1').map(({ form }) => form.get('CallStatus'));
  expect(new Set(told)).toEqual(new Set(['initiated', 'ringing', 'no-answer']));
});

test('a stream that breaks is asked about, and the call goes on in the next one', async () => {
  const line = new Clockwork(() => CONNECT);
  line.call();
  await line.run(100);
  const [first] = line.sockets as [FakeSocket];
  first.listener.onOpen();
  speak(first, 'Hello there, how can I help you?');
  await line.run(500);
  first.listener.onClose(0, 'websocket: close 1006');
  await line.run(100);
  expect(line.documents).toEqual(['/voice', '/voice/next']);
  line.sockets[1]?.listener.onOpen();
  await line.run(400);
  const errors = line.asked.filter(({ form }) => form.get('StreamEvent') === 'stream-error');
  expect(errors[0]?.form.get('StreamError')).toMatch(/^31921/);
  expect([line.counts['aida_resumed'], line.outcome]).toEqual([1, null]);
});

test('a stream that was closed while a frame left for it is not broken', async () => {
  const line = new Clockwork((path) => (path === '/voice' ? CONNECT : HANGUP));
  line.call();
  await line.run(100);
  const [socket] = line.sockets as [FakeSocket];
  socket.listener.onOpen();
  await line.run(100);
  socket.listener.onClose(1006, 'websocket: close sent');
  await line.run(100);
  expect(line.outcome).toEqual({ kind: 'failed', why: 'cut_off' });
});

test('a socket whose other end does not even answer a ping is given up', async () => {
  const line = new Clockwork((path) => (path === '/voice' ? CONNECT : HANGUP));
  const call = line.call();
  await line.run(100);
  const [socket] = line.sockets as [FakeSocket];
  socket.answersPings = false;
  socket.listener.onOpen();
  await line.run(500);
  call.leave(true);
  await line.run(500);
  expect([socket.isDestroyed, line.outcome]).toEqual([false, { kind: 'completed' }]);
  await line.run(1_000);
  expect([socket.isDestroyed, socket.isClosed]).toEqual([true, false]);
});

test('frames are lost and held back as told, their times go on', async () => {
  const env = { LOSS: '0.5', JITTER_MS: '100' };
  const line = new Clockwork(() => CONNECT, env);
  line.call();
  await line.run(100);
  const [socket] = line.sockets as [FakeSocket];
  socket.listener.onOpen();
  await line.run(10_000);
  const media = eventsOf(socket, 'media').map((message) => message['media'] as Record<string, string>);
  expect(media.length).toBeGreaterThan(180);
  expect(media.length).toBeLessThan(320);
  expect(media.map(({ chunk }) => chunk)).toEqual(media.map((_, index) => String(index + 1)));
  expect(Number(media.at(-1)?.['timestamp'])).toBeGreaterThan(9_700);
});

test('tries, redirects and the fallback are the carrier’s', async () => {
  let tries = 0;
  const line = new Clockwork((path) => {
    if (path === '/voice/next?n=1' || path === '/voice/status') return HANGUP;
    if (path === '/voice/fallback') return '<Response><Redirect>/voice/next?n=1</Redirect></Response>';
    tries += 1;
    return { status: 503, contentType: 'text/plain', location: null, body: '', ms: 1 };
  });
  const world = { ...line.world, voiceUrl: 'https://voice.example.com/voice#rc=3&rp=all' };
  Object.assign(line.world, world);
  line.call();
  await line.run(6_000);
  expect([tries, line.documents.slice(-2)]).toEqual([4, ['/voice/fallback', '/voice/next?n=1']]);
  const tokens = line.asked.slice(0, 4).map(({ headers }) => headers['I-Twilio-Idempotency-Token']);
  expect(new Set(tokens).size).toBe(1);
  const fallback = line.asked.find(({ path }) => path === '/voice/fallback');
  expect([fallback?.form.get('ErrorCode'), fallback?.form.get('ErrorUrl')]).toEqual(['11200', world.voiceUrl]);
  expect(line.outcome).toEqual({ kind: 'failed', why: 'webhook_status' });
});
