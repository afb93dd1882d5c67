/** So much over a window, all nodes together; 0 where nothing was ever counted. */
export const increased = (series: string, window: string): string => `sum(increase(${series}[${window}])) or vector(0)`;

/** Of a histogram: the observations above a bound, which must be one of its buckets. */
export const above = (histogram: string, bound: number, window: string): string =>
  `sum(increase(${histogram}_count[${window}])) - sum(increase(${histogram}_bucket{le="${bound}"}[${window}]))`;

/** A share of what a histogram has seen lies below it. */
export const quantile = (share: number, histogram: string, window: string, by = ''): string =>
  `histogram_quantile(${share}, sum by (${by === '' ? 'le' : `${by}, le`}) (rate(${histogram}_bucket[${window}])))`;
