import type { Bounds } from './look.ts';

/** Units as Grafana names them. */
export type Unit =
  | 'short'
  | 'none'
  | 's'
  | 'ms'
  | 'percentunit'
  | 'bytes'
  | 'Bps'
  | 'reqps'
  | 'ops'
  | 'cpm'
  | 'currencyUSD'
  | 'dateTimeAsLocal'
  | 'string';

export interface MetricQuery {
  expr: string;
  /** As in Grafana: `{{label}}`, or words. */
  legend: string;
}

interface Common {
  title: string;
  /** One sentence or two: what good looks like. Shown behind the panel's (i), after "Good: ". */
  good: string;
  unit: Unit;
  bounds: Bounds;
  /** Below `grafana/runbooks`, without `.md`. */
  runbook: string;
  /** Of 24. */
  width: number;
  decimals?: number;
  min?: number;
  max?: number;
  /** A board with the details, by uid. */
  details?: string;
}

/** Numbers of metrics, one large number a query or series. */
export interface StatPanel extends Common {
  kind: 'stat';
  queries: readonly MetricQuery[];
  /** What a number stands for. */
  words?: Readonly<Record<number, string>>;
  /** Shows the name of the series and not its value: for series that say something by being 1. */
  nameOnly?: true;
}

export interface LinesPanel extends Common {
  kind: 'lines';
  queries: readonly MetricQuery[];
  /** One on top of the other, filled: for parts of a whole. */
  stacked?: true;
  /** Points that lead to a trace: for histograms that carry them. */
  exemplars?: true;
}

export interface HeatPanel extends Common {
  kind: 'heat';
  /** Of a classic histogram, by `le`. */
  expr: string;
}

/** One row for each value of a label, one query a column. */
export interface TablePanel extends Common {
  kind: 'table';
  by: string;
  columns: readonly {
    name: string;
    expr: string;
    unit: Unit;
    bounds?: Bounds;
    words?: Readonly<Record<number, string>>;
  }[];
}

/** Rows of Postgres. */
export interface RowsPanel extends Common {
  kind: 'rows';
  sql: string;
  /** Units of columns that have another one than the panel. */
  columns?: readonly { name: string; unit: Unit; bounds?: Bounds; width?: number; link?: string }[];
}

export interface LogsPanel extends Common {
  kind: 'logs';
  expr: string;
}

/** A trace by its id, or a search (TraceQL) that lists some. */
export interface TracesPanel extends Common {
  kind: 'trace' | 'traces';
  query: string;
}

export type PanelSpec = StatPanel | LinesPanel | HeatPanel | TablePanel | RowsPanel | LogsPanel | TracesPanel;

/** Panels side by side: together they take whole lines of 24. */
export interface RowSpec {
  title: string;
  /** In grid units of 38 px. */
  height: number;
  panels: readonly PanelSpec[];
}

export interface BoardSpec {
  uid: string;
  /** Also the name of its file. */
  file: string;
  title: string;
  /** The question that it answers. */
  question: string;
  rows: readonly RowSpec[];
  /** By default `now-1h`. */
  from?: string;
  /** Asks for a CallSid and not for nodes. */
  call?: true;
}
