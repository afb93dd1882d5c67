import { afterEach, expect, test } from 'vitest';
import twilioSdk from 'twilio';
import { ACCOUNT, asked, BASE, BYE, closeWorlds, rest, world } from './verbs.fixture.ts';
import type { Staff, TwilioFaults } from './world.ts';

const STORE = '+15550002222';
const CUSTOMER = '+15550001111';
const AT_ONCE: Partial<TwilioFaults> = { outboundPerS: 1_000 };
const order = { To: CUSTOMER, From: STORE, Url: `${BASE}/answered`, StatusCallback: `${BASE}/cb` };

afterEach(closeWorlds);

test('who is called and answers hears the TwiML, presses, speaks and hangs up', async () => {
  const customer: Staff = { result: 'answers', afterS: 0.1, presses: '1', hangsUpAfterS: 2 };
  const { service, twilio } = await world(
    {
      '/answered': () => '<Response><Gather numDigits="1" action="/key"><Say>Press one</Say></Gather></Response>',
      '/key': () => '<Response><Say>Thank you</Say><Pause length="20"/></Response>',
    },
    AT_ONCE,
    { [CUSTOMER]: customer },
  );
  const client = twilioSdk(ACCOUNT, 'secret');
  client.api.baseUrl = twilio.apiUrl;
  const placed = await client.calls.create({
    to: CUSTOMER,
    from: STORE,
    url: order.Url,
    method: 'POST',
    statusCallback: order.StatusCallback,
    statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
  });
  expect([placed.status, placed.direction]).toEqual(['queued', 'outbound-api']);
  const [sim] = twilio.calls;
  await sim?.done;
  expect([sim?.sid, sim?.endedBy]).toEqual([placed.sid, 'phone']);
  expect(sim?.heardText()).toMatch(/^(P.* )?Thank you$/);
  expect(asked(service, '/answered')).toMatchObject([
    { CallSid: placed.sid, CallStatus: 'in-progress', Direction: 'outbound-api', From: STORE, To: CUSTOMER },
  ]);
  expect(asked(service, '/key')).toMatchObject([{ Digits: '1' }]);
  const told = asked(service, '/cb').map(({ CallStatus, SequenceNumber }) => `${SequenceNumber} ${CallStatus}`);
  expect(told.toSorted()).toEqual(['0 initiated', '1 ringing', '2 in-progress', '3 completed']);
  expect(twilio.complaints).toEqual([]);
});

test.each(['busy', 'no-answer', 'failed'] as const)('a phone that is %s: no TwiML is asked', async (result) => {
  const { service, twilio } = await world({}, AT_ONCE, { [CUSTOMER]: { result, afterS: 0.1 } });
  expect((await rest(twilio, '/Calls.json', order)).status).toBe(201);
  await twilio.calls[0]?.done;
  expect(asked(service, '/answered')).toEqual([]);
  expect(asked(service, '/cb')).toMatchObject([{ CallStatus: result, CallDuration: '0' }]);
});

test('a second is one call: the next one is queued, cannot be redirected, and can be cancelled', async () => {
  const { service, twilio } = await world({ '/answered': () => BYE }, {}, { [CUSTOMER]: { result: 'answers' } });
  await rest(twilio, '/Calls.json', order);
  const second = (await (await rest(twilio, '/Calls.json', order)).json()) as { sid: string; status: string };
  await twilio.calls[0]?.done;
  const queued = (await (await rest(twilio, '/Calls.json?Status=queued')).json()) as { calls: { sid: string }[] };
  expect(queued.calls.map(({ sid }) => sid)).toEqual([second.sid]);
  const redirected = await rest(twilio, `/Calls/${second.sid}.json`, { Url: order.Url });
  expect(await redirected.json()).toMatchObject({ code: 21_220 });
  expect((await rest(twilio, `/Calls/${second.sid}.json`, { Status: 'canceled' })).status).toBe(200);
  await twilio.calls[1]?.done;
  expect(asked(service, '/answered')).toHaveLength(1);
  expect(asked(service, '/cb').map(({ CallStatus }) => CallStatus)).toEqual(['completed', 'canceled']);
});

test.each([
  [{ ...order, Url: '/relative' }, 21_205],
  [{ ...order, Twiml: BYE }, 21_205],
  [{ ...order, To: '' }, 21_201],
  [{ ...order, Loudness: '1' }, 20_001],
])('an order that is wrong is refused and complained about', async (form, code) => {
  const { twilio } = await world({}, AT_ONCE);
  expect(await (await rest(twilio, '/Calls.json', form)).json()).toMatchObject({ code, status: 400 });
  expect([twilio.calls, twilio.complaints.length]).toEqual([[], 1]);
});
