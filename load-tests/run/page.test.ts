import { expect, test } from 'vitest';
import { junitOf } from './junit.ts';
import { mergeSummaries } from './merge.ts';
import { pageOf } from './page.ts';
import type { LoadResult } from './result.ts';
import { range, summary } from './summary.fixture.ts';
import { tableOf } from './table.ts';
import { judge } from './verdict.ts';

function result(samples: number[]): LoadResult {
  const thresholds = [
    { name: 'aida_silence p(95)<1000', ok: false, value: 1218, limit: 1000 },
    { name: 'aida_words_wrong count==0', ok: true, value: 0, limit: 0 },
  ];
  const of = mergeSummaries([
    summary({
      trends: { aida_silence: samples },
      calls: { started: 5, answered: 4, failed: { '<no>': 1 } },
      thresholds,
    }),
  ]);
  const rig = { calibration: null, deliberateMs: {}, rigBusy: 0.5, nodesWaited: null, troubles: [] };
  return {
    title: 'a few callers',
    command: 'npm run load -- smoke',
    summary: of,
    judgement: judge(of, rig),
    rig,
    timeline: [1, 2, 3].map((s) => ({ s, live: s, waiting: 0, started: s, failed: 0 })),
    happenings: [{ atMs: 1500, what: 'node 1 is killed' }],
    knee: null,
    agreements: null,
  };
}

test('the table shows no percentile from too few samples', () => {
  const line = (samples: number[]) => tableOf(result(samples)).find((one) => one.startsWith('aida_silence  '));
  expect(line(range(1200, 20))?.split(/ {2,}/)).toEqual([
    'aida_silence',
    '20',
    '1210',
    '1209',
    '1217',
    '1218',
    '–',
    '–',
    '1219',
  ]);
  expect(line([900])?.split(/ {2,}/)).toEqual(['aida_silence', '1', '900', '–', '–', '–', '–', '–', '900']);
});

test('how many calls there were at most', () => {
  expect(tableOf(result([900]))).toContain('most at once: 3 on a node, 0 waiting');
});

test('a threshold is a test case: kept, missed, or skipped with too few samples', () => {
  const { summary: of, judgement } = result(range(1200, 20));
  const junit = junitOf(of, judgement);
  expect(junit).toContain('tests="3" failures="1" errors="0" skipped="0"');
  expect(junit).toContain('name="aida_silence p(95)&lt;1000"><failure message="found 1218, limit 1000"/>');
  const thin = result([1200]);
  expect(junitOf(thin.summary, thin.judgement)).toContain('failures="0" errors="1" skipped="1"');
});

test('the page stands alone, with a picture, and what others said is text', () => {
  const page = pageOf(result(range(1200, 20)));
  expect(page).toContain('<p class="verdict failed">failed</p>');
  expect(page.match(/<svg/g)?.length).toBe(2);
  expect(page).toContain('failed: &lt;no&gt;');
  expect(page).toContain('1.5 s: node 1 is killed');
  const agreements = [{ name: 'frames', callers: 7, nodes: '6', ok: false }];
  const knee = { steps: [], calls: 40, callsPerCore: 40, broken: null };
  const more = pageOf({ ...result([900]), agreements, knee });
  expect(more).toContain('<td>frames</td><td class="n">7</td><td class="n">6</td><td>DIFFERS</td>');
  expect(more).toContain('Knee: beyond 40 calls');
  expect(page).not.toMatch(/<script|src=|href=|https?:\/\/(?!www\.w3\.org)/);
});
