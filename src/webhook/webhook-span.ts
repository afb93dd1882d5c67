import type { CallPlace, SpanRecord } from '../telemetry/tracing.ts';

/** A webhook that was answered: `endMs` on Redis' clock, `ms` for how long it took. */
export interface Answered {
  path: string;
  status: number;
  ms: number;
  endMs: number;
}

/** Its span, below the root of its call. */
export function webhookSpan(place: CallPlace, root: CallPlace, { path, status, ms, endMs }: Answered): SpanRecord {
  return {
    name: `POST ${path}`,
    place,
    parentId: root.spanId,
    kind: 'server',
    startMs: endMs - ms,
    endMs,
    attributes: { 'http.request.method': 'POST', 'http.route': path, 'http.response.status_code': status },
    error: status >= 500 ? `http_${status}` : null,
  };
}
