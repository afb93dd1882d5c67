import { afterAll, beforeAll, expect, test } from 'vitest';
import { CallLogEntity } from '../../../entities/call-log.ts';
import { CallbackRequestEntity } from '../../../entities/callback-request.ts';
import { StoreSettingsEntity } from '../../../entities/store-settings.ts';
import { CATALOG_CHANNEL } from '../../services/catalog-keeper.ts';
import { metricIn, metricsOf } from '../node-metrics.ts';
import { readAccount } from '../account.ts';
import { Caller } from './caller.fixture.ts';
import { keepGolden } from './golden.fixture.ts';
import { eventually, startWorld, type World } from './world.fixture.ts';

const GREETING = 'Thanks for calling Mangy Dog Coffee! How can I help you today?';
const CUSTOMER = '+12075550733';
const WITHIN_MS = 40_000;

let world: World;

beforeAll(async () => {
  // Of two nodes with a place each, one is kept for the loss of the other: one caller is answered.
  world = await startWorld({
    nodes: 2,
    env: { CALLS_MAX: '1' },
    twilio: { staff: { [CUSTOMER]: { result: 'answers', afterS: 0.1 } } },
  });
  await world.rows
    .getRepository(StoreSettingsEntity)
    .update({ id: 1 }, { timeZone: zoneOfNoon(), callbackDialler: true, callbackMinutes: 60 });
  await world.link.command('publish', CATALOG_CHANNEL, '');
});
afterAll(() => world.stop());

/** Where it is about noon now, so that it is within hours whenever the tests run. */
function zoneOfNoon(): string {
  const ahead = new Date().getUTCHours() - 12;
  return ahead === 0 ? 'Etc/GMT' : `Etc/GMT${ahead > 0 ? '+' : ''}${ahead}`;
}

const outcomeOf = async (callSid: string) =>
  (await world.rows.getRepository(CallLogEntity).findOneBy({ callSid }))?.outcome ?? null;

test('the place of one caller is the next one’s, whatever node is lost meanwhile; who asked for it is called back', async () => {
  const first = new Caller(world, '+12075550731');
  await first.hear(GREETING);

  const second = new Caller(world, '+12075550732');
  await second.hear('You are next in line.');

  const third = new Caller(world, CUSTOMER);
  await third.hear('You are number 2 in line.');
  await third.hear('Press 2, and we will call you back within an hour.');
  await third.press('2');
  await third.hear('We will call you back within an hour, at the number that you are calling from. Goodbye.');
  await third.hungUpOn();

  const live = await Promise.all(
    world.nodes.map(async ({ opsPort }) => metricIn(await metricsOf(opsPort), 'aida_calls_live')),
  );
  const idle = world.nodes[live.indexOf(0)];
  idle?.kill('SIGKILL');
  await idle?.exited;
  const impatient = new Caller(world, '+12075550734');
  await impatient.hear('You are number 2 in line.');
  await impatient.hangUp();

  await first.hangUp();
  await second.hear(GREETING);
  expect(second.call.heard().every(({ faults }) => faults === 0)).toBe(true);
  await second.hangUp();

  const placed = await eventually(
    () => world.twilio.calls.find(({ leg }) => leg.options.direction === 'outbound-api'),
    (call) => call?.heardText().includes('help you today?') ?? false,
    WITHIN_MS,
  );
  expect(placed?.heardText()).toBe(GREETING);
  placed?.hangUp();
  await placed?.done;
  const requests = world.rows.getRepository(CallbackRequestEntity);
  const request = await eventually(
    () => requests.findOneByOrFail({ callSid: third.call.sid }),
    ({ status }) => status !== 'dialing',
  );
  const { number, status, attempts, lastCallSid } = request;
  expect({ number, status, attempts, lastCallSid }).toEqual({
    number: CUSTOMER,
    status: 'answered',
    attempts: 1,
    lastCallSid: placed?.sid,
  });
  const outcomes = await eventually(
    () => Promise.all([first, second, third, impatient].map(({ call: { sid } }) => outcomeOf(sid))),
    (known) => known.every((outcome) => outcome !== null && outcome !== 'waiting'),
  );
  expect(outcomes).toEqual(['answered', 'answered', 'callback', 'abandoned']);
  await keepGolden('waits for a place and is answered', (await readAccount(world, second.call)).facts);
  await keepGolden('asks for a call-back while waiting', (await readAccount(world, third.call)).facts);
  expect(world.complaints()).toEqual([]);
}, 120_000);
