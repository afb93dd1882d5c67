import type { SpanAttributes, SpanName } from './span-names.ts';
import type { TracePlace } from './trace-ids.ts';

/** A span of a call. */
export interface CallPlace extends TracePlace {
  callSid: string;
}

/** A span that is over. Times are Redis-clock ms, so that those of several nodes fit together. */
export interface SpanRecord {
  name: SpanName;
  place: CallPlace;
  /** Null: the root of its trace. */
  parentId: string | null;
  kind?: 'server' | 'client' | 'consumer';
  startMs: number;
  endMs: number;
  attributes: SpanAttributes;
  /** Spans that this one goes on from, without being below them. */
  links?: readonly TracePlace[];
  /** The code of what went wrong. */
  error?: string | null;
}

/**
 * Where spans go. A span is told once it is over: until then it is a place, which what it brings about may be put below.
 * No method throws or waits.
 */
export interface Tracing {
  /** The root of the call's trace; null: the call is not traced. */
  root(callSid: string): CallPlace | null;
  add(span: SpanRecord): void;
  /** Sends what waits, within a bound. */
  flush(): Promise<void>;
  /** The same, and nothing more is taken. */
  close(): Promise<void>;
}

/** No call is traced. */
export const noTracing: Tracing = {
  root: () => null,
  add: () => undefined,
  flush: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
