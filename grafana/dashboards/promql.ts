/** Short forms for the PromQL of the boards. `$node` is the boards' variable: `instance` is what Prometheus calls a node. */
const NODE = 'instance=~"$node"';
const RATE = '$__rate_interval';

/** A series of the chosen nodes. */
export function of(metric: string, labels = ''): string {
  return `${metric}{${[labels, NODE].filter(Boolean).join(',')}}`;
}

/** Of all chosen nodes together. */
export function sum(metric: string, labels = ''): string {
  return `sum(${of(metric, labels)})`;
}

export function sumBy(by: string, metric: string, labels = ''): string {
  return `sum by (${by}) (${of(metric, labels)})`;
}

/** What every node says of the whole fleet: the newest word, which is the largest while they agree. */
export function fleet(metric: string, labels = ''): string {
  return `max(${metric}${labels ? `{${labels}}` : ''})`;
}

export function fleetBy(by: string, metric: string, labels = ''): string {
  return `max by (${by}) (${metric}${labels ? `{${labels}}` : ''})`;
}

/** Per second. */
export function rate(metric: string, labels = ''): string {
  return `sum(rate(${of(metric, labels)}[${RATE}]))`;
}

export function rateBy(by: string, metric: string, labels = ''): string {
  return `sum by (${by}) (rate(${of(metric, labels)}[${RATE}]))`;
}

/** Per minute, for what happens to calls: numbers that a person can picture. */
export function perMinute(metric: string, labels = ''): string {
  return `60 * ${rate(metric, labels)}`;
}

export function perMinuteBy(by: string, metric: string, labels = ''): string {
  return `60 * ${rateBy(by, metric, labels)}`;
}

/** Of a classic histogram; `metric` without `_bucket`. */
export function quantile(q: number, metric: string, labels = '', by = ''): string {
  const grouping = by ? `le, ${by}` : 'le';
  return `histogram_quantile(${q}, sum by (${grouping}) (rate(${of(`${metric}_bucket`, labels)}[${RATE}])))`;
}

/** Of what happened, the share that `part` is; `none` where nothing happened. */
export function share(part: string, whole: string, none = 0): string {
  return orElse(none, `${part} / (${whole} > 0)`);
}

/** A value where nobody has counted yet. */
export function orElse(value: number, expr: string): string {
  return `${expr} or on () vector(${value})`;
}

/** The usual three of a histogram, as queries. */
export function quantiles(metric: string, labels = ''): { expr: string; legend: string }[] {
  return [0.5, 0.95, 0.99].map((q) => ({ expr: quantile(q, metric, labels), legend: `p${100 * q}` }));
}
