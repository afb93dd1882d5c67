import packageJson from '../../package.json' with { type: 'json' };
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { noTracing, type Tracing } from './tracing.ts';

export interface TraceSettings {
  nodeId: string;
  traces: { endpoint: string; headers: Record<string, string>; ratio: number } | null;
}

/** Traces as they are set up; the SDK is loaded only where calls are traced. */
export async function openTracing(
  { nodeId, traces }: TraceSettings,
  { log, metrics }: { log: Log; metrics: Pick<Metrics, 'spans'> },
): Promise<Tracing> {
  if (traces === null || traces.ratio === 0) return noTracing;
  const { startTraceExport } = await import('./trace-export.ts');
  return startTraceExport({
    ...traces,
    node: nodeId,
    version: packageJson.version,
    log,
    count: (result, spans) => metrics.spans.inc({ result }, spans),
  });
}
