import { afterEach, expect, test } from 'vitest';
import { freePort } from '../../embedded/redis.ts';
import twilioSdk from 'twilio';
import { type FakeTwilio, startFakeTwilio } from './fake-twilio.ts';
import { BLACK_HOLE } from './hosts.ts';
import { readOverrides } from './overrides.ts';
import { sign } from './signature.ts';
import { type SmallAnswer, type SmallRequest, type SmallService, startSmallService } from './small-service.fixture.ts';
import type { NumberSettings, TwilioFaults } from './world.ts';

const TOKEN = 'secret';
const BASE = 'https://voice.example.com';
const BYE = '<Response><Hangup/></Response>';

let open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.toReversed()) await one.close();
  open = [];
});

type Routes = Record<string, (request: SmallRequest) => SmallAnswer | Promise<SmallAnswer>>;

async function world(
  routes: Routes,
  number: Partial<NumberSettings> = {},
  faults: Partial<TwilioFaults> = {},
): Promise<{ service: SmallService; twilio: FakeTwilio }> {
  const service = await startSmallService({ routes });
  const twilio = await startFakeTwilio({
    accountSid: 'AC00000000000000000000000000000000',
    authToken: TOKEN,
    seed: 3,
    faults,
    number: { voiceUrl: `${BASE}/voice`, ...number },
    hosts: { [BASE]: service.address, 'https://gone.example.com': `127.0.0.1:${await freePort()}` },
  });
  open.push(service, twilio);
  return { service, twilio };
}

const call = (twilio: FakeTwilio) => twilio.placeCall({ from: '+15550001111', to: '+15550002222' });

test('the signature is the one of the published test vector', () => {
  const params = [
    ['Digits', '1234'],
    ['CallSid', 'CA1234567890ABCDE'],
    ['To', '+18005551212'],
    ['Caller', '+14158675309'],
    ['From', '+14158675309'],
  ] as const;
  expect(sign('12345', 'https://mycompany.com/myapp.php?foo=1&bar=2#rc=2', params)).toBe(
    'RSOYDt4T1cUTdK1PDd93/VVr8B8=',
  );
});

test("the vendor's own library accepts the requests", async () => {
  const { service, twilio } = await world({ '/voice': () => BYE }, { voiceUrl: `${BASE}/voice?tenant=a%20b#rc=2` });
  await call(twilio).done;
  const [request] = service.requests;
  expect(request?.target).toBe('/voice?tenant=a%20b');
  const params = Object.fromEntries(request?.params ?? []);
  expect(params).toMatchObject({
    CallStatus: 'ringing',
    Direction: 'inbound',
    From: '+15550001111',
    ApiVersion: '2010-04-01',
    FromCity: 'SAN JOSÉ',
    ToCity: '',
  });
  const header = String(request?.headers['x-twilio-signature']);
  expect(twilioSdk.validateRequest(TOKEN, header, `${BASE}${request?.target}`, params)).toBe(true);
  expect(request?.headers['content-type']).toBe('application/x-www-form-urlencoded; charset=UTF-8');
  expect(twilio.complaints).toEqual([]);
});

test('GET carries the parameters in the query and signs them there', async () => {
  const { service, twilio } = await world({ '/voice': () => BYE }, { voiceMethod: 'GET' });
  await call(twilio).done;
  const [request] = service.requests;
  expect(request?.params.get('CallStatus')).toBe('ringing');
  expect(
    twilioSdk.validateRequest(TOKEN, String(request?.headers['x-twilio-signature']), `${BASE}${request?.target}`, {}),
  ).toBe(true);
});

test('overrides are read from the fragment, what is out of range is complained about', () => {
  expect(readOverrides('https://a/b')).toMatchObject({
    retries: 1,
    connectMs: 5000,
    readMs: 15000,
    totalMs: 15000,
    policy: new Set(['ct']),
    complaints: [],
  });
  expect(readOverrides('https://a/b#ct=1000&rt=2500&rc=3&rp=all')).toMatchObject({
    retries: 3,
    connectMs: 1000,
    readMs: 2500,
    policy: new Set(['4xx', '5xx', 'ct', 'rt']),
    complaints: [],
  });
  expect(readOverrides('https://a/b#rc=9&rp=7xx&zz=1').complaints).toHaveLength(3);
});

test('a retry carries the same idempotency token, the next request another one', async () => {
  let failures = 2;
  const { service, twilio } = await world(
    {
      '/voice': () => (failures-- > 0 ? { status: 503 } : `<Response><Redirect>${BASE}/more</Redirect></Response>`),
      '/more': () => BYE,
    },
    { voiceUrl: `${BASE}/voice#rc=2&rp=5xx` },
  );
  const sim = call(twilio);
  await sim.done;
  const tokens = service.requests.map((request) => request.headers['i-twilio-idempotency-token']);
  expect(tokens).toHaveLength(4);
  expect(new Set(tokens.slice(0, 3)).size).toBe(1);
  expect(tokens[3]).not.toBe(tokens[0]);
  expect(sim.webhooks[0]?.tries.map((one) => one.status)).toEqual([503, 503, 200]);
});

test('by default an error is not retried; the fallback is asked with code and URL', async () => {
  const { service, twilio } = await world(
    { '/voice': () => ({ status: 500 }), '/fallback': () => BYE },
    { voiceFallbackUrl: `${BASE}/fallback` },
  );
  const sim = call(twilio);
  await sim.done;
  expect(service.requests.map((request) => request.target)).toEqual(['/voice', '/fallback']);
  expect(service.requests[1]?.params.get('ErrorCode')).toBe('11200');
  expect(service.requests[1]?.params.get('ErrorUrl')).toBe(`${BASE}/voice`);
  expect(twilio.complaints).toEqual([expect.stringContaining('answered 500')]);
});

test('a refused connection is retried once, then the caller hears an apology', async () => {
  const { twilio } = await world({}, { voiceUrl: 'https://gone.example.com/voice' });
  const sim = call(twilio);
  await sim.done;
  expect(sim.webhooks[0]?.tries.map((one) => one.failure)).toEqual(['connectFailed', 'connectFailed']);
  expect(sim.heardText()).toContain('application error');
  expect(twilio.warnings).toEqual([{ code: 11_205, text: expect.any(String) }]);
  expect(twilio.complaints).toEqual([]);
});

test('a read timeout ends a try after rt and is retried only by policy', async () => {
  const { twilio } = await world(
    { '/voice': () => null, '/fallback': () => BYE },
    { voiceUrl: `${BASE}/voice#rt=100&rc=2&rp=rt`, voiceFallbackUrl: `${BASE}/fallback` },
  );
  const sim = call(twilio);
  await sim.done;
  expect(sim.webhooks[0]?.tries.map((one) => one.failure)).toEqual(['readTimeout', 'readTimeout', 'readTimeout']);
  expect(sim.webhooks[1]?.params['ErrorCode']).toBe('11200');
});

test('the total time bounds all tries', async () => {
  const { twilio } = await world({ '/voice': () => null }, { voiceUrl: `${BASE}/voice#rt=100&rc=5&rp=rt&tt=250` });
  const sim = call(twilio);
  await sim.waitFor(() => sim.webhooks.length === 1);
  expect(sim.webhooks[0]?.tries.length).toBeLessThanOrEqual(4);
});

test.each([
  ['bad XML', { status: 200, body: '<Response><Say>a & b</Say></Response>' }, '12100'],
  ['no XML', { status: 200, body: '' }, '12100'],
  ['a content type that is none', { status: 200, type: 'application/json', body: '{}' }, '12300'],
  ['64 kB', { status: 200, body: `<Response>${' '.repeat(66_000)}</Response>` }, '11750'],
])('%s leads to the fallback', async (_, answer, code) => {
  const { service, twilio } = await world(
    { '/voice': () => answer, '/fallback': () => BYE },
    { voiceFallbackUrl: `${BASE}/fallback` },
  );
  await call(twilio).done;
  expect(service.requests.at(-1)?.params.get('ErrorCode')).toBe(code);
});

test('plain text is spoken, redirects are followed with a fresh signature', async () => {
  const { service, twilio } = await world({
    '/voice': () => ({ status: 307, location: '/words?a=1' }),
    '/words': () => ({ status: 200, type: 'text/plain', body: 'Hi <there>' }),
  });
  const sim = call(twilio);
  await sim.done;
  expect(sim.heardText()).toBe('Hi <there>');
  const second = service.requests[1];
  expect(second?.method).toBe('POST');
  expect(
    twilioSdk.validateRequest(
      TOKEN,
      String(second?.headers['x-twilio-signature']),
      `${BASE}/words?a=1`,
      Object.fromEntries(second?.params ?? []),
    ),
  ).toBe(true);
});

test('a request sent twice must be answered alike', async () => {
  let count = 0;
  const { service, twilio } = await world(
    { '/voice': () => `<Response><Pause length="0"/><!-- ${count++} --></Response>` },
    {},
    { webhookTwice: 1 },
  );
  await call(twilio).done;
  expect(new Set(service.requests.map((request) => request.headers['i-twilio-idempotency-token'])).size).toBe(1);
  expect(service.requests).toHaveLength(2);
  expect(twilio.complaints).toEqual([expect.stringContaining('answered in two ways')]);
});

test('status callbacks: only the final one, doubled on demand, with its numbers', async () => {
  const { service, twilio } = await world(
    { '/voice': () => BYE, '/status': () => ({ status: 204 }) },
    { statusCallback: `${BASE}/status` },
    { callbackTwice: 1, callbackDelayMsMax: 30 },
  );
  await call(twilio).done;
  const callbacks = service.requests
    .filter((request) => request.target === '/status')
    .map((request) => Object.fromEntries(request.params));
  expect(callbacks).toHaveLength(2);
  for (const params of callbacks) {
    expect(params).toMatchObject({
      CallStatus: 'completed',
      SequenceNumber: '0',
      CallbackSource: 'call-progress-events',
      SipResponseCode: '200',
      Timestamp: expect.stringMatching(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/),
    });
    expect(Number(params['CallDuration'])).toBeGreaterThanOrEqual(0);
  }
});

test('a hang-up while the webhook is asked ends the call unanswered', async () => {
  const { service, twilio } = await world(
    { '/voice': () => null, '/status': () => ({ status: 204 }) },
    { statusCallback: `${BASE}/status` },
  );
  const sim = call(twilio);
  await sim.waitFor(() => service.requests.length === 1);
  sim.hangUp();
  await sim.waitFor(() => service.requests.length === 2);
  expect(service.requests[1]?.params.get('CallStatus')).toBe('no-answer');
});

test('several addresses of a name are taken in turn, whatever became of them', async () => {
  const { service, twilio } = await world({ '/voice': () => BYE }, { voiceUrl: `${BASE}/voice#rc=3&rp=all&ct=100` });
  const dead = `127.0.0.1:${await freePort()}`;
  twilio.hosts[BASE] = [dead, BLACK_HOLE, service.address];
  for (let time = 0; time < 2; time++) {
    const sim = call(twilio);
    await sim.done;
    expect(sim.webhooks[0]?.status).toBe(200);
  }
  const failures = twilio.calls.flatMap((sim) => sim.webhooks[0]?.tries.map(({ failure }) => failure) ?? []);
  const turn = ['connectFailed', 'connectTimeout', null];
  expect(failures).toEqual([...turn, ...turn]);
  expect(service.requests).toHaveLength(2);
  expect(twilio.warnings).toEqual([]);
});
