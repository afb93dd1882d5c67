import { expect, test } from 'vitest';
import { rollingRestart } from './rolling.fixture.ts';
import { judgeRolling } from './rolling-judge.fixture.ts';

const CALLS = 30;

test('row 23: three nodes are replaced under thirty calls, and nobody is hung up on or cut in a sentence', async () => {
  const result = await rollingRestart({ calls: CALLS, releases: [{}, {}], drainS: 1 });
  judgeRolling(result, { calls: CALLS, rounds: 1 });
  expect(result.codes).toEqual([0, 0, 0]);
}, 240_000);
