import { expect, test } from 'vitest';
import { fuzz } from './fuzzer.ts';
import { fuzzers } from './fuzzers.ts';

const CASES = 1_000_000;
const MS_MAX = 60 * 60_000;
const [seed = 1] = crypto.getRandomValues(new Uint32Array(1));

test.each(fuzzers)(
  '$name: a million',
  (fuzzer) => {
    const startedMs = performance.now();
    const faults = fuzz(fuzzer, seed, CASES);
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
    // A seed that found something is added to seeds.json, and stays.
    console.log(`${fuzzer.name}: ${CASES} cases with seed ${seed} in ${seconds} s, ${faults.length} faults`);
    expect(faults).toEqual([]);
  },
  MS_MAX,
);
