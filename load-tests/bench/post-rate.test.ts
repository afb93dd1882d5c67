import { expect, test } from 'vitest';
import { askSteadily } from './post-rate.ts';

test('questions go on while none is answered, and waiting counts from when each was due', async () => {
  const waiting: (() => void)[] = [];
  const load = askSteadily(
    { rate: 500, durationMs: 40 },
    () => new Promise((resolve) => waiting.push(() => resolve(null))),
  );
  await expect.poll(() => waiting.length).toBe(20);
  for (const answer of waiting) answer();
  const { latenciesMs, wrong } = await load;
  expect([latenciesMs.length, wrong]).toEqual([20, 0]);
  expect(latenciesMs[0] ?? 0).toBeGreaterThan(latenciesMs[19] ?? Infinity);
});

test('wrong answers and refusals are counted, with some of them to look at', async () => {
  let asked = 0;
  const { wrong, examples } = await askSteadily({ rate: 500, durationMs: 20 }, () =>
    ++asked % 2 === 0 ? Promise.reject(new Error('refused')) : Promise.resolve('503'),
  );
  expect([wrong, examples.length]).toEqual([10, 5]);
  expect(new Set(examples)).toEqual(new Set(['503', 'Error: refused']));
});
