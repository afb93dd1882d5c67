import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { figure, type Measure, type Outcome } from './figure.ts';
import { measureRuns } from './measure-runs.ts';

const runs = { wanted: 2, triesMax: 4 };
const scrapes = 200;
const calls = 500;
const tools = ['get_menu', 'get_product_details', 'get_store_hours', 'search_knowledge_base', 'end_call'] as const;
const trace = 'a'.repeat(32);

/** A node that has carried calls: every series of theirs is there. */
function filled(): Metrics {
  const metrics = createMetrics();
  for (let call = 0; call < calls; call++) {
    metrics.callsLive.inc({ state: 'conversation' });
    metrics.webhooks.inc({ route: '/voice', status: 200 });
    metrics.silenceSeconds.observe((call % 40) / 10, trace);
    metrics.spliceSeconds.to_caller.observe(call / 1e6);
    for (const tool of tools) metrics.toolSeconds.of({ tool }).observe(call / 1_000);
  }
  metrics.onScrape(() => {
    metrics.callsLive.reset();
    for (let call = 0; call < calls; call++) metrics.callsLive.inc({ state: 'conversation' });
  });
  return metrics;
}

async function once(): Promise<{ stretchMs: number; beside: number; series: number }> {
  const metrics = filled();
  let [stretchMs, series] = [0, 0];
  for (let i = 0; i < scrapes; i++) {
    const scraped = await metrics.expose('application/openmetrics-text');
    // The first ones are those of code that has not run before.
    if (i >= scrapes / 2) stretchMs = Math.max(stretchMs, scraped.stretchMs);
    series = scraped.text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
  }
  const { registry } = metrics;
  for (let i = 0; i < scrapes / 2; i++) await registry.metrics();
  const startedAt = performance.now();
  for (let i = 0; i < scrapes / 2; i++) await registry.metrics();
  return { stretchMs, beside: (performance.now() - startedAt) / (scrapes / 2), series };
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const measured = await measureRuns({
    runs,
    pids: [process.pid],
    work: once,
    tell: ({ stretchMs, beside }) => `${stretchMs.toFixed(2)} ms, prom-client ${beside.toFixed(2)} ms`,
    say,
  });
  const series = measured.of((one) => one.series);
  const beside = `prom-client writes the same ${series} lines in ${measured.of((one) => one.beside).toFixed(2)} ms in one piece`;
  const longest = measured.of((one) => one.stretchMs);
  const name = 'the longest that a scrape keeps the loop from anything else';
  return measured.outcome([
    figure({ name, value: longest, unit: 'ms', target: { is: '<', value: 3 }, beside }, measured.isTrusted),
  ]);
}

/** What a scrape keeps frames waiting for. */
export const scrape: Measure = { name: 'scrape', title: `a scrape of a node with ${calls} calls`, run };
