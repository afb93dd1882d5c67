import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  type IdGenerator,
  ParentBasedSampler,
  SamplingDecision,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Log } from './log.ts';
import { newSpanId, type TracePlace, traceOf } from './trace-ids.ts';
import type { SpanRecord, Tracing } from './tracing.ts';

export const traceLimits = {
  /** Spans that wait to be sent, those under way included; more are dropped. */
  queueSpansMax: 4_096,
  /** Spans are made into JSON between two frames of audio. */
  batchSpansMax: 64,
  delayMs: 1_000,
  /** A collector that has not taken a batch by then, its tries again included, does not get it. */
  sendTimeoutMs: 5_000,
  /** A node that is to end waits so long for its collector. */
  closeMs: 3_000,
  /** A collector that is away is complained of once in so long. */
  complainMs: 60_000,
  attributeCharsMax: 256,
};

export interface TraceExportOptions {
  /** The collector's address; spans go to `/v1/traces` below it. */
  endpoint: string;
  headers: Record<string, string>;
  /** Share of the calls that are traced, 0 to 1. */
  ratio: number;
  node: string;
  version: string;
  log: Pick<Log, 'warn' | 'info'>;
  count(result: 'exported' | 'dropped' | 'failed', spans: number): void;
  limits?: Partial<typeof traceLimits>;
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER } as const;

/** Sends spans to a collector by OTLP/HTTP, in batches, from a bounded queue. Nothing that calls do waits for it. */
export function startTraceExport(options: TraceExportOptions): Tracing {
  const limits = { ...traceLimits, ...options.limits };
  const { count } = options;
  const ratio = new TraceIdRatioBasedSampler(options.ratio);
  const ids = new GivenIds();
  let waiting = 0;
  let isClosed = false;
  const settled = (result: 'exported' | 'failed', spans: number): void => {
    // Given up at the end, and counted then.
    if (isClosed && waiting < spans) return;
    waiting -= spans;
    count(result, spans);
  };
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'aida',
      'service.version': options.version,
      'service.instance.id': options.node,
    }),
    sampler: new ParentBasedSampler({ root: ratio }),
    idGenerator: ids,
    spanLimits: { attributeValueLengthLimit: limits.attributeCharsMax },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: watched(collectorOf(options, limits), settled, new Complaints(options.log, limits.complainMs)),
        maxQueueSize: limits.queueSpansMax,
        maxExportBatchSize: limits.batchSpansMax,
        scheduledDelayMillis: limits.delayMs,
        exportTimeoutMillis: limits.sendTimeoutMs + limits.delayMs,
      }),
    ],
  });
  const tracer = provider.getTracer('aida', options.version);
  const flush = (work: () => Promise<void>): Promise<void> => bounded(limits.closeMs, work);
  return {
    root(callSid) {
      if (isClosed) return null;
      const place = { ...traceOf(callSid), callSid };
      const isKept = ratio.shouldSample(ROOT_CONTEXT, place.traceId).decision === SamplingDecision.RECORD_AND_SAMPLED;
      return isKept ? place : null;
    },
    add(span) {
      if (isClosed || waiting >= limits.queueSpansMax) return count('dropped', 1);
      // A time that is none cannot be written down, and would take its whole batch with it.
      if (!Number.isFinite(span.startMs) || !Number.isFinite(span.endMs)) return count('dropped', 1);
      ids.next = span.place;
      const made = tracer.startSpan(
        span.name,
        {
          startTime: span.startMs,
          attributes: {
            'aida.call_sid': span.place.callSid,
            ...span.attributes,
            ...(span.error ? { 'error.type': span.error } : {}),
          },
          ...(span.kind ? { kind: kinds[span.kind] } : {}),
          ...(span.links ? { links: span.links.map((link) => ({ context: contextOf(link) })) } : {}),
        },
        parentContext(span),
      );
      if (!made.isRecording()) return;
      if (span.error) made.setStatus({ code: SpanStatusCode.ERROR, message: span.error });
      waiting += 1;
      made.end(Math.max(span.startMs, span.endMs));
    },
    flush: () => flush(() => provider.forceFlush({ timeoutMillis: limits.closeMs })),
    async close() {
      isClosed = true;
      await flush(() => provider.shutdown());
      if (waiting > 0) count('dropped', waiting);
      waiting = 0;
    },
  };
}

function collectorOf({ endpoint, headers }: TraceExportOptions, limits: typeof traceLimits): SpanExporter {
  return new OTLPTraceExporter({
    url: `${endpoint}/v1/traces`,
    headers,
    timeoutMillis: limits.sendTimeoutMs,
    concurrencyLimit: Math.ceil(limits.queueSpansMax / limits.batchSpansMax),
  });
}

/** The ids that the next span is to have: who tells of a span has named it before. */
class GivenIds implements IdGenerator {
  next: TracePlace | null = null;

  generateTraceId(): string {
    return this.next?.traceId ?? '';
  }

  generateSpanId(): string {
    return this.next?.spanId ?? newSpanId();
  }
}

function contextOf({ traceId, spanId }: TracePlace) {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
}

function parentContext({ place, parentId }: SpanRecord): Context {
  if (parentId === null) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, contextOf({ traceId: place.traceId, spanId: parentId }));
}

function watched(
  exporter: SpanExporter,
  settled: (result: 'exported' | 'failed', spans: number) => void,
  complaints: Complaints,
): SpanExporter {
  return {
    export(spans, done) {
      const tell = (error: Error | null): void => {
        settled(error === null ? 'exported' : 'failed', spans.length);
        if (error === null) complaints.over();
        else complaints.failed(spans.length, error);
        // What could not be sent is counted; the processor would only throw it once more.
        done({ code: 0 });
      };
      try {
        exporter.export(spans, ({ code, error }) => tell(code === 0 ? null : (error ?? new Error('not sent'))));
      } catch (error) {
        // What cannot be written down: untold it would stand in the queue's count for ever.
        tell(error instanceof Error ? error : new Error(String(error)));
      }
    },
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush && { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() }),
  };
}

/** Says that the collector is away, once in a while, and that it is back. */
class Complaints {
  private readonly log: Pick<Log, 'warn' | 'info'>;
  private readonly everyMs: number;
  private saidAt = -Infinity;
  private spans = 0;
  private isAway = false;

  constructor(log: Pick<Log, 'warn' | 'info'>, everyMs: number) {
    this.log = log;
    this.everyMs = everyMs;
  }

  failed(spans: number, error: Error): void {
    this.spans += spans;
    this.isAway = true;
    const now = performance.now();
    if (now - this.saidAt < this.everyMs) return;
    this.saidAt = now;
    this.log.warn({ err: error, spans: this.spans }, 'spans could not be sent to the collector');
    this.spans = 0;
  }

  over(): void {
    if (!this.isAway) return;
    this.isAway = false;
    this.log.info('the collector takes spans again');
  }
}

async function bounded(ms: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work().catch(() => undefined), late]);
  clearTimeout(timer);
}
