import { expect, test } from 'vitest';
import { percentiles } from '../statistics.ts';
import type { Contestant } from './contestants.ts';
import { findKnee, type Knee } from './knee.ts';
import type { Measured } from './rig.ts';

const contestant = { name: 'somebody' } as Contestant;

/** Somebody who carries so many calls between callers and a model who keep up with so many. */
function find(
  start: number,
  { carries, rigCarries = Infinity, takes = Infinity }: { carries: number; rigCarries?: number; takes?: number },
): Promise<Knee> {
  let calls = 0;
  const measure = async (): Promise<Measured> => {
    const frames = percentiles([calls <= carries ? 5 : 60]);
    return {
      result: { calls, toModel: frames, toCaller: frames, answer: { ...frames, p95: 0 }, answers: 1, late: frames },
      noise: { slowdownBefore: 0, slowdownAfter: 0, foreignShare: 0 },
      isQuiet: true,
      isClear: calls <= rigCarries,
      cores: { contestant: calls > carries ? 1 : 0.5, rig: calls > rigCarries ? 0.9 : 0.3, beside: 0 },
      perCallMs: 1,
    };
  };
  const lost = { missing: 0, disordered: 0, foreign: 0, closed: 0 };
  const grow = async (_contestant: Contestant, to: number): Promise<void> => {
    if (to > takes) throw new Error('the waiting room');
    calls = to;
  };
  return findKnee({ grow, measure, end: async () => lost }, contestant, { start, withSilence: true });
}

const loads = ({ tried }: Knee): number[] => tried.map(({ calls }) => calls);

test('calls are added until frames come late', async () => {
  const knee = await find(150, { carries: 320 });
  expect([knee.calls, knee.isOpen, loads(knee)]).toEqual([300, false, [150, 200, 300, 400]]);
});

test('who does not carry the first load is tried with less', async () => {
  const knee = await find(100, { carries: 30 });
  expect([knee.calls, knee.isOpen, loads(knee)]).toEqual([25, false, [100, 75, 50, 25]]);
});

test('where callers and model are at their end first, the knee is at least so high', async () => {
  const knee = await find(200, { carries: 10_000, rigCarries: 350 });
  expect([knee.calls, knee.isOpen, loads(knee)]).toEqual([400, true, [200, 300, 400]]);
  expect(await find(600, { carries: 10_000 })).toMatchObject({ calls: 800, isOpen: true });
});

test('who does not take so many calls has its knee below', async () => {
  const knee = await find(100, { carries: 10_000, takes: 250 });
  expect([knee.calls, knee.isOpen, loads(knee)]).toEqual([200, false, [100, 150, 200, 300]]);
});

test('who carries nothing has no knee', async () => {
  expect(await find(50, { carries: 0 })).toMatchObject({ calls: 0, isOpen: false });
});
