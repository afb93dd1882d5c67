import { setImmediate } from 'node:timers/promises';
import type { Registry } from 'prom-client';

/** Whoever writes all metrics down lets frames pass after so long. */
const stretchMs = 0.5;

/** All metrics as text, as `registry.metrics()` writes them, without keeping the event loop for the whole of it. */
export async function scrape(registry: Registry, now: () => number = () => performance.now()): Promise<string> {
  const texts: string[] = [];
  let since = now();
  for (const metric of registry.getMetricsAsArray()) {
    texts.push(await registry.getSingleMetricAsString(metric.name));
    if (now() - since < stretchMs) continue;
    await setImmediate();
    since = now();
  }
  return `${texts.join('\n\n')}\n`;
}
