import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { callKeys } from '../directory/keys.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { startRedis, type RedisServer } from '../embedded/redis.ts';
import { createServer, type Server } from '../http/server.ts';
import type { SocketRoute } from '../http/socket.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createPhoneCheck } from '../telemetry/synthetic-sid.ts';
import type { CarrierPort } from '../calls/carrier.ts';
import { Phone, type PhoneLimits } from './phone.ts';
import { withPhoneCalls } from './phone-carrier.ts';
import type { LineSignal } from './signals.ts';
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  connectTwiml,
  MEDIA_URL,
  PUBLIC_URL,
  StubNode,
  type StubStream,
} from './stub-node.fixture.ts';

/** Spoken by the stub: a tenth of a second of it. */
const SPOKEN = Buffer.alloc(800, 0x55);
const GATHER = `<Gather action="${PUBLIC_URL}/voice/menu" numDigits="1" timeout="1" actionOnEmptyResult="true"><Play>${PUBLIC_URL}/audio/a</Play></Gather>`;

/** The page's end of the line. */
class TestPage {
  readonly signals: LineSignal[] = [];
  readonly events: Record<string, unknown>[] = [];
  /** Says at once that it heard a sound. */
  hears = true;
  readonly socket: WebSocket;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as LineSignal | { event: string };
      if ('event' in message) return void this.events.push(message);
      this.signals.push(message);
      if (message.line === 'sound' && this.hears) this.send({ line: 'played', id: message.id });
      if (message.line === 'stream') {
        const { streamSid, callSid, accountSid, parameters } = message;
        const start = { streamSid, callSid, accountSid, customParameters: parameters };
        this.send({ event: 'connected', protocol: 'Call', version: '1.0.0' });
        this.send({ event: 'start', sequenceNumber: '1', streamSid, start });
      }
    });
  }

  send(what: unknown): void {
    this.socket.send(JSON.stringify(what));
  }

  of<L extends LineSignal['line']>(line: L): Extract<LineSignal, { line: L }>[] {
    return this.signals.filter((signal): signal is Extract<LineSignal, { line: L }> => signal.line === line);
  }

  notes(): string[] {
    return this.of('note').map(({ text }) => text);
  }

  async until(line: LineSignal['line'], count = 1): Promise<void> {
    await expect.poll(() => this.of(line).length).toBeGreaterThanOrEqual(count);
  }
}

let redis: RedisServer;
let link: RedisLink;
let node: StubNode;
let phone: Phone;
let server: Server | null = null;
let nowMs = 1_000_000;
let canSpeak = true;

beforeAll(async () => {
  redis = await startRedis();
  link = await connectRedis(redis.url);
});
afterAll(async () => {
  await link.close();
  await redis.stop();
});

beforeEach(async () => {
  node = await new StubNode().start();
  canSpeak = true;
});
afterEach(async () => {
  await phone.close();
  await server?.close();
  await node.close();
});

async function openPhone(limits: Partial<PhoneLimits> = {}): Promise<void> {
  const log = createLog('silent');
  phone = new Phone({
    publicUrl: PUBLIC_URL,
    mediaUrl: MEDIA_URL,
    twilio: { accountSid: ACCOUNT_SID, authTokens: [AUTH_TOKEN] },
    streamTokenSecret: 'a-secret-of-streams',
    link,
    speech: { speak: () => (canSpeak ? Promise.resolve(SPOKEN) : Promise.reject(new Error('dumb'))) },
    storeNumber: () => '+12075550100',
    own: () => node.origin,
    now: () => nowMs,
    log,
    limits: { ringMs: 10, ...limits },
  });
  const sockets = [phone.socket as SocketRoute<unknown>];
  server = await createServer({ host: '127.0.0.1', port: 0, routes: [], sockets, log, metrics: createMetrics() });
}

function ticketOf(name = 'ada'): string {
  const given = phone.ticketFor(name);
  if ('refused' in given) throw new Error(given.refused);
  return given.ticket;
}

/** The page with its line open, or the status that it was refused with. */
async function dial(ticket = ticketOf()): Promise<TestPage> {
  const socket = new WebSocket(`ws://127.0.0.1:${server?.port}/phone/line?ticket=${encodeURIComponent(ticket)}`);
  const page = new TestPage(socket);
  await once(socket, 'open');
  return page;
}

async function refusal(ticket: string): Promise<number | undefined> {
  const socket = new WebSocket(`ws://127.0.0.1:${server?.port}/phone/line?ticket=${encodeURIComponent(ticket)}`);
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode?: number }];
  socket.terminate();
  return response.statusCode;
}

async function streamOf(count = 1): Promise<StubStream> {
  await expect.poll(() => node.streams.length).toBe(count);
  await expect.poll(() => node.streams[count - 1]?.streamSid).not.toBe('');
  const stream = node.streams[count - 1];
  if (!stream) throw new Error('no stream');
  return stream;
}

test('the line opens with a ticket that is genuine, fresh and unused, and with nothing else', async () => {
  await openPhone();
  node.answers['/voice'] = '<Hangup/>';
  for (const ticket of ['', 'a.b', `${ticketOf()}x`, ticketOf().replace(/^./, 'x')])
    expect(await refusal(ticket)).toBe(403);
  const late = ticketOf();
  nowMs += 30_000;
  expect(await refusal(late)).toBe(403);
  const ticket = ticketOf();
  const page = await dial(ticket);
  expect(await refusal(ticket)).toBe(403);
  await page.until('ended');
  // Nothing that was refused was a call.
  expect(node.to('/voice')).toHaveLength(1);
});

test('a call: asked for by a signed webhook, streamed unread both ways, followed to where its TwiML leads', async () => {
  await openPhone();
  node.answers['/voice'] = `<Say>One moment &amp; no more.</Say>${connectTwiml()}`;
  node.answers['/voice/next'] = '<Hangup/>';
  const page = await dial();
  const stream = await streamOf();
  const [{ callSid } = { callSid: '' }] = page.of('ringing');
  expect(createPhoneCheck([AUTH_TOKEN])(callSid)).toBe(true);
  expect(node.to('/voice')[0]).toMatchObject({
    AccountSid: ACCOUNT_SID,
    CallSid: callSid,
    CallStatus: 'ringing',
    Direction: 'inbound',
    From: 'client:phone.ada',
    To: '+12075550100',
  });
  expect(page.of('words')).toEqual([{ line: 'words', text: 'One moment & no more.' }]);
  expect(page.of('sound')[0]?.payload).toBe(SPOKEN.toString('base64'));
  const [signal] = page.of('stream');
  expect(signal).toMatchObject({ accountSid: ACCOUNT_SID, callSid, parameters: { token: 't1' } });

  const frame = { event: 'media', streamSid: stream.streamSid, media: { payload: 'AAAA' }, odd: ['kept', 1] };
  page.send(frame);
  await expect.poll(() => stream.of('media')).toEqual([frame]);
  stream.send('media', { media: { payload: '//8=' } });
  stream.send('mark', { mark: { name: 'g1' } });
  await expect.poll(() => page.events.map(({ event }) => event)).toEqual(['media', 'mark']);

  stream.socket.end(1000);
  await page.until('ended');
  expect(page.of('streamEnded')).toHaveLength(1);
  expect(page.of('ended')).toEqual([{ line: 'ended', why: 'Aida has hung up.' }]);
  expect(node.to('/voice/next')).toMatchObject([{ CallSid: callSid, CallStatus: 'in-progress' }]);
  await expect.poll(() => node.to('/voice/status')).toMatchObject([{ CallStatus: 'completed', CallDuration: '1' }]);
  expect(node.to('/voice/stream-status').map((each) => each['StreamEvent'])).toEqual([
    'stream-started',
    'stream-stopped',
  ]);
});

test('who hangs up, or closes the page, ends the call: its end is told, its action is not asked', async () => {
  await openPhone();
  node.answers['/voice'] = connectTwiml();
  const page = await dial();
  const stream = await streamOf();
  page.send({ event: 'stop', streamSid: stream.streamSid });
  page.send({ line: 'hangUp' });
  await page.until('ended');
  expect(stream.of('stop')).toHaveLength(1);
  await expect.poll(() => node.to('/voice/status')).toHaveLength(1);

  const other = await dial();
  const second = await streamOf(2);
  other.socket.terminate();
  await expect.poll(() => second.code).not.toBeNull();
  await expect.poll(() => node.to('/voice/status')).toHaveLength(2);
  expect(node.to('/voice/next')).toEqual([]);
});

test('a key cuts the prompt short and is posted; without one the timeout is', async () => {
  await openPhone();
  node.sound = new Uint8Array(8_000 * 60);
  node.answers['/voice'] = GATHER;
  node.answers['/voice/menu'] = ({ Digits }) => (Digits === '5' ? GATHER : '<Hangup/>');
  const page = await dial();
  page.hears = false;
  await page.until('sound');
  page.send({ line: 'key', digit: '5' });
  await page.until('hush');
  expect(node.to('/voice/menu').map(({ Digits }) => Digits)).toEqual(['5']);
  page.hears = true;
  await page.until('sound', 2);
  page.send({ line: 'played', id: page.of('sound').at(-1)?.id });
  await page.until('ended');
  expect(node.to('/voice/menu').map(({ Digits }) => Digits)).toEqual(['5', '']);
  expect(page.of('keys').map(({ wanted }) => wanted)).toEqual([true, false, true, false]);
});

test('what a browser cannot do is said in words, and the call goes on as with nobody there', async () => {
  await openPhone();
  node.answers['/voice'] =
    `<Start><Recording channels="dual"/></Start><Play loop="2">${PUBLIC_URL}/audio/a</Play><Redirect method="POST">/voice/next</Redirect>`;
  node.answers['/voice/next'] = `<Dial action="${PUBLIC_URL}/voice/dial-result"><Number>+12075550177</Number></Dial>`;
  node.answers['/voice/dial-result'] =
    `<Record action="${PUBLIC_URL}/voice/voicemail"/><Redirect>${PUBLIC_URL}/voice/voicemail?tries=2</Redirect>`;
  node.answers['/voice/voicemail'] = '<Enqueue>line</Enqueue><Pause length="0"/><Reject/>';
  const page = await dial();
  await page.until('ended');
  expect(page.of('sound')).toHaveLength(2);
  expect(page.notes()).toEqual([
    'From here on a telephone call would be recorded. This one is not.',
    'Now a telephone that ends in 0177 would ring. A browser cannot ring it, so here nobody answers.',
    'Now a telephone would record a message. A browser cannot leave one: the call goes on as if nothing was said.',
    '<Enqueue> is nothing that this phone can do: the call goes on without it.',
    'The call is rejected: a telephone would hear the busy tone.',
  ]);
  expect(node.to('/voice/dial-result')).toMatchObject([{ DialCallStatus: 'no-answer', DialCallDuration: '0' }]);
  expect(node.to('/voice/voicemail')[0]?.['RecordingSid']).toBeUndefined();
});

test('a node that answers badly is asked again, then its fallback, then there is an apology', async () => {
  await openPhone();
  let tries = 0;
  node.answers['/voice'] = () => (++tries < 3 ? 503 : '<Say>never closed');
  node.answers['/voice/fallback'] = 500;
  const page = await dial();
  await page.until('ended');
  expect(tries).toBe(3);
  expect(node.to('/voice/fallback')[0]).toMatchObject({ ErrorCode: '12100', ErrorUrl: `${PUBLIC_URL}/voice` });
  expect(node.to('/voice/fallback')).toHaveLength(4);
  expect(page.of('words').at(-1)?.text).toContain('an application error has occurred');
  expect(page.of('ended')).toEqual([{ line: 'ended', why: 'Aida could not be reached.' }]);
});

test('documents that lead in circles end the call', async () => {
  await openPhone();
  node.answers['/voice'] = `<Redirect>${PUBLIC_URL}/voice</Redirect>`;
  const page = await dial();
  await page.until('ended');
  expect(page.of('ended')[0]?.why).toContain('in circles');
  expect(node.to('/voice').length).toBeLessThan(20);
});

test('a stream that is refused, or breaks, is told as the carrier tells it; the action is asked', async () => {
  await openPhone();
  node.refusesStreams = true;
  node.answers['/voice'] = connectTwiml('wss://other.invalid/media-stream');
  node.answers['/voice/next'] = ({ CallSid }) => {
    node.refusesStreams = false;
    return CallSid && node.streams.length === 0 ? connectTwiml() : '<Hangup/>';
  };
  const page = await dial();
  const stream = await streamOf();
  stream.socket.close();
  await page.until('ended');
  const told = node.to('/voice/stream-status').map((each) => each['StreamError'] ?? each['StreamEvent']);
  expect(told).toEqual(['31920 the handshake failed', 'stream-started', '31921 the socket broke']);
  expect(node.to('/voice/next')).toHaveLength(2);
});

test('what is typed is spoken as the caller; what cannot be spoken is said so, and so is the end of patience', async () => {
  await openPhone({ spokenMax: 2 });
  node.answers['/voice'] = connectTwiml();
  const page = await dial();
  await page.until('stream');
  page.send({ line: 'say', text: '  two lattes ' });
  await page.until('speech');
  expect(page.of('speech')[0]?.payload).toBe(SPOKEN.toString('base64'));
  canSpeak = false;
  page.send({ line: 'say', text: 'and a bagel' });
  await page.until('speechFailed');
  canSpeak = true;
  page.send({ line: 'say', text: 'one too many' });
  await page.until('speechFailed', 2);
  expect(page.of('speechFailed').map(({ text }) => text)).toEqual(['and a bagel', 'one too many']);
  for (const odd of ['{', '[]', '{"line":"say","text":""}', '{"line":"key","digit":"12"}', '{"line":"other"}'])
    page.socket.send(odd);
  page.socket.send(Buffer.from('binary'));
  page.send({ line: 'hangUp' });
  await page.until('ended');
});

test('few at once, one person fewer, and none for ever', async () => {
  await openPhone({ callsMax: 3, callsPerPersonMax: 2, lastsMsMax: 600 });
  node.answers['/voice'] = connectTwiml();
  const tickets = ['ada', 'ada', 'bob', 'eve', 'ada'].map(ticketOf);
  const pages = [await dial(tickets[0]), await dial(tickets[1]), await dial(tickets[2])];
  expect(phone.ticketFor('ada')).toEqual({ refused: 'You have 2 calls already. Hang one up first.' });
  expect(phone.ticketFor('eve')).toEqual({ refused: 'All 3 browser phones are in use.' });
  for (const late of [tickets[3], tickets[4]]) {
    const { socket } = await dial(late);
    expect((await once(socket, 'close'))[0]).toBe(1008);
  }
  for (const page of pages) await page.until('ended');
  expect(pages.map((page) => page.of('ended')[0]?.why)).toEqual(
    pages.map(() => 'That was the longest that a call from here may last.'),
  );
  await expect.poll(() => 'ticket' in phone.ticketFor('ada')).toBe(true);
});

test('while the process ends its calls nobody begins another one', async () => {
  await openPhone();
  node.answers['/voice'] = connectTwiml();
  const ticket = ticketOf();
  const page = await dial();
  await page.until('stream');
  await phone.close();
  await page.until('ended');
  expect(page.of('ended')).toEqual([{ line: 'ended', why: 'Aida is being restarted.' }]);
  expect(phone.ticketFor('ada')).toEqual({ refused: 'Aida is being restarted.' });
  expect((await once((await dial(ticket)).socket, 'close'))[0]).toBe(1008);
  expect(node.to('/voice')).toHaveLength(1);
});

test('the call’s words are told from its journal, in order and once', async () => {
  await openPhone();
  node.answers['/voice'] = connectTwiml();
  const page = await dial();
  await page.until('stream');
  const { log } = callKeys(page.of('ringing')[0]?.callSid ?? '');
  const facts = [
    { type: 'assistant.said', at: 1, itemId: 'a', responseId: 'r', text: 'Hello there.', totalMs: 900 },
    { type: 'assistant.heard', at: 2, itemId: 'a', text: 'Hello', heardMs: 300, totalMs: 900, cut: true },
    { type: 'caller.said', at: 3, itemId: 'b', text: 'Hours?', after: 'a' },
    { type: 'tool.asked', at: 4, toolCallId: 't', responseId: 'r', name: 'get_store_hours', arguments: '{}' },
    { type: 'caller.speechStarted', at: 5, itemId: 'c' },
  ];
  for (const [index, fact] of facts.entries())
    await link.command('xadd', log, `1-${index + 1}`, 'f', JSON.stringify(fact));
  await page.until('tool');
  const words = page.signals.filter(({ line }) => ['said', 'heard', 'tool'].includes(line));
  expect(words).toEqual([
    { line: 'said', who: 'assistant', itemId: 'a', text: 'Hello there.' },
    { line: 'heard', itemId: 'a', text: 'Hello', cut: true },
    { line: 'said', who: 'caller', itemId: 'b', text: 'Hours?' },
    { line: 'tool', name: 'get_store_hours' },
  ]);
});

test('a call that no carrier knows is answered for by Redis, and led by it', async () => {
  await openPhone();
  node.answers['/voice'] = connectTwiml();
  const asked: string[] = [];
  const never = (callSid: string) => {
    asked.push(callSid);
    return Promise.resolve(null);
  };
  const real: CarrierPort = { ask: never } as Partial<CarrierPort> as CarrierPort;
  const carrier = withPhoneCalls(real, { link, isPhone: createPhoneCheck([AUTH_TOKEN]) });
  const page = await dial();
  await page.until('stream');
  const callSid = page.of('ringing')[0]?.callSid ?? '';
  expect(await carrier.ask(callSid)).toEqual({ type: 'carrier.stillLive', status: 'in-progress' });
  expect(await carrier.record(callSid, 'paused')).toBe('done');
  node.answers['/voice/menu'] = '<Pause length="30"/>';
  expect(await carrier.redirect(callSid, `${PUBLIC_URL}/voice/menu`)).toBe('done');
  await expect.poll(() => node.to('/voice/menu')).toHaveLength(1);
  expect(node.to('/voice/next')).toEqual([]);
  expect(await carrier.replace(callSid, '<Response><Say>One moment.</Say><Pause length="30"/></Response>')).toBe(
    'done',
  );
  await page.until('words');
  // An order may come while another one is carried out.
  expect(await carrier.replace(callSid, '<Response><Say>Goodbye.</Say><Hangup/></Response>')).toBe('done');
  await page.until('ended');
  expect(page.of('words').map(({ text }) => text)).toEqual(['One moment.', 'Goodbye.']);
  expect(page.of('ended')).toEqual([{ line: 'ended', why: 'Aida has hung up.' }]);
  await expect.poll(() => carrier.ask(callSid)).toMatchObject({ type: 'carrier.gone', status: 'completed' });
  expect(await carrier.redirect(callSid, PUBLIC_URL)).toBe('gone');
  expect(asked).toEqual([]);
  await carrier.ask(`CA${'0'.repeat(32)}`);
  expect(asked).toEqual([`CA${'0'.repeat(32)}`]);
});
