import { expect, test } from 'vitest';
import { longestGap } from './dead-air.ts';
import { rendered } from './report.ts';
import type { Result } from './runner.ts';
import { readScenario } from './scenario.ts';

const resultOf = (id: string, more: Partial<Result>): Result => ({
  scenario: readScenario(`name: Call ${id}\nabout: Proves ${id}.\nsteps: [{ pause: 1 }]\n`, {
    dir: '',
    source: `${id}.yaml`,
  }),
  variant: 'plain',
  failures: [],
  skipped: null,
  timeline: ['what was heard'],
  ms: 1_234,
  ...more,
});

test('a line for each, the timeline of those that failed, the sum', () => {
  const text = rendered([
    resultOf('a', {}),
    resultOf('b', { failures: ['not heard: coffee'] }),
    resultOf('c', { skipped: 'it cannot be' }),
  ]);
  const lines = text.split('\n').map((line) => line.replace(/ +/g, ' '));
  expect(lines).toEqual([
    'ok a: Call a 1.2 s',
    'FAILED b: Call b 1.2 s',
    'skipped c: Call c it cannot be',
    '',
    'b (plain): Proves b.',
    ' wrong not heard: coffee',
    ' what was heard',
    '',
    '1 passed, 1 failed, 1 skipped',
  ]);
});

test('dead air is what nobody fills: voices that overlap, pauses without end', () => {
  const whole = { fromMs: 0, toMs: 100 };
  const span = (fromMs: number, toMs: number) => ({ fromMs, toMs });
  expect(longestGap(whole, [])).toEqual(whole);
  expect(longestGap(whole, [span(10, 30), span(20, 25), span(60, 90)])).toEqual(span(30, 60));
  expect(longestGap(whole, [span(-5, 40), span(45, Infinity)])).toEqual(span(40, 45));
  expect(longestGap(whole, [span(0, 100), span(150, 160)])).toEqual(span(0, 0));
});
