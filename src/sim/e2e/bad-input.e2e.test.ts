import { afterAll, beforeAll, expect, test } from 'vitest';
import { accountOf, disagreements } from '../account.ts';
import { Bystander } from './bystander.fixture.ts';
import { Caller } from './caller.fixture.ts';
import { connect, post } from './stranger.fixture.ts';
import { startWorld, type World } from './world.fixture.ts';

const GREETING = 'Thanks for calling Mangy Dog Coffee! How can I help you today?';
const UNKNOWN = `CA${'e'.repeat(32)}`;
const BIG_BYTES = 70_000;
/** 20 ms of µ-law in which nothing is said. */
const NOISE = Buffer.alloc(160, 0x2a).toString('base64');

let world: World;
let bystander: Bystander;

beforeAll(async () => {
  world = await startWorld();
  bystander = await Bystander.begin(world, '+12075550401');
});

afterAll(async () => {
  await world.stop();
  expect(world.complaints()).toEqual([]);
});

const refused = (reason: string) => world.metric('aida_refusals_total', { reason });
const apologies = (reason: string) => world.metric('aida_apologies_total', { reason });

/** How much a number grows while something is done. */
async function grows(read: () => Promise<number>, during: () => Promise<unknown>): Promise<number> {
  const before = await read();
  await during();
  return (await read()) - before;
}

const params = {
  CallSid: UNKNOWN,
  AccountSid: 'AC',
  CallStatus: 'in-progress',
  From: '+12075550402',
  To: '+12075550142',
};
const everyRoute = [
  '/voice',
  '/voice/next',
  '/voice/dial-result',
  '/voice/voicemail',
  '/voice/menu',
  '/voice/fallback',
  '/voice/status',
  '/voice/stream-status',
  '/voice/recording',
];

test.each(['none', 'forged'] as const)(
  'a webhook whose signature is %s is refused at every address',
  async (signature) => {
    const answers: number[] = [];
    const grown = await grows(
      () => refused('signature'),
      async () => {
        for (const path of everyRoute) answers.push((await post(world, { path, params, signature })).status);
      },
    );
    expect(answers).toEqual(everyRoute.map(() => 403));
    expect(grown).toBe(everyRoute.length);
  },
);

test('a body that is no form, one that is too large, one without a call', async () => {
  const answer = async (post_: Parameters<typeof post>[1]) => (await post(world, post_)).status;
  const json = { path: '/voice', contentType: 'application/json', body: '{}' };
  expect(
    await grows(
      () => refused('content type'),
      async () => expect(await answer(json)).toBe(415),
    ),
  ).toBe(1);
  const big = { path: '/voice', params: { ...params, Filler: 'x'.repeat(BIG_BYTES) } };
  expect(await answer(big)).toBe(413);
  expect(
    await grows(
      () => refused('call sid'),
      async () => {
        for (const CallSid of ['', 'CA1', `${UNKNOWN}0`, `CA${'z'.repeat(32)}`])
          expect(await answer({ path: '/voice', params: { ...params, CallSid } })).toBe(400);
      },
    ),
  ).toBe(4);
});

test('a call that nobody knows gets a sentence where it needs one, and is nobody where it does not', async () => {
  const twiml = ['/voice/next', '/voice/dial-result', '/voice/voicemail', '/voice/menu'];
  const grown = await grows(
    () => apologies('unknown'),
    async () => {
      for (const path of twiml) {
        const answer = await post(world, { path, params });
        expect([path, answer.status, /<Say>[^<]{10,}<\/Say>/.test(answer.body)]).toEqual([path, 200, true]);
        expect(answer.body).not.toContain('<Connect');
      }
    },
  );
  expect(grown).toBe(twiml.length);
  expect((await post(world, { path: '/voice/fallback', params })).body).toMatch(/technical trouble/);
  const told = { ...params, CallStatus: 'completed', StreamSid: `MZ${'1'.repeat(32)}`, StreamEvent: 'stream-stopped' };
  const recording = { RecordingSid: `RE${'1'.repeat(32)}`, RecordingUrl: '', RecordingStatus: 'completed' };
  for (const path of ['/voice/status', '/voice/stream-status', '/voice/recording'])
    expect((await post(world, { path, params: { ...told, ...recording } })).status).toBe(204);
});

test('a media socket: forged, with a token that was used, with the token of another call', async () => {
  const { call } = bystander.caller;
  const token = call.streams[0]?.options.parameters['token'] ?? '';
  const open = (over: Partial<Parameters<typeof connect>[1]>) =>
    connect(world, { signature: 'right', callSid: call.sid, token, ...over });
  expect(
    await grows(
      () => refused('signature'),
      async () => expect(await open({ signature: 'forged' })).toEqual({ refused: 403 }),
    ),
  ).toBe(1);
  expect(
    await grows(
      () => refused('token_used'),
      async () => expect(await open({})).toEqual({ closed: 1008 }),
    ),
  ).toBe(1);
  expect(
    await grows(
      () => refused('token forged'),
      async () => expect(await open({ callSid: UNKNOWN })).toEqual({ closed: 1008 }),
    ),
  ).toBe(1);
  expect(
    await grows(
      () => refused('token malformed'),
      async () => expect(await open({ token: '' })).toEqual({ closed: 1008 }),
    ),
  ).toBe(1);
});

test('frames that no carrier sends are left out and counted, and the conversation goes on', async () => {
  const caller = new Caller(world, '+12075550403');
  await caller.hear(GREETING);
  const { stream } = caller.call;
  const media = (over: object, streamSid = stream?.sid) =>
    JSON.stringify({
      event: 'media',
      sequenceNumber: '9',
      streamSid,
      media: { track: 'inbound', chunk: '9', timestamp: '999999', payload: NOISE, ...over },
    });
  const messages: Record<string, (string | Buffer)[]> = {
    not_json: ['hello', '{"event":"media",', '\u0000\u0001'],
    binary: [Buffer.from(NOISE, 'base64')],
    stream_sid: [media({}, `MZ${'2'.repeat(32)}`), JSON.stringify({ event: 'stop', streamSid: 'MZ', stop: {} })],
    timestamp: [media({ timestamp: '-20' }), media({ timestamp: 'soon' }), media({ timestamp: 5 })],
    payload: [media({ payload: '####' }), media({ payload: 'abc' }), media({ payload: 7 }), media({ payload: '' })],
    repeated: [media({ timestamp: '0' }), media({ timestamp: '20' }), media({ timestamp: '20' })],
    track: [media({ track: 'outbound' })],
    unknown_event: ['{"event":"hello"}', '[]', 'null', '{}'],
    shape: [JSON.stringify({ event: 'dtmf', streamSid: stream?.sid, dtmf: { digit: 'no' } })],
    order: [JSON.stringify({ event: 'connected' })],
  };
  const counts = async (): Promise<Record<string, number>> =>
    Object.fromEntries(
      await Promise.all(
        Object.keys(messages).map(async (reason) => [reason, await world.metric('aida_bad_frames_total', { reason })]),
      ),
    );
  const before = await counts();
  for (const each of Object.values(messages)) for (const message of each) stream?.sendRaw(message);
  await caller.say('Are you still there?');
  await caller.hear('You said: Are you still there?');
  const grown = Object.entries(await counts()).map(([reason, count]) => [reason, count - (before[reason] ?? 0)]);
  expect(Object.fromEntries(grown)).toEqual(
    Object.fromEntries(Object.entries(messages).map(([reason, each]) => [reason, each.length])),
  );
  await caller.hangUp();
  const account = await accountOf(world, caller.call);
  expect(disagreements(world, caller.call, account)).toEqual([]);
  expect(account.of('caller.said').map(({ text }) => text)).toEqual(['Are you still there?']);
});

test('a stream that sends nothing else is ended, and the call is asked about', async () => {
  const caller = new Caller(world, '+12075550404');
  await caller.hear(GREETING);
  await grows(
    () => refused('bad_messages'),
    async () => {
      const { stream } = caller.call;
      for (let sent = 0; sent < 300; sent += 1) stream?.sendRaw('hello');
      expect(await stream?.ended).toMatchObject({ by: 'server', code: 1008 });
    },
  ).then((grown) => expect(grown).toBe(1));
  await caller.hear('Sorry about that');
  await caller.hangUp();
  expect((await accountOf(world, caller.call)).of('carrier.streamStarted')).toHaveLength(2);
});

test('whoever was in a call meanwhile noticed nothing', async () => {
  await bystander.leave();
  await bystander.judge();
  expect(await world.metric('aida_faults_total')).toBe(0);
  expect((await fetch(`http://127.0.0.1:${world.node.opsPort}/healthz`)).status).toBe(200);
});
