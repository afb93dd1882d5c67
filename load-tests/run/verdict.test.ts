import { expect, test } from 'vitest';
import { mergeSummaries } from './merge.ts';
import { range, summary } from './summary.fixture.ts';
import { isBottleneck, judge, type RigReport } from './verdict.ts';

const quietRig: RigReport = {
  calibration: null,
  deliberateMs: { aida_silence: 750 },
  rigBusy: 0.4,
  nodesWaited: 0.02,
  troubles: [],
};
const rule = 'aida_silence p(95)<1000';

function judged(samples: number[], rig: Partial<RigReport> = {}) {
  const p95 = samples.toSorted((a, b) => a - b)[Math.ceil(samples.length * 0.95) - 1] ?? null;
  const thresholds = [
    { name: rule, ok: p95 !== null && p95 < 1000, value: p95, limit: 1000 },
    { name: 'aida_words_wrong count==0', ok: true, value: 0, limit: 0 },
  ];
  const of = summary({ trends: { aida_silence: samples }, thresholds });
  return judge(mergeSummaries([of]), { ...quietRig, ...rig });
}

const rigThatTakes = (ms: number) => ({ calibration: summary({ trends: { aida_silence: range(750 + ms - 19, 20) } }) });

test('kept thresholds and a quiet rig are ok', () => {
  expect(judged(range(780, 20), rigThatTakes(50))).toMatchObject({ verdict: 'ok', reasons: [], interference: 0.049 });
});

test('a missed threshold fails', () => {
  expect(judged(range(1200, 20))).toMatchObject({ verdict: 'failed', reasons: [`${rule}: 1218`] });
});

test('void: the rig itself takes more than 15 % of a limit, beyond what the model waits on purpose', () => {
  expect(judged(range(900, 20), rigThatTakes(149)).verdict).toBe('ok');
  const { verdict, reasons, interference } = judged(range(900, 20), rigThatTakes(170));
  expect({ verdict, reasons }).toEqual({ verdict: 'void', reasons: [`${rule}: 169 ms of it are the rig's own`] });
  expect(interference).toBeCloseTo(0.169);
});

test('void: nodes that waited for their cores, a saturated rig, a generator that broke', () => {
  expect(judged(range(800, 20), { nodesWaited: 0.16 })).toMatchObject({ verdict: 'void', interference: 0.16 });
  expect(judged(range(800, 20), { rigBusy: 0.95 }).verdict).toBe('void');
  expect(judged(range(1200, 20), { troubles: ['k6 1 was ended by SIGKILL'] })).toMatchObject({
    verdict: 'void',
    reasons: ['k6 1 was ended by SIGKILL', `${rule}: 1218`],
  });
});

test('too few samples for a percentile: neither kept nor missed, so void, unless something else was missed', () => {
  expect(judged(range(700, 19))).toMatchObject({
    verdict: 'void',
    reasons: [`${rule}: 19 samples are too few`],
    thresholds: [
      { samples: 19, isThin: true },
      { samples: null, isThin: false },
    ],
  });
  const thresholds = [
    { name: rule, ok: false, value: null, limit: 1000 },
    { name: 'aida_ok rate>0.995', ok: false, value: 0, limit: 0.995 },
  ];
  const nothing = mergeSummaries([summary({ trends: { aida_silence: [] }, thresholds })]);
  expect(judge(nothing, quietRig)).toMatchObject({ verdict: 'failed', reasons: ['aida_ok rate>0.995: 0'] });
});

test('the rig is the bottleneck where it is busy, takes time of its own from the silence, or from the cores of nodes', () => {
  const isIt = (rig: Partial<RigReport>): boolean => isBottleneck(judged(range(900, 20), rig), { ...quietRig, ...rig });
  expect([isIt({}), isIt(rigThatTakes(100)), isIt(rigThatTakes(200))]).toEqual([false, false, true]);
  expect([isIt({ rigBusy: 0.91 }), isIt({ nodesWaited: 0.2 }), isIt({ troubles: ['late'] })]).toEqual([
    true,
    true,
    true,
  ]);
});

test('nothing is said of a rig that was not measured', () => {
  const unknown = { calibration: null, nodesWaited: null };
  expect(judged(range(800, 20), unknown)).toMatchObject({ verdict: 'ok', interference: null });
});
