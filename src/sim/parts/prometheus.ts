import { spawn } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { stringify } from 'yaml';
import { findPart } from '../../embedded/parts.ts';
import { freePort } from '../../embedded/redis.ts';

/** Something that is scraped, and the labels of all that it tells. */
export interface Target {
  /** `127.0.0.1:3001`; read at `/metrics`. */
  address: string;
  labels?: Readonly<Record<string, string>>;
}

export interface PrometheusOptions {
  /** Between two scrapes, and between two evaluations of rules. */
  intervalMs: number;
  job: string;
  targets: readonly Target[];
  /** Texts of files of rules, by name. */
  rules?: Readonly<Record<string, string>>;
}

export interface Sample {
  labels: Readonly<Record<string, string>>;
  value: number;
}

export interface FiringAlert {
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  state: 'pending' | 'firing';
}

export interface ExemplarSeries {
  seriesLabels: Readonly<Record<string, string>>;
  exemplars: readonly { labels: Readonly<Record<string, string>>; value: string; timestamp: number }[];
}

export interface Prometheus {
  /** `http://127.0.0.1:PORT`; takes remote writes at `/api/v1/write`. */
  url: string;
  pid: number;
  /** From now on these are scraped. */
  scrape(targets: readonly Target[]): Promise<void>;
  /** An instant query; a scalar is one sample without labels. */
  query(expr: string, atMs?: number): Promise<Sample[]>;
  /** Values of each series over a time, [ms, value]. */
  queryRange(expr: string, range: { fromMs: number; toMs: number; stepMs: number }): Promise<RangeSeries[]>;
  alerts(): Promise<FiringAlert[]>;
  /** The exemplars of the series that a query reads. */
  exemplars(expr: string, range: { fromMs: number; toMs: number }): Promise<ExemplarSeries[]>;
  /** How each rule of the files fares: a rule that cannot be evaluated has an error. */
  rules(): Promise<{ name: string; health: string; lastError?: string }[]>;
  stop(): Promise<void>;
}

export interface RangeSeries {
  labels: Readonly<Record<string, string>>;
  points: readonly (readonly [atMs: number, value: number])[];
}

interface Answer<T> {
  status: string;
  data: T;
  error?: string;
}

type Vector = { metric: Record<string, string>; value: [number, string] }[];
type Matrix = { metric: Record<string, string>; values: [number, string][] }[];

const readyMsMax = 20_000;
const stopMsMax = 10_000;
const pollMs = 50;
const answerMsMax = 30_000;

/** A real Prometheus that takes remote writes and keeps exemplars, on a free port of 127.0.0.1, with data of its own. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const { bin, env } = await findPart('prometheus');
  const dir = await mkdtemp(join(tmpdir(), 'aida-prometheus-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const targetsFile = join(dir, 'targets.json');
  await writeTargets(targetsFile, options.targets);
  for (const [name, text] of Object.entries(options.rules ?? {})) await writeFile(join(dir, `${name}.rules.yml`), text);
  await writeFile(join(dir, 'prometheus.yml'), configOf(options));
  const child = spawn(
    bin,
    [
      `--config.file=${join(dir, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
      '--web.enable-remote-write-receiver',
    ],
    { cwd: dir, env, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-10_000)));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
    await exited;
    clearTimeout(timer);
    await rm(dir, { recursive: true, force: true });
  };
  for (const untilMs = performance.now() + readyMsMax; !(await isReady(url));) {
    if (child.exitCode !== null || performance.now() > untilMs) {
      await stop();
      throw new Error(`Prometheus did not start: ${output}`);
    }
    await wait(pollMs);
  }
  return { ...doors(url), url, pid: child.pid ?? 0, scrape: (targets) => writeTargets(targetsFile, targets), stop };
}

type Doors = Pick<Prometheus, 'query' | 'queryRange' | 'alerts' | 'exemplars' | 'rules'>;

/** What can be asked of a Prometheus at this address, wherever it runs. */
export function doors(url: string): Doors {
  const seconds = (ms: number): string => (ms / 1000).toFixed(3);
  return {
    async query(query, atMs) {
      const time = atMs === undefined ? {} : { time: seconds(atMs) };
      const { resultType, result } = await ask<{ resultType: string; result: Vector | [number, string] }>(
        url,
        'query',
        {
          query,
          ...time,
        },
      );
      if (resultType === 'scalar') return [{ labels: {}, value: Number(result[1]) }];
      return (result as Vector).map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    async queryRange(query, { fromMs, toMs, stepMs }) {
      const range = { start: seconds(fromMs), end: seconds(toMs), step: seconds(stepMs) };
      const { result } = await ask<{ result: Matrix }>(url, 'query_range', { query, ...range });
      return result.map(({ metric, values }) => ({
        labels: metric,
        points: values.map(([at, value]) => [at * 1000, Number(value)] as const),
      }));
    },
    alerts: async () => (await ask<{ alerts: FiringAlert[] }>(url, 'alerts', {})).alerts,
    exemplars: (query, { fromMs, toMs }) =>
      ask<ExemplarSeries[]>(url, 'query_exemplars', { query, start: seconds(fromMs), end: seconds(toMs) }),
    async rules() {
      const { groups } = await ask<{ groups: { rules: { name: string; health: string; lastError?: string }[] }[] }>(
        url,
        'rules',
        {},
      );
      return groups.flatMap(({ rules }) => rules);
    },
  };
}

async function ask<T>(url: string, path: string, query: Record<string, string>): Promise<T> {
  const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(query).toString()}`, {
    signal: AbortSignal.timeout(answerMsMax),
  });
  const { status, data, error } = (await response.json()) as Answer<T>;
  if (status !== 'success') throw new Error(`${query['query'] ?? path}: ${error}`);
  return data;
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/-/ready`).catch(() => null);
  await answer?.arrayBuffer();
  return answer?.status === 200;
}

/** The file is watched: it must never be seen half written. */
async function writeTargets(file: string, targets: readonly Target[]): Promise<void> {
  const groups = targets.map(({ address, labels = {} }) => ({ targets: [address], labels }));
  await writeFile(`${file}.new`, JSON.stringify(groups));
  await rename(`${file}.new`, file);
}

function configOf({ intervalMs, job }: PrometheusOptions): string {
  const interval = `${intervalMs}ms`;
  return stringify({
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: ['*.rules.yml'],
    scrape_configs: [{ job_name: job, file_sd_configs: [{ files: ['targets.json'], refresh_interval: '1s' }] }],
  });
}
