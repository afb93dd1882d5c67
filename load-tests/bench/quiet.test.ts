import { expect, test } from 'vitest';
import { isQuiet, repeated, type Watched } from './quiet.ts';

const noise = { slowdownBefore: 0, slowdownAfter: 0, foreignShare: 0 };

function run(result: number, quiet: boolean): Watched<number> {
  return { result, noise, isQuiet: quiet, cpuMs: new Map(), elapsedMs: 1 };
}

test('a run is quiet when neither end of it was slow and others took little', () => {
  expect(isQuiet(noise)).toBe(true);
  expect(isQuiet({ ...noise, slowdownBefore: 0.2 })).toBe(false);
  expect(isQuiet({ ...noise, slowdownAfter: 0.2 })).toBe(false);
  expect(isQuiet({ ...noise, foreignShare: 0.06 })).toBe(false);
  expect(isQuiet({ ...noise, foreignShare: null })).toBe(true);
});

test('noisy runs are repeated and left out', async () => {
  const { all, kept, isTrusted } = await repeated({ wanted: 2, triesMax: 9 }, (n) =>
    Promise.resolve(run(n, n % 2 === 0)),
  );
  expect([all.map((one) => one.result), kept.map((one) => one.result), isTrusted]).toEqual([
    [1, 2, 3, 4],
    [2, 4],
    true,
  ]);
});

test('where every run was noisy all are shown and none is trusted', async () => {
  const { kept, isTrusted } = await repeated({ wanted: 2, triesMax: 3 }, (n) => Promise.resolve(run(n, false)));
  expect([kept.length, isTrusted]).toEqual([3, false]);
});
