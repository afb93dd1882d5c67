import { describe, test } from 'vitest';
import { lacksPart } from '../../../embedded/parts.ts';
import { expectNothingLost } from './pipeline-judge.fixture.ts';
import { runPipeline } from './pipeline.fixture.ts';

const lacks = (await lacksPart('postgres')) || (await lacksPart('kafka'));

describe.skipIf(lacks)('rows 16, 17 and 18: Kafka away, stored and reset, a consumer killed before its offset', () => {
  test('every final turn of 200 calls is one row, and stands in the topic in order', async () => {
    const run = { seed: 1, calls: 200, turns: 12, kafkaAwayMs: 5_000 };
    expectNothingLost(run, await runPipeline(run));
  }, 180_000);
});
