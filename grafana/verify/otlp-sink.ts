import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface KeyValue {
  key: string;
  value: Record<string, unknown>;
}

interface Exported {
  resourceSpans: {
    resource: { attributes: KeyValue[] };
    scopeSpans: { spans: { traceId: string; name: string; attributes?: KeyValue[] }[] }[];
  }[];
}

/** What was told of spans: enough to know whether a query names what exists. */
export interface SpansSeen {
  names: Set<string>;
  traceIds: Set<string>;
  /** Attribute → the values it had, as text; `resource.` in front of those of the process. */
  attributes: Map<string, Set<string>>;
}

export interface OtlpSink extends SpansSeen {
  /** OTEL_EXPORTER_OTLP_ENDPOINT of nodes. */
  url: string;
  close(): Promise<void>;
}

const valuesMax = 1_000;

/** Takes what nodes export by OTLP/HTTP in JSON. */
export async function startOtlpSink(): Promise<OtlpSink> {
  const seen: SpansSeen = { names: new Set(), traceIds: new Set(), attributes: new Map() };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.url === '/v1/traces') take(seen, JSON.parse(Buffer.concat(chunks).toString()) as Exported);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...seen,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function take(seen: SpansSeen, { resourceSpans }: Exported): void {
  const note = (prefix: string, attributes: KeyValue[] = []): void => {
    for (const { key, value } of attributes) {
      const values = seen.attributes.get(prefix + key) ?? new Set();
      seen.attributes.set(prefix + key, values);
      if (values.size < valuesMax) values.add(String(Object.values(value)[0]));
    }
  };
  for (const { resource, scopeSpans } of resourceSpans) {
    note('resource.', resource.attributes);
    for (const { spans } of scopeSpans) {
      for (const { traceId, name, attributes } of spans) {
        seen.names.add(name);
        seen.traceIds.add(traceId);
        note('span.', attributes);
      }
    }
  }
}
