import { beforeAll, expect, test } from 'vitest';
import { keepScenario } from './golden.fixture.ts';
import { rendered } from './report.ts';
import { type Result, runScenarios } from './runner.ts';
import { isFast, loadScenarios } from './scenario.ts';

/** Those that need neither a stack of their own nor much time, all at once; `npm run verify -- scenarios` has all. */
const fast = (await loadScenarios(import.meta.dirname)).filter(isFast);

let results: Map<string, Result>;

beforeAll(async () => {
  const lived = await runScenarios(fast, { variant: 'plain', seed: 1, onLived: keepScenario });
  results = new Map(lived.map((result) => [result.scenario.id, result]));
});

test.each(fast.map(({ id, name }) => [id, name]))('%s: %s', (id) => {
  const result = results.get(id);
  expect(result?.failures, result && rendered([result])).toEqual([]);
});

test('there are many of them', () => {
  expect(fast.length).toBeGreaterThanOrEqual(25);
});
