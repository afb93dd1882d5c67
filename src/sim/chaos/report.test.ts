import { expect, test } from 'vitest';
import { goodHistory } from './history.fixture.ts';
import { lostTurns, quantile, rendered, reportOf } from './report.ts';

test('a report says what callers heard', () => {
  const history = goodHistory();
  const report = reportOf(history);
  expect(report).toEqual({
    seed: 1,
    calls: 1,
    faults: 1,
    callsLost: 0,
    turnsSaid: 2,
    turnsLost: 1,
    gaps: [
      { fault: 'none', gaps: 3, p50Ms: 1_000, p95Ms: 1_000, maxMs: 1_000 },
      { fault: 'nodeKill', gaps: 3, p50Ms: 3_000, p95Ms: 3_000, maxMs: 3_000 },
    ],
    violations: [],
  });
  expect(rendered(report)).toContain('no invariant is violated');
});

test('a turn is lost that the journal does not know, and each of two equal ones counts', () => {
  const [call] = goodHistory().calls;
  if (!call) throw new Error('a history without a call');
  expect(lostTurns(call)).toEqual(['Thanks']);
  call.said = [...call.said, { ...(call.said[0] as (typeof call.said)[number]) }];
  expect(lostTurns(call)).toEqual(['Thanks', 'Hours?']);
});

test('violations are told', () => {
  const history = goodHistory();
  history.remainder.due = 3;
  expect(rendered(reportOf(history))).toContain('oneEndNothingLeft : due: 3');
});

test('a quantile is a value that was measured', () => {
  expect([quantile([3, 1, 2], 0.5), quantile([3, 1, 2], 0.95), quantile([], 0.5)]).toEqual([2, 3, 0]);
});
