import { expect, test } from 'vitest';
import { type Fuzzer, fuzz, randomOf } from './fuzzer.ts';
import { fuzzers } from './fuzzers.ts';
import seeds from './seeds.json' with { type: 'json' };

/** Of each kind, over all seeds that are kept. */
const CASES = 10_000;

test.each(fuzzers)('$name: no crash, no forgery, nothing read in two ways', (fuzzer) => {
  const each = Math.ceil(CASES / seeds.length);
  expect(seeds.flatMap((seed) => fuzz(fuzzer, seed, each))).toEqual([]);
});

test('each case is another one, however large the seed', () => {
  for (const seed of [1, 20_261_123, 4_294_967_291]) {
    const first = Array.from({ length: 1_000 }, (_, index) => randomOf(seed, index).next());
    expect([seed, new Set(first).size]).toEqual([seed, 1_000]);
  }
});

test('a fault is told with what makes it again', () => {
  const strict: Fuzzer = { name: 'strict', begin: () => (random) => (random.chance(0.01) ? 'found' : null) };
  const [first] = fuzz(strict, 7, 5_000);
  expect(first?.what).toBe('found');
  expect(fuzz(strict, 7, 5_000)[0]).toEqual(first);
  const throws: Fuzzer = { name: 'throws', begin: () => () => JSON.parse('{') as null };
  expect(fuzz(throws, 1, 100)).toHaveLength(5);
});
