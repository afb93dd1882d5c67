import { afterEach, beforeEach, expect, it } from 'vitest';
import { startCarrier, type Carrier } from './carrier.fixture.ts';

let carrier: Carrier;
beforeEach(async () => {
  carrier = await startCarrier();
});
afterEach(() => carrier.close());

const payload = {
  resource_sid: `CA${'a1'.repeat(16)}`,
  service_sid: null,
  error_code: '31921',
  more_info: { Msg: 'Stream - WebSocket - Close Error, dialing +15553334444', From: '+15553334444' },
  webhook: { request: { parameters: { From: '+15553334444' } } },
};
const complaint = { Sid: `NO${'0'.repeat(32)}`, Level: 'ERROR', PayloadType: 'application/json' };
const lines = () => carrier.lines.map((line) => JSON.parse(line) as Record<string, unknown>);

it('keeps codes and names of what the carrier complains about, and nobody’s number', async () => {
  const reply = await carrier.post('/voice/debugger', { ...complaint, Payload: JSON.stringify(payload) });
  expect([reply.status, reply.body]).toEqual([204, '']);
  expect(lines()).toEqual([
    {
      level: 'error',
      time: expect.any(String),
      callSid: payload.resource_sid,
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      code: '31921',
      message: expect.stringMatching(/^Stream - WebSocket - Close Error, dialing \[/),
      sid: complaint.Sid,
      msg: 'the carrier complains',
    },
  ]);
  expect(JSON.stringify(lines())).not.toContain('5553334444');
  expect(await carrier.metrics.registry.getSingleMetricAsString('aida_carrier_complaints_total')).toContain(
    '{level="error",class="stream"} 1',
  );
});

it.each([
  ['10004', 'account'],
  ['11200', 'fetching'],
  ['11750', 'fetching'],
  ['12100', 'document'],
  ['13224', 'dialing'],
  ['20429', 'account'],
  ['21220', 'rest'],
  ['31920', 'stream'],
  ['99999', 'other'],
  ['', 'other'],
  ['31920; DROP', 'other'],
])('counts the code %j as %s', async (error_code, of) => {
  await carrier.post('/voice/debugger', { ...complaint, Payload: JSON.stringify({ error_code }) });
  const { values } = await carrier.metrics.carrierComplaints.get();
  expect(values).toEqual([{ labels: { level: 'error', class: of }, value: 1 }]);
});

it('a complaint is about no call of ours: none is named or asked', async () => {
  expect((await carrier.post('/voice/debugger', { CallSid: '', Level: 'WARNING' })).status).toBe(204);
  expect([carrier.door.asked, carrier.door.told, lines()[0]?.['level']]).toEqual([[], [], 'warn']);
});

it.each(['', '{', '[]', 'null', '7', '{"more_info":"x","error_code":{}}', `{"error_code":"${'9'.repeat(3_000)}"}`])(
  'takes the payload %j',
  async (Payload) => {
    expect((await carrier.post('/voice/debugger', { ...complaint, Payload })).status).toBe(204);
    expect(String(lines()[0]?.['code']).length).toBeLessThanOrEqual(200);
  },
);

it('refuses what is forged, no form or too large', async () => {
  expect((await carrier.post('/voice/debugger', complaint, { signature: '' })).status).toBe(403);
  expect((await carrier.post('/voice/debugger', { ...complaint, Payload: 'x'.repeat(70_000) })).status).toBe(413);
  expect((await carrier.raw('/voice/debugger', { method: 'POST', body: 'x' })).status).toBe(403);
  expect(lines()).toEqual([]);
});
