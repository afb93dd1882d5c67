import { expect, test } from 'vitest';
import { faultKinds } from './fault-kinds.ts';
import { inflictedKinds } from './inflictions.ts';
import { runNemesis, scheduleOf } from './nemesis.ts';
import { rendered, reportOf, sharedMachinePatience } from './report.ts';

const SEED = 20_261_122;
const MINUTES = 0.4;

test('the same seed gives the same schedule, another one another', () => {
  expect(scheduleOf(1, 3, 3)).toEqual(scheduleOf(1, 3, 3));
  expect(scheduleOf(1, 3, 3)).not.toEqual(scheduleOf(2, 3, 3));
});

test('long schedules hold every kind of fault, and none is of a node that is not there', () => {
  const schedule = [7, 9].flatMap((seed) => scheduleOf(seed, 30, 3));
  expect(new Set(schedule.map(({ kind }) => kind))).toEqual(new Set(inflictedKinds));
  expect(schedule.filter(({ node }) => node !== null && (node < 0 || node > 2))).toEqual([]);
  expect(inflictedKinds.filter((kind) => !(kind in faultKinds))).toEqual([]);
});

test('some faults, one after the other, with callers all the time: no invariant is violated', async () => {
  const history = await runNemesis({ seed: SEED, minutes: MINUTES, callsMax: 8 });
  const report = reportOf(history, sharedMachinePatience);
  expect(report.violations, rendered(report)).toEqual([]);
  expect(report.faults).toBeGreaterThan(1);
  expect(report.turnsSaid).toBeGreaterThan(10);
}, 420_000);
