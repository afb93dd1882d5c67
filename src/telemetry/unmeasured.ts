import type { Metrics } from './metrics.ts';

const nothing = (): void => undefined;
/** What metrics are told by; `at` and `of` give others of their kind. */
const tellings = ['inc', 'set', 'add', 'observe', 'reach', 'reset', 'tell'];
const parts = ['at', 'of'];

/** The same metrics, of which none counts anything. */
export function unmeasured(metrics: Metrics): Metrics {
  for (const name of Object.keys(metrics)) {
    const metric: unknown = Reflect.get(metrics, name);
    if (isObject(metric)) still(metric);
  }
  return Object.assign(metrics, { onScrape: nothing });
}

function still(metric: object): void {
  const own = metric as Record<string, unknown>;
  for (const name of tellings) if (typeof own[name] === 'function') own[name] = nothing;
  for (const name of parts) {
    const part = own[name];
    if (typeof part !== 'function') continue;
    own[name] = (...given: unknown[]): unknown => {
      const series: unknown = Reflect.apply(part, metric, given);
      if (isObject(series)) still(series);
      return series;
    };
  }
  // A metric whose series are named one by one is a record of them.
  if (Object.getPrototypeOf(metric) === Object.prototype)
    for (const series of Object.values(own)) if (isObject(series)) still(series);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
