import { afterEach, expect, test } from 'vitest';
import { accountOf, disagreements } from '../account.ts';
import { Bystander } from './bystander.fixture.ts';
import { Caller } from './caller.fixture.ts';
import { post } from './stranger.fixture.ts';
import { startWorld, type World } from './world.fixture.ts';

const GREETING = 'Thanks for calling Mangy Dog Coffee! How can I help you today?';
const params = {
  CallSid: `CA${'d'.repeat(32)}`,
  AccountSid: 'AC',
  CallStatus: 'in-progress',
  From: '+12075550601',
  To: '+12075550142',
};

let world: World;

afterEach(() => world.stop());

const healthz = async () => (await fetch(`http://127.0.0.1:${world.node.opsPort}/healthz`)).status;

test('Redis is gone: who is in a call talks on, who calls is served; the fallback needs nothing at all', async () => {
  world = await startWorld();
  const bystander = await Bystander.begin(world, '+12075550602');
  await world.redis.stop();

  const caller = new Caller(world, '+12075550603');
  await caller.hear(GREETING);
  await caller.say('How much is an oat milk latte?');
  await caller.hear('5.25');
  await caller.hangUp();
  expect(await world.metric('aida_apologies_total')).toBe(0);

  await world.database.stop();
  const fallback = await post(world, { path: '/voice/fallback', params });
  expect([fallback.status, /technical trouble.*<Dial/s.test(fallback.body)]).toEqual([200, true]);
  await bystander.leave();
  expect([await healthz(), await world.metric('aida_faults_total'), world.complaints()]).toEqual([200, 0, []]);
});

test('the database is gone: answers come from memory, and what was said is not lost', async () => {
  world = await startWorld({ database: 'postgres' });
  const caller = new Caller(world, '+12075550604');
  await caller.hear(GREETING);
  await world.database.stop();
  await caller.say('How much is an oat milk latte?');
  await caller.hear('5.25');
  await caller.say('What are your hours on Tuesday?');
  await caller.hear('Tuesday 07:00 - 18:00');
  const second = new Caller(world, '+12075550605');
  await second.hear(GREETING);
  await second.say('Do you have wifi?');
  await second.hear('/wi-?fi/');
  await Promise.all([caller.hangUp(), second.hangUp()]);
  const account = await accountOf(world, caller.call);
  expect(account.of('tool.answered').map(({ result }) => result)).toEqual(['ok', 'ok']);
  expect(disagreements(world, caller.call, account)).toEqual([]);
  expect([await healthz(), await world.metric('aida_faults_total'), world.complaints()]).toEqual([200, 0, []]);
});
