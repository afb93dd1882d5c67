import { afterEach, expect, test } from 'vitest';
import twilioSdk from 'twilio';
import { ACCOUNT, asked, BASE, BYE, call, closeWorlds, rest, world } from './verbs.fixture.ts';

afterEach(closeWorlds);

test('REST: redirect stops the stream, runs the new TwiML, and the action is not asked', async () => {
  const { service, twilio } = await world({
    '/voice': () =>
      '<Response><Connect action="/done"><Stream url="wss://voice.example.com/media"/></Connect></Response>',
    '/moved': () => '<Response><Say>Moved</Say></Response>',
  });
  const sim = call(twilio);
  await sim.waitFor(() => (service.streams[0]?.messages.length ?? 0) > 2);
  const inline = await rest(twilio, `/Calls/${sim.sid}.json`, {
    Twiml: `<Response><Say>Inline</Say><Redirect>${BASE}/moved</Redirect></Response>`,
  });
  expect(inline.status).toBe(200);
  expect(await inline.json()).toMatchObject({
    sid: sim.sid,
    status: 'in-progress',
    direction: 'inbound',
    duration: null,
  });
  await sim.done;
  expect(service.streams[0]?.messages.at(-1)).toMatchObject({ event: 'stop' });
  expect(sim.heardText()).toBe('Inline Moved');
  expect(asked(service, '/done')).toEqual([]);
  const late = await rest(twilio, `/Calls/${sim.sid}.json`, { Status: 'completed' });
  expect([late.status, await late.json()]).toEqual([
    400,
    { code: 21_220, message: expect.any(String), more_info: expect.any(String), status: 400 },
  ]);
  expect(await (await rest(twilio, `/Calls/${sim.sid}.json`)).json()).toMatchObject({
    status: 'completed',
    duration: expect.stringMatching(/^\d+$/),
  });
});

test('REST: a redirect to a URL sends stop, closes, asks the URL with its query; all of it is on record', async () => {
  const { service, twilio } = await world({
    '/voice': () =>
      '<Response><Connect action="/done"><Stream url="wss://voice.example.com/media"/></Connect></Response>',
    '/moved': () => '<Response><Pause length="20"/></Response>',
  });
  const sim = call(twilio);
  await sim.waitFor(() => (service.streams[0]?.messages.length ?? 0) > 2);
  const beganMs = performance.now();
  await rest(twilio, `/Calls/${sim.sid}.json`, { Url: `${BASE}/moved?move=7`, Method: 'POST' });
  await sim.waitFor(() => service.requests.some(({ target }) => target === '/moved?move=7'));
  await sim.waitFor(() => service.streams[0]?.socket.readyState === 3);
  expect(service.streams[0]?.messages.at(-1)).toMatchObject({ event: 'stop' });
  expect(sim.streams[0]?.end).toEqual({ by: 'twilio' });
  expect(asked(service, '/done')).toEqual([]);
  twilio.faults.restBusy = 1;
  await rest(twilio, `/Calls/${sim.sid}.json`, { Status: 'completed' });
  twilio.faults.restBusy = 0;
  sim.hangUp();
  await sim.done;
  await rest(twilio, `/Calls/${sim.sid}.json`, { Twiml: BYE });
  expect(sim.updates.map(({ form, status, code }) => ({ form, status, code }))).toEqual([
    { form: { Url: `${BASE}/moved?move=7`, Method: 'POST' }, status: 200, code: null },
    { form: { Status: 'completed' }, status: 429, code: 20_429 },
    { form: { Twiml: BYE }, status: 400, code: 21_220 },
  ]);
  expect(sim.updates[0]?.atMs).toBeGreaterThanOrEqual(beganMs);
});

test('of calls that are over nothing is kept once they are forgotten; those under way stay', async () => {
  const { twilio } = await world({ '/voice': () => '<Response><Pause length="20"/></Response>' });
  const [over, live] = [call(twilio), call(twilio)];
  await Promise.all([over, live].map((sim) => sim.waitFor(() => sim.documents.length === 1)));
  over.hangUp();
  await over.done;
  twilio.forget();
  expect(twilio.calls.map(({ sid }) => sid)).toEqual([live.sid]);
  expect((await rest(twilio, `/Calls/${over.sid}.json`)).status).toBe(404);
  expect((await rest(twilio, `/Calls/${live.sid}.json`)).status).toBe(200);
  live.hangUp();
  await live.done;
});

test('REST: lists by status in pages, ends calls, refuses what is wrong', async () => {
  const { twilio } = await world({ '/voice': () => '<Response><Pause length="20"/><Say>x</Say></Response>' });
  const sims = [call(twilio), call(twilio), call(twilio)];
  await Promise.all(sims.map((sim) => sim.waitFor(() => sim.documents.length === 1)));
  const first = (await (await rest(twilio, '/Calls.json?Status=ringing&PageSize=2')).json()) as {
    calls: unknown[];
    next_page_uri: string;
  };
  expect(first.calls).toHaveLength(2);
  const second = (await (await rest(twilio, first.next_page_uri.split(ACCOUNT)[1] ?? '')).json()) as {
    calls: unknown[];
    next_page_uri: null;
  };
  expect([second.calls.length, second.next_page_uri]).toEqual([1, null]);
  expect((await rest(twilio, `/Calls/${sims[0]?.sid}.json`, { Status: 'completed' })).status).toBe(200);
  expect((await rest(twilio, `/Calls/CA${'0'.repeat(32)}.json`)).status).toBe(404);
  twilio.faults.restBusy = 1;
  expect(await (await rest(twilio, '/Calls.json')).json()).toMatchObject({ code: 20_429, status: 429 });
  twilio.faults.restBusy = 0;
  expect(twilio.complaints).toEqual([]);
  expect((await rest(twilio, `/Calls/${sims[1]?.sid}.json`, { Twiml: BYE, Status: 'completed' })).status).toBe(400);
  expect(twilio.complaints).toHaveLength(1);
});

test("REST: the vendor's own client reads, lists and ends calls, and meets 429 and 21220 as errors", async () => {
  const { twilio } = await world({ '/voice': () => '<Response><Pause length="20"/><Say>x</Say></Response>' });
  const client = twilioSdk(ACCOUNT, 'secret');
  client.api.baseUrl = twilio.apiUrl;
  const sim = call(twilio);
  await sim.waitFor(() => sim.documents.length === 1);
  expect(await client.calls(sim.sid).fetch()).toMatchObject({ sid: sim.sid, status: 'ringing', from: '+15550001111' });
  expect((await client.calls.list({ status: 'ringing', limit: 5 })).map((one) => one.sid)).toEqual([sim.sid]);
  twilio.faults.restBusy = 1;
  await expect(client.calls(sim.sid).fetch()).rejects.toMatchObject({ status: 429, code: 20_429 });
  twilio.faults.restBusy = 0;
  twilio.faults.restBroken = 1;
  await expect(client.calls(sim.sid).fetch()).rejects.toMatchObject({ status: 500 });
  twilio.faults.restBroken = 0;
  await client.calls(sim.sid).update({ status: 'completed' });
  await sim.done;
  await expect(client.calls(sim.sid).update({ twiml: BYE })).rejects.toMatchObject({ status: 400, code: 21_220 });
});

test('REST: a request that is never answered ends with its caller’s patience', async () => {
  const { twilio } = await world({}, { restSilent: 1 });
  const url = `${twilio.apiUrl}/2010-04-01/Accounts/${ACCOUNT}/Calls.json`;
  await expect(fetch(url, { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({ name: 'TimeoutError' });
  expect(twilio.requests).toMatchObject([{ method: 'GET', path: '/Calls.json', status: null }]);
});
