import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacksPart } from '../../src/embedded/parts.ts';
import { faultsOf, type Outcome, type Plan, rehearse } from './rehearse.ts';
import { type DeployedStack, startDeployed } from './stack.ts';

/** Each kind of caller twice. */
const PLAN: Plan = { calls: 12, atOnce: 6, settlesMs: 4_000, shareMin: 0.6 };
const START_MS_MAX = 150_000;
const PLAY_MS_MAX = 180_000;
const lacks = await Promise.all((['postgres', 'kafka', 'haproxy', 'prometheus'] as const).map(lacksPart));

describe.skipIf(lacks.some(Boolean))('the services of docker-compose.yml, without containers', () => {
  let stack: DeployedStack;
  let outcome: Outcome;

  beforeAll(async () => {
    stack = await startDeployed(() => undefined);
    outcome = await rehearse(stack, PLAN, () => undefined);
  }, START_MS_MAX + PLAY_MS_MAX);
  afterAll(() => stack?.stop(), 60_000);

  test('a promotion goes through the proxy over both nodes: nobody is let down, every call is understood', () => {
    expect(faultsOf(outcome, PLAN, [...stack.processes.keys()])).toEqual([]);
    expect(outcome.calls).toBe(PLAN.calls);
  });

  test('each process does what its role says, and no other', () => {
    expect([...stack.processes.keys()]).toEqual(['node-1', 'node-2', 'relay', 'analytics', 'console']);
    const webhooks = stack.proxy.requests.filter(({ request }) => request === 'POST /voice');
    expect(webhooks.length).toBeGreaterThanOrEqual(PLAN.calls);
    expect(webhooks.map(({ server }) => server)).toEqual(expect.arrayContaining(['node-1', 'node-2']));
  });

  test('every board has data from each kind of source', () => {
    expect(outcome.boards.map(({ board }) => board)).toHaveLength(6);
    for (const { board, withData } of outcome.boards) expect([board, withData > 0]).toEqual([board, true]);
  });
});
