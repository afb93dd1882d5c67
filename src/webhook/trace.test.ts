import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { keptSpans } from '../telemetry/spans.fixture.ts';
import { traceOf } from '../telemetry/trace-ids.ts';
import { CALL_SID, type Carrier, startCarrier } from './carrier.fixture.ts';

const PARENT_SID = `CA${'b'.repeat(32)}`;
const kept = keptSpans();

let carrier: Carrier;

beforeAll(async () => {
  carrier = await startCarrier({ tracing: kept });
});

afterEach(() => {
  kept.spans.length = 0;
});

afterAll(() => carrier.close());

test('each webhook is a span of its call, without what the request says', async () => {
  await carrier.post('/voice/next', { CallStatus: 'in-progress', From: '+15553334444' });
  expect(kept.spans).toMatchObject([
    {
      name: 'POST /voice/next',
      parentId: traceOf(CALL_SID).spanId,
      kind: 'server',
      error: null,
      attributes: { 'http.route': '/voice/next', 'http.response.status_code': 200 },
    },
  ]);
  expect(JSON.stringify(kept.spans)).not.toContain('555333');
});

test.each([
  ['/voice/next', {}],
  ['/voice/wait', { Digits: '1' }],
])('what %s brings about is put below its span', async (path, params) => {
  await carrier.post(path, { CallStatus: 'in-progress', ...params });
  const [request] = kept.named(`POST ${path}`);
  expect(request).toBeDefined();
  expect(carrier.door.asked.at(-1)?.trace).toEqual(request?.place);
});

test('a callback that could not be taken is an error', async () => {
  carrier.door.telling = 'unavailable';
  await carrier.post('/voice/status', { CallStatus: 'completed', CallDuration: '9', SequenceNumber: '3' });
  carrier.door.telling = 'taken';
  expect(kept.spans).toMatchObject([{ name: 'POST /voice/status', error: 'http_503' }]);
});

test('an exception that reaches the server is an error of its webhook, and counted as one', async () => {
  vi.spyOn(carrier.metrics.callsAnswered, 'inc').mockImplementationOnce(() => {
    throw new Error('planted');
  });
  carrier.door.refuses = 'unavailable';
  const reply = await carrier.post('/voice', { CallStatus: 'ringing' });
  carrier.door.refuses = null;
  expect(reply.status).toBe(500);
  expect(kept.named('POST /voice')).toMatchObject([{ error: 'http_500' }]);
  const { values } = await carrier.metrics.webhooks.get();
  expect(values).toContainEqual({ labels: { route: '/voice', status: '500' }, value: 1 });
});

test('a line to the staff belongs to the call that it was rung for', async () => {
  const staffLine = { Direction: 'outbound-dial', ParentCallSid: PARENT_SID, CallStatus: 'completed' };
  await carrier.post('/voice/status', staffLine);
  expect(kept.spans).toMatchObject([{ place: { callSid: PARENT_SID }, parentId: traceOf(PARENT_SID).spanId }]);
});

test('a caller who is turned away leaves a whole trace', async () => {
  const { place } = carrier;
  carrier.place = { ok: false, reason: 'blocked' };
  await carrier.post('/voice', { CallStatus: 'ringing' });
  carrier.place = place;
  const [call] = kept.named('call');
  expect(call).toMatchObject({ parentId: null, place: traceOf(CALL_SID), attributes: { 'aida.outcome': 'blocked' } });
  expect(kept.named('POST /voice')).toMatchObject([{ parentId: call?.place.spanId }]);
});

test('what is no request of the carrier has no span', async () => {
  await carrier.post('/voice/next', {}, { signature: 'forged' });
  expect(kept.spans).toEqual([]);
});
