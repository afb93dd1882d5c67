import { expect, test } from 'vitest';
import { pathFigures } from './path-figures.ts';
import type { AtLatencyCalls, PathResult, Standing } from './path-result.ts';
import { percentiles } from './statistics.ts';
import type { Lost, Measured } from './turns/rig.ts';

const none: Lost = { missing: 0, disordered: 0, foreign: 0, closed: 0 };

function measured(perCallMs: number, isGood = true, ms = 1): Measured {
  const all = percentiles([ms]);
  return {
    result: { calls: 200, toModel: all, toCaller: all, answer: { ...all, p95: ms }, answers: 1, late: all },
    noise: { slowdownBefore: 0, slowdownAfter: 0, foreignShare: 0 },
    isQuiet: isGood,
    isClear: true,
    cores: { contestant: perCallMs / 5, rig: 0.2, beside: 0 },
    perCallMs,
  };
}

function standing(key: string, name: string, rounds: readonly Measured[], lost = none): Standing {
  const knee = { calls: 400, isOpen: false, tried: [] };
  return { key, name, knee, calls: 200, rounds: [...rounds], lost };
}

const at = (key: string, run: Measured, lost = none): AtLatencyCalls => ({
  key,
  measured: run,
  pauses: percentiles([1, 3]),
  lost,
});

function result(more: Partial<PathResult> = {}): PathResult {
  return {
    plain: [
      standing('bare', 'bare splice', [measured(1), measured(2), measured(1)]),
      standing('aida20', 'Aida, 20ms', [measured(1.1), measured(2.4), measured(1.1)]),
      standing('aidaAdaptive', 'Aida, adaptive', [measured(0.9), measured(1.8), measured(0.8)]),
      standing('sdk', 'agents SDK', [measured(3), measured(3), measured(4)]),
    ],
    secure: [],
    latency: [at('aida20', measured(1)), at('aidaAdaptive', measured(1, true, 4))],
    late: [{ key: 'aida20', lost: none }],
    rig: measured(1),
    isPinned: true,
    ...more,
  };
}

const named = (of: PathResult, name: string) => pathFigures(of).find((figure) => figure.name === name);

test('ratios are taken within a round, and their median counts', () => {
  const figures = result();
  expect(named(figures, 'CPU of Aida, 20ms beside bare splice')).toMatchObject({ value: 1.1, verdict: 'ok' });
  expect(named(figures, 'CPU of Aida, adaptive beside bare splice')).toMatchObject({ value: 0.9, verdict: 'ok' });
  expect(named(figures, 'CPU of Aida, adaptive beside agents SDK')).toMatchObject({ value: 0.3, verdict: 'ok' });
});

test('a ratio that is missed counts only where both sides were measured in quiet', () => {
  const slow = (isGood: boolean): PathResult => {
    const [bare] = result().plain;
    return result({ plain: [bare as Standing, standing('aida20', 'Aida, 20ms', [measured(2, isGood)])] });
  };
  const name = 'CPU of Aida, 20ms beside bare splice';
  expect([named(slow(true), name)?.verdict, named(slow(false), name)?.verdict]).toEqual(['missed', 'void']);
});

test('who could not be had makes its promise void, not kept', () => {
  const { plain } = result();
  const without = result({ plain: plain.filter(({ key }) => key !== 'sdk') });
  expect(named(without, 'CPU of aidaAdaptive beside agents SDK')).toBeUndefined();
  expect(pathFigures(without).filter(({ verdict }) => verdict === 'void')).toHaveLength(1);
});

test('what an adaptive cadence does to answers stands beside the other', () => {
  expect(named(result(), 'end of speech to the answer, adaptive − 20 ms, p50')).toMatchObject({
    value: 3,
    target: { is: '≤', value: 8 },
    verdict: 'ok',
  });
});

test('one lost frame anywhere is told', () => {
  const lossy = result({ latency: [at('aida20', measured(1), { ...none, missing: 1 })] });
  expect(named(lossy, 'frames lost by Aida in all runs')).toMatchObject({ value: 1, verdict: 'missed' });
  const late = result({ late: [{ key: 'aida20', lost: { ...none, disordered: 2 } }] });
  expect(named(late, 'frames lost or out of turn, the model 300 ms late')).toMatchObject({
    value: 2,
    verdict: 'missed',
  });
});
