import { expect, test } from 'vitest';
import { Lane } from './lane.ts';

test('runs so many at once, the others in order, also after one that throws', async () => {
  const lane = new Lane(3);
  const begun: number[] = [];
  const gates = Array.from({ length: 10 }, () => Promise.withResolvers<void>());
  const works = gates.map(({ promise }, index) =>
    lane.run(async () => {
      begun.push(index);
      await promise;
      if (index === 0) throw new Error('planted');
      return index;
    }),
  );
  expect(begun).toEqual([0, 1, 2]);
  gates[0]?.resolve();
  await expect(works[0]).rejects.toThrow('planted');
  expect(begun).toEqual([0, 1, 2, 3]);
  gates.forEach(({ resolve }) => resolve());
  expect(await Promise.all(works.slice(1))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(await lane.run(async () => 'free again')).toBe('free again');
});
