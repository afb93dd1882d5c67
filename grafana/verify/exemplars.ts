import { readJournal } from '../../src/directory/journal.ts';
import type { RedisLink } from '../../src/directory/redis.ts';
import type { Prometheus } from '../../src/sim/parts/prometheus.ts';
import { traceOf } from '../../src/telemetry/trace-ids.ts';
import type { Time } from './panels.ts';
import type { SpansSeen } from './otlp-sink.ts';

/** What a person follows from a red panel to one call, and where it breaks off. */
export interface Trail {
  /** The slowest answer that carries its trace, s. */
  seconds: number;
  traceId: string;
  callSid: string;
  /** Facts of the call's journal. */
  facts: number;
}

export interface TrailSources {
  prometheus: Pick<Prometheus, 'exemplars'>;
  spans: SpansSeen;
  link: RedisLink;
  calls: readonly string[];
}

const slow = 'aida_silence_seconds_bucket';

/** From the slowest answer of the run to its trace, its call and its journal; or a sentence that says where the trail ends. */
export async function followExemplar(sources: TrailSources, time: Time): Promise<Trail | string> {
  const { prometheus, spans, link, calls } = sources;
  const series = await prometheus.exemplars(slow, time);
  const exemplars = series.flatMap((one) => one.exemplars);
  const [slowest] = exemplars.toSorted((a, b) => Number(b.value) - Number(a.value));
  if (!slowest) return `${slow} has no exemplar`;
  const traceId = slowest.labels['trace_id'] ?? '';
  if (!spans.traceIds.has(traceId)) return `the trace ${traceId} of ${slowest.value} s was never exported`;
  const callSid = calls.find((call) => traceOf(call).traceId === traceId);
  if (callSid === undefined) return `the trace ${traceId} is of no call`;
  const facts = (await readJournal(link, callSid)).length;
  return facts === 0 ? `${callSid} has no journal` : { seconds: Number(slowest.value), traceId, callSid, facts };
}
