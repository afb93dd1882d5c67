import { afterEach, expect, test } from 'vitest';
import { ACCOUNT, asked, BASE, BYE, call, closeWorlds, world } from '../sim/twilio/verbs.fixture.ts';
import { createCarrier } from './carrier.ts';

afterEach(closeWorlds);

const LONG = '<Response><Pause length="20"/><Say>x</Say></Response>';

function carrierOf(apiUrl: string) {
  const errors: unknown[] = [];
  const carrier = createCarrier({ accountSid: ACCOUNT, authTokens: ['secret'], apiUrl }, (error) => errors.push(error));
  return { carrier, errors };
}

test('a live call is taken to other TwiML, by address and inline; one that is over is gone', async () => {
  const { service, twilio } = await world({
    '/voice': () => LONG,
    '/voice/next': () => '<Response><Pause length="20"/><Say>y</Say></Response>',
  });
  const { carrier, errors } = carrierOf(twilio.apiUrl);
  const sim = call(twilio);
  await sim.waitFor(() => sim.documents.length === 1);
  expect(await carrier.redirect(sim.sid, `${BASE}/voice/next?move=7`)).toBe('done');
  await sim.waitFor(() => sim.documents.length === 2);
  expect(asked(service, '/voice/next?move=7')).toHaveLength(1);
  expect(await carrier.replace(sim.sid, '<Response><Say>Inline</Say></Response>')).toBe('done');
  await sim.done;
  expect(sim.heardText()).toBe('Inline');
  expect(await carrier.redirect(sim.sid, `${BASE}/voice/next`)).toBe('gone');
  expect(await carrier.replace(sim.sid, BYE)).toBe('gone');
  expect(await carrier.redirect(`CA${'0'.repeat(32)}`, `${BASE}/voice/next`)).toBe('gone');
  expect([errors, twilio.complaints]).toEqual([[], []]);
});

test('busy, broken and absent carriers are told apart, and never throw', async () => {
  const { twilio } = await world({ '/voice': () => LONG });
  const { carrier, errors } = carrierOf(twilio.apiUrl);
  const sim = call(twilio);
  await sim.waitFor(() => sim.documents.length === 1);
  twilio.faults.restBusy = 1;
  expect(await carrier.redirect(sim.sid, BASE)).toBe('busy');
  expect([await carrier.live(), errors.length]).toEqual([null, 1]);
  twilio.faults.restBusy = 0;
  twilio.faults.restBroken = 1;
  expect(await carrier.redirect(sim.sid, BASE)).toBe('failed');
  expect([await carrier.ask(sim.sid), errors.length]).toEqual([null, 3]);
  const absent = carrierOf('http://127.0.0.1:1');
  expect(await absent.carrier.replace(sim.sid, BYE)).toBe('failed');
  expect(
    await absent.carrier.place({ to: '+15550003333', from: '+15550002222', url: BASE, statusCallback: BASE }),
  ).toBe(null);
  expect(absent.errors).toHaveLength(2);
});

test('live calls are listed over all their statuses, ended ones are not', async () => {
  const { twilio } = await world({ '/voice': () => LONG });
  const { carrier } = carrierOf(twilio.apiUrl);
  const sims = [call(twilio), call(twilio), call(twilio)];
  await Promise.all(sims.map((sim) => sim.waitFor(() => sim.documents.length === 1)));
  sims[1]?.hangUp();
  await sims[1]?.done;
  const live = await carrier.live();
  expect(new Set(live)).toEqual(new Set([sims[0]?.sid, sims[2]?.sid]));
});
