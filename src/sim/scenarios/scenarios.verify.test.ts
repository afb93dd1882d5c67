import { expect, test } from 'vitest';
import { keepScenario } from './golden.fixture.ts';
import { isFailed, rendered } from './report.ts';
import { runScenarios } from './runner.ts';
import { loadScenarios } from './scenario.ts';
import type { Variant } from './stage.ts';

const TIMEOUT_MS = 1_800_000;
const SEED = 1;

test.each<[string, Variant]>([
  ['as they are', 'plain'],
  ['with actors that are rebuilt after each fact', 'amnesia'],
  ['with the model cut once in each call', 'cut'],
])(
  'every scenario, %s',
  async (_how, variant) => {
    const onLived = variant === 'plain' ? { onLived: keepScenario } : {};
    const results = await runScenarios(await loadScenarios(import.meta.dirname), { variant, seed: SEED, ...onLived });
    expect(results.filter(isFailed).length, rendered(results.filter(isFailed))).toBe(0);
    expect(results.filter(({ skipped }) => skipped === null).length).toBeGreaterThanOrEqual(40);
  },
  TIMEOUT_MS,
);
