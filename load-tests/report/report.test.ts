import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { figure, type FigureInput } from '../bench/figure.ts';
import { mergeSummaries } from '../run/merge.ts';
import { range, summary } from '../run/summary.fixture.ts';
import { reportOf } from './page.ts';
import { at, benchResult, machine } from './result.fixture.ts';
import type { BenchResult, LoadRun } from './results.ts';
import { drift, marks, withResults, writeReport } from './write.ts';

const bench = (measure: string, ...figures: FigureInput[]): BenchResult => benchResult(measure, { figures });

const latency = bench(
  'latency',
  { name: 'caller to model, p99', value: 1.746, unit: 'ms', target: { is: '<', value: 5 } },
  { name: 'caller to model, p99.9', value: 5.164, unit: 'ms', beside: 'rig <alone> | 3.80 ms' },
);

function ramp(): LoadRun {
  const thresholds = [{ name: 'aida_silence p(95)<1000', ok: true, value: 800, limit: 1000 }];
  const of = mergeSummaries([
    summary({ trends: { aida_silence: range(760, 40) }, calls: { started: 40 }, thresholds }),
  ]);
  const step = { failedShare: 0, nodeCores: 0.5, isVoid: false };
  return {
    title: 'finds the knee',
    command: 'npm run load -- ramp',
    at,
    machine,
    summary: { ...of, scenario: 'ramp' },
    verdict: 'ok',
    interference: 0.02,
    reasons: [],
    thresholds: thresholds.map((one) => ({ ...one, samples: 40, isThin: false, ownMs: null })),
    rig: { calibration: null, deliberateMs: {}, rigBusy: 0.5, nodesWaited: null, troubles: [] },
    timeline: [1, 2, 3].map((s) => ({ s, live: s, waiting: 0, started: s, failed: 0 })),
    happenings: [],
    agreements: null,
    knee: {
      steps: [
        { ...step, calls: 100, p95Ms: 780 },
        { ...step, calls: 200, p95Ms: null },
      ],
      calls: 100,
      callsPerCore: 100,
      broken: 'at 200 calls there were too few answers to tell',
    },
  };
}

const pageOf = (...results: BenchResult[]): string =>
  reportOf({ bench: results, load: [] }).files.get('README.md') ?? '';

describe('the page of results', () => {
  test('shows each figure with its target, verdict and reference, and whence it is', () => {
    const page = pageOf(latency);
    expect(page).toContain(
      '`npm run bench -- latency`, 2026-11-23, 2 cores (a cpu), Node v24.0.0; 2 of 3 runs were quiet.',
    );
    expect(page).toContain('| caller to model, p99 | 1.75 ms | < 5 ms | ok |  |');
    expect(page).toContain('| caller to model, p99.9 | 5.16 ms |  |  | rig &lt;alone> \\| 3.80 ms |');
    expect(page).toContain('![Latency of a frame that the node adds, both ways](latency-1.svg)');
  });

  test('names the command for what was not measured yet, and leaves the rest out', () => {
    const { files } = reportOf({ bench: [], load: [] });
    const page = files.get('README.md');
    expect([...files.keys()]).toEqual(['README.md']);
    for (const command of ['bench -- path', 'bench -- scale', 'load -- ramp', 'load -- promotion'])
      expect(page).toContain(`Not measured yet: \`npm run ${command}\`.`);
  });

  test('shows a measure that it does not know, and a value that was no number', () => {
    const odd = bench('odd', { name: 'a', value: 1, unit: 'KiB' }, { name: 'b', value: 2, unit: 'KiB' });
    odd.figures[1] = { ...figure({ name: 'b', value: 0, unit: 'KiB' }, true), value: null };
    const { files } = reportOf({ bench: [odd], load: [] });
    expect(files.get('README.md')).toContain('| b | none |');
    expect(files.get('odd-4.svg')).toContain('b: none.');
  });

  test('names only what was promised in the table for the front', () => {
    const { promised } = reportOf({ bench: [latency], load: [ramp()] });
    expect(promised.trimEnd().split('\n').slice(2)).toEqual([
      '| Latency of a frame: caller to model, p99 | 1.75 ms | < 5 ms | ok | bench -- latency |',
      '| Load: ramp | 40 calls | 1 of 1 thresholds kept | ok | load -- ramp |',
    ]);
  });

  test('shows a scenario with its verdict, its knee and what callers heard, from enough samples only', () => {
    const { files } = reportOf({ bench: [], load: [ramp()] });
    const page = files.get('README.md') ?? '';
    expect(page).toContain('verdict: **ok**');
    expect(page).toContain('Knee: 100 calls (100 per core)');
    expect(page).toContain('| aida_silence p(95)<1000 | 800 | 1000 | ok | 40 samples |');
    expect([...files.keys()]).toEqual([
      ...['load-ramp-calls.svg', 'load-ramp-ear.svg', 'load-ramp-knee.svg', 'load-ramp-cpu.svg', 'README.md'],
    ]);
    const ear = files.get('load-ramp-ear.svg') ?? '';
    expect([ear.includes('silence before an answer, p95'), ear.includes('p99')]).toEqual([true, false]);
  });
});

test('what a core carries: the audio path, how it grows, and the knee that callers found', () => {
  const path = bench('path', {
    name: 'CPU beside a bare splice',
    value: 1.1,
    unit: '×',
    target: { is: '≤', value: 1.15 },
  });
  const { carried } = reportOf({ bench: [path], load: [ramp()] });
  expect(carried).toContain('| CPU beside a bare splice | 1.1 × | ≤ 1.15 × | ok |  |');
  expect(carried).toContain('Not measured yet: `npm run bench -- scale`.');
  expect(carried).toContain(
    'Knee: 100 calls (100 per core); at 200 calls there were too few answers to tell. `npm run load -- ramp`',
  );
});

describe('the files of the report', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'aida-report-'));
    await Promise.all(['load-tests/results', 'docs'].map((path) => mkdir(join(root, path), { recursive: true })));
    for (const path of ['load-tests/README.md', 'docs/performance.md'])
      await writeFile(join(root, path), `# Load\n\n${marks.begin}\n${marks.end}\n\nMore.\n`);
  });
  afterEach(() => rm(root, { recursive: true }));

  const results = (name: string): string => `load-tests/results/${name}`;
  const store = (name: string, value: unknown): Promise<void> =>
    writeFile(join(root, results(name)), JSON.stringify(value));

  test('follow the JSON: what changed is told, written, and then as it should be', async () => {
    await store('latency.json', latency);
    await store('load-ramp.json', ramp());
    await store('other.json', { some: 'thing' });
    expect(await writeReport(root)).toEqual([
      'docs/performance.md',
      'load-tests/README.md',
      ...['README.md', 'latency-1.svg', 'load-ramp-calls.svg', 'load-ramp-cpu.svg'].map(results),
      ...['load-ramp-ear.svg', 'load-ramp-knee.svg'].map(results),
    ]);
    expect(await drift(root)).toEqual([]);
    expect(await writeReport(root)).toEqual([]);
    await store('latency.json', bench('latency', { name: 'caller to model, p99', value: 9, unit: 'ms' }));
    expect(await drift(root)).toEqual(['load-tests/README.md', results('README.md'), results('latency-1.svg')]);
    await writeReport(root);
    expect(await readdir(join(root, results('')))).not.toContain('latency-1.svg');
    expect(await readFile(join(root, 'load-tests/README.md'), 'utf8')).toMatch(
      /^# Load\n\n<!-- results.*load -- ramp \|\n\n<!-- end of results -->\n\nMore\.\n$/s,
    );
  });

  test('say what is wrong with a page that they are to stand in', () => {
    expect(() => withResults('# no marks', '')).toThrow('are not there');
  });
});

test('the committed pages and pictures are what the committed results say', async () => {
  expect(await drift(), 'npm run report').toEqual([]);
});
