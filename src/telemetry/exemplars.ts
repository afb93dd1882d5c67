/** An observation and the trace that it belongs to, as prom-client writes it into an OpenMetrics text. */
export interface Exemplar {
  labelSet: { trace_id: string };
  value: number;
  /** Unix seconds. */
  timestamp: number;
}

/** Of each bucket of a histogram the observation that came last and belongs to a trace. */
export class Exemplars {
  private readonly traceIds: (string | null)[];
  private readonly values: Float64Array;
  private readonly times: Float64Array;

  constructor(buckets: number) {
    this.traceIds = Array.from({ length: buckets }, () => null);
    this.values = new Float64Array(buckets);
    this.times = new Float64Array(buckets);
  }

  /** Keeps nothing but numbers and a string that is there already: cheap, and yet for what happens once a turn. */
  note(bucket: number, value: number, traceId: string): void {
    this.traceIds[bucket] = traceId;
    this.values[bucket] = value;
    this.times[bucket] = Date.now();
  }

  at(bucket: number): Exemplar | undefined {
    const traceId = this.traceIds[bucket] ?? null;
    if (traceId === null) return undefined;
    return {
      labelSet: { trace_id: traceId },
      value: this.values[bucket] ?? 0,
      timestamp: (this.times[bucket] ?? 0) / 1_000,
    };
  }
}
