import { join } from 'node:path';
import { findPart } from '../../src/embedded/parts.ts';
import type { GeneratorStart } from './generator.ts';
import type { Target } from './ground.ts';

const scenariosFolder = join(import.meta.dirname, '../scenarios');
/** k6 collects so seldom: memory is there, and cores are what callers need. */
const garbagePercent = '400';
/** Calls come to their end after the last one began, and the summary is made. */
const settleMs = 90_000;

export interface K6Run {
  scenario: string;
  target: Target;
  /** Calls at once of this generator. */
  calls: number;
  minutes: number;
  /** Callers leave after so long; null: as the scenario says. */
  talkSeconds: number | null;
  /** The model understands a goodbye, and hangs up. */
  hearsGoodbye: boolean;
  /** Which of how many: callers' numbers must not meet. */
  index: number;
  count: number;
  /** Where its REST interface answers. */
  port: number;
  summaryFile: string;
  remoteWrite: string | null;
  /** Where nodes are killed and replaced, for the scenarios that ask for it. */
  hooks: string | null;
  seed: number;
}

/** What starts one k6. Its script reads all of it from `__ENV`. */
export async function k6Start(run: K6Run): Promise<GeneratorStart> {
  const k6 = await findPart('k6');
  const settings: Record<string, string> = {
    TARGET: run.target.url,
    TOKEN: run.target.token,
    ACCOUNT: run.target.accountSid,
    HOSTS: JSON.stringify(run.target.hosts),
    CALLS: String(run.calls),
    SECONDS: String(Math.round(run.minutes * 60)),
    GENERATOR: String(run.index),
    GENERATORS: String(run.count),
    SUMMARY: run.summaryFile,
    SEED: String(run.seed),
    ...(run.talkSeconds === null ? {} : { TALK_SECONDS: String(run.talkSeconds) }),
    ...(run.hearsGoodbye ? {} : { GOODBYES: '0' }),
    ...(run.hooks === null ? {} : { HOOKS: run.hooks }),
  };
  // Two generators are two series.
  const tag = `generator=${run.index + 1}`;
  const out = run.remoteWrite === null ? [] : ['--out', 'experimental-prometheus-rw', '--tag', tag];
  return {
    name: `k6 ${run.index + 1}`,
    bin: k6.bin,
    args: [
      'run',
      '--quiet',
      '--no-color',
      '--no-usage-report',
      ...['--address', `127.0.0.1:${run.port}`],
      ...out,
      join(scenariosFolder, `${run.scenario}.ts`),
    ],
    // Not as arguments: everybody on the machine can read those.
    env: {
      ...k6.env,
      GOGC: garbagePercent,
      ...settings,
      ...(run.remoteWrite === null
        ? {}
        : {
            K6_PROMETHEUS_RW_SERVER_URL: run.remoteWrite,
            K6_PROMETHEUS_RW_TREND_STATS: 'count,sum,min,max,p(50),p(95),p(99)',
            K6_PROMETHEUS_RW_PUSH_INTERVAL: '5s',
          }),
    },
    summaryFile: run.summaryFile,
    boundMs: run.minutes * 60_000 + settleMs,
  };
}
