import type { DataSource } from 'typeorm';
import { filledIn, type PanelQuery } from '../dashboards/queries.ts';
import type { Prometheus } from '../../src/sim/parts/prometheus.ts';
import { faultsOfLogQuery, faultsOfTraceQuery } from './not-run.ts';
import type { LogLines } from './log-lines.ts';
import type { SpansSeen } from './otlp-sink.ts';

export interface Asked {
  query: PanelQuery;
  /** Run for real; of logs and traces it is only known whether what they name was written. */
  isRun: boolean;
  /** Null: there was data. */
  fault: string | null;
}

export interface Sources {
  prometheus: Pick<Prometheus, 'queryRange'>;
  rows: DataSource;
  logs: LogLines;
  spans: SpansSeen;
  /** Calls to be looked at, those first that have been over for longest. */
  calls: readonly string[];
}

export interface Time {
  fromMs: number;
  toMs: number;
}

const rateInterval = '5s';
const stepMs = 2_000;
/** One call has no transfer, another no tool: panels about one call are asked about several. */
const callsMax = 60;

/** Asks what every panel asks, each its own kind of source. */
export async function askAll(queries: readonly PanelQuery[], sources: Sources, time: Time): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (const query of queries) {
    const isRun = query.kind === 'metrics' || query.kind === 'rows';
    const fault = await ask(query, sources, time).catch((error: unknown) =>
      error instanceof Error ? error.message : String(error),
    );
    asked.push({ query, isRun, fault });
  }
  return asked;
}

function ask(query: PanelQuery, sources: Sources, time: Time): Promise<string | null> {
  const call = sources.calls[0] ?? '';
  const [trace = ''] = sources.spans.traceIds;
  const text = filledIn(query.text, { rateInterval, ...time, call, trace });
  switch (query.kind) {
    case 'metrics':
      return askMetrics(text, sources.prometheus, time);
    case 'rows':
      return askRows(query, sources, time);
    case 'logs':
      return Promise.resolve(faultsOfLogQuery(text, sources.logs));
    case 'traces':
      return Promise.resolve(faultsOfTraceQuery(text, sources.spans));
  }
}

/** What a panel asks at one moment is asked at all of them: somebody may look in the middle of it. */
async function askMetrics(
  text: string,
  prometheus: Sources['prometheus'],
  { fromMs, toMs }: Time,
): Promise<string | null> {
  const series = await prometheus.queryRange(text, { fromMs, toMs, stepMs });
  if (series.length === 0) return 'no series';
  return series.some(({ points }) => points.some(([, value]) => Number.isFinite(value)))
    ? null
    : 'no number among its values';
}

async function askRows({ text }: PanelQuery, { rows, calls }: Sources, time: Time): Promise<string | null> {
  const isOfOne = text.includes('$call') || text.includes('${call');
  for (const call of isOfOne ? calls.slice(0, callsMax) : ['']) {
    const found = await rows.query<unknown[]>(filledIn(text, { rateInterval, ...time, call }));
    if (found.length > 0) return null;
  }
  return 'no row';
}
