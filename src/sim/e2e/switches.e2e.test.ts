import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFleet } from '../../directory/fleet.ts';
import { metricIn, metricsOf } from '../node-metrics.ts';
import { Caller } from './caller.fixture.ts';
import { eventually, startWorld, type World } from './world.fixture.ts';

const GREETING = 'Thanks for calling Mangy Dog Coffee! How can I help you today?';

let world: World;
let callers = 0;

beforeAll(async () => {
  world = await startWorld({
    nodes: 2,
    args: ['--faults'],
    // The first call with the assistant costs more than may be spent.
    env: { SPEND_MAX: '1/10', MODEL_PRICES: 'text-in=1000000,text-out=1000000,audio-out=1000000' },
  });
});
afterAll(() => world.stop());

const newCaller = (from = `+1207555${String(8000 + (callers += 1))}`) => new Caller(world, from);

/** `npm run switch`, as an operator would: with REDIS_URL alone. */
function operator(...line: string[]): Promise<string> {
  const argv = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../../switch.ts'), ...line];
  const env = { PATH: process.env['PATH'], REDIS_URL: world.redis.url };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...argv, '--reason', 'a drill', '--by', 'ann'], { env }, (error, stdout) =>
      error ? reject(error) : resolve(stdout.trim()),
    );
  });
}

/** The value of a metric of each node. */
const ofNodes = (name: string, labels: Record<string, string> = {}) =>
  Promise.all(world.nodes.map(async ({ opsPort }) => metricIn(await metricsOf(opsPort), name, labels)));

async function isHeardByNodes(name: string, count: number): Promise<void> {
  expect(await eventually(() => ofNodes('aida_switches_set', { name }), isAll(count))).toEqual([count, count]);
}

const isAll = (value: number) => (values: number[]) => values.every((each) => each === value);
const sessions = () => world.model?.sessions.length ?? 0;
/** One that was made ready and did not fit is none of these. */
const sessionsSpokenTo = () => world.model?.sessions.filter(({ heard }) => heard.length > 0).length ?? 0;

test('what an operator switches, every node does: no new calls; none from a number that is blocked', async () => {
  expect(await operator('set', 'admission', 'off')).toBe('admission is off');
  await isHeardByNodes('admission', 1);
  const closed = newCaller();
  await closed.hear('we cannot take your call right now. Please leave a message after the tone');
  await closed.hangUp();
  await operator('clear', 'admission');
  await isHeardByNodes('admission', 0);

  const robot = '+12075550199';
  expect(await operator('block', robot)).toBe(`${robot} is blocked for 720 hours`);
  const blocked = newCaller(robot);
  await blocked.hungUpOn();
  expect(blocked.call.heardText()).toBe('');
  expect(await operator('log')).toMatch(/ann: block \+12075550199: a drill\n.* ann: admission cleared: a drill\n/);
  expect(sessions()).toBe(0);
});

test('a rung for all: the keypad, without a model; a number gets three lines, then may leave a message', async () => {
  await operator('set', 'rung', 'menu');
  await isHeardByNodes('rung', 1);
  const from = '+12075550198';
  const three = [newCaller(from), newCaller(from), newCaller(from)];
  await Promise.all(three.map((caller) => caller.hear('Our assistant is not available at the moment. Press 1 for')));
  const fourth = newCaller(from);
  await fourth.hear('there were many calls from your number just now');
  await fourth.hangUp();
  await three[0]?.hangUp();
  const again = newCaller(from);
  await again.hear('Our assistant is not available at the moment.');
  await Promise.all([again, ...three.slice(1)].map((caller) => caller.hangUp()));
  await operator('clear', 'rung');
  await isHeardByNodes('rung', 0);
  expect(sessions()).toBe(0);
});

test('a tool that is switched off is told of in words; once the money is spent new callers get the keypad', async () => {
  await operator('set', 'tool:get_menu', 'off');
  await isHeardByNodes('tool', 1);
  const talking = newCaller();
  await talking.hear(GREETING);
  await talking.say('What is on the menu?');
  await talking.hear('the menu is not available');
  expect(
    await eventually(
      () => ofNodes('aida_spend_share'),
      (shares) => shares.every((share) => share >= 1),
    ),
  ).toEqual([expect.any(Number), expect.any(Number)]);
  expect(await ofNodes('aida_limiting', { limit: 'spend' })).toEqual([1, 1]);
  const late = newCaller();
  await late.hear('Our assistant is not available at the moment. Press 1 for our opening hours');
  await late.hangUp();
  await talking.say('Thank you, bye.');
  await talking.hear('Goodbye.');
  await talking.hungUpOn();
  expect(sessionsSpokenTo()).toBe(1);
});

test('fault 4: a node whose event loop is blocked for 2 s stops accepting, and opens again', async () => {
  const capacities = async () =>
    Object.fromEntries((await readFleet(world.link)).map(({ node, capacity }) => [node, capacity]));
  expect(await eventually(capacities, ({ 'node-1': first }) => first === 100)).toEqual({
    'node-1': 100,
    'node-2': 100,
  });
  await world.nodes[0]?.inflict({ block: 2_000 });
  expect(await eventually(capacities, ({ 'node-1': first }) => first === 0)).toEqual({ 'node-1': 0, 'node-2': 100 });
  expect(await eventually(capacities, ({ 'node-1': first }) => first === 100)).toEqual({
    'node-1': 100,
    'node-2': 100,
  });
  expect(world.lines.filter((line) => line.includes('the event loop has'))).toHaveLength(2);
});

test('nothing is left, and nobody complained', async () => {
  const loads = async () => (await readFleet(world.link)).map(({ load }) => load);
  expect(await eventually(loads, isAll(0))).toEqual([0, 0]);
  expect(world.complaints()).toEqual([]);
});
