import { expect, test } from 'vitest';
import { lacksPart } from '../../../embedded/parts.ts';
import { expectNothingLost } from './pipeline-judge.fixture.ts';
import { runPipeline } from './pipeline.fixture.ts';

const SEEDS = Array.from({ length: 10 }, (_, index) => index + 1);

test('Kafka, PostgreSQL and their parts are here', async () => {
  expect([await lacksPart('postgres'), await lacksPart('kafka')]).toEqual([false, false]);
});

test.for(SEEDS)('rows 16, 17 and 18 with Kafka away for a minute, seed %i', { timeout: 400_000 }, async (seed) => {
  const run = { seed, calls: 200, turns: 100, kafkaAwayMs: 60_000 };
  expectNothingLost(run, await runPipeline(run));
});
