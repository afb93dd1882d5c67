import { afterAll, beforeAll, expect, test } from 'vitest';
import { Copy, mutants } from './mutants.fixture.ts';

const RUN_MS = 700_000;

let copy: Copy;

beforeAll(async () => {
  copy = await Copy.make();
});

afterAll(() => copy.remove());

test(
  'the copy is green while nothing is wrong with it',
  async () => {
    const files = [...new Set(mutants.flatMap(({ tests }) => tests))];
    const { passed, failed } = await copy.run(files);
    expect([passed > files.length, failed]).toEqual([true, 0]);
  },
  RUN_MS,
);

test.each(mutants)(
  'without it the tests go red: $safety',
  async (mutant) => {
    for (const file of mutant.tests) {
      const { failed } = await copy.judge({ ...mutant, tests: [file] });
      expect([file, failed > 0]).toEqual([file, true]);
    }
  },
  RUN_MS,
);
