import type { Options } from 'k6/options';
import type { Call, Outcome } from './call.ts';
import { type Crowd, Generator } from './generator.ts';
import { base64, k6Network } from './k6-network.ts';
import { countEnd, k6Figures } from './metrics.ts';
import { Phrases } from './phrases.ts';
import { type K6Data, partsAsked, summaryOf, textOf, trendStats } from './report.ts';
import { readSettings, type Settings } from './settings.ts';

export interface Scenario {
  name: string;
  /** What `-e` may say otherwise. */
  defaults: Partial<Settings>;
  /** k6 thresholds on the metrics of `summary.ts`. */
  thresholds: (settings: Settings) => Record<string, string[]>;
  /** Who calls, of the share of one VU. */
  crowd: (settings: Settings, share: Share) => Crowd;
}

/** One VU among how many of this generator, and its part of the calls. */
export interface Share {
  index: number;
  count: number;
  calls: number;
}

/** One VU plays so many calls: all on one event loop are the cheapest, until one core is not enough for them. */
const callsPerVu = 100;
/** For the calls on the line when the run is over. */
const lastCallsS = 80;

export const settingsOf = ({ defaults }: Scenario): Settings => readSettings(__ENV, defaults);

const vusOf = ({ calls }: Settings): number => Math.ceil(calls / callsPerVu);

export function optionsOf(scenario: Scenario): Options {
  const settings = settingsOf(scenario);
  return {
    scenarios: {
      callers: {
        executor: 'per-vu-iterations',
        vus: vusOf(settings),
        iterations: 1,
        maxDuration: `${Math.ceil(settings.runMs / 1_000) + lastCallsS}s`,
        gracefulStop: '5s',
      },
    },
    thresholds: { ...scenario.thresholds(settings), ...partsAsked() },
    summaryTrendStats: trendStats,
    // The carrier asks over a new connection each time.
    noConnectionReuse: true,
    systemTags: ['name', 'status', 'scenario'],
  };
}

/** One VU's calls, from the first to the last. */
export async function play(scenario: Scenario): Promise<void> {
  const settings = settingsOf(scenario);
  const count = vusOf(settings);
  const index = __VU - 1;
  const calls = Math.floor(settings.calls / count) + (index < settings.calls % count ? 1 : 0);
  const crowd = scenario.crowd(settings, { index, count, calls });
  const generator = new Generator({
    settings,
    network: k6Network(),
    figures: k6Figures,
    phrases: new Phrases(base64),
    crowd: counted(crowd),
    vu: index,
  });
  await generator.run(settings.runMs, (run, ms) => {
    const timer = setInterval(run, ms);
    return () => clearInterval(timer);
  });
}

/** Every end is counted once, whoever follows the calls. */
function counted(crowd: Crowd): Crowd {
  return {
    step: (nowMs, generator) => crowd.step(nowMs, generator),
    ended(call: Call, outcome: Outcome) {
      countEnd(outcome.kind === 'failed' ? outcome.why : null);
      if (outcome.kind !== 'failed') k6Figures.count(`aida_${outcome.kind}`);
      crowd.ended(call, outcome);
    },
  };
}

export function summarize(scenario: Scenario, data: K6Data): Record<string, string> {
  const settings = settingsOf(scenario);
  const name = settings.generators > 1 ? `k6 ${settings.generator + 1}` : 'k6';
  const summary = summaryOf(data, { generator: name, scenario: scenario.name });
  return {
    stdout: textOf(summary),
    ...(settings.summaryFile === null ? {} : { [settings.summaryFile]: JSON.stringify(summary, null, 2) }),
  };
}
