import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** A span as it was received; times in ms. */
export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  /** '' for a root. */
  parentSpanId: string;
  name: string;
  kind: number;
  startMs: number;
  endMs: number;
  attributes: Record<string, string | number | boolean>;
  links: { traceId: string; spanId: string }[];
  /** 0 unset, 1 fine, 2 an error. */
  status: number;
  resource: Record<string, string | number | boolean>;
}

export interface OtlpReceiver {
  url: string;
  spans: ReceivedSpan[];
  /** What was sent and is not as OpenTelemetry's protocol has it. */
  complaints: string[];
  /** Answered to every request; 200 in service. */
  status: number;
  requests: number;
  /** The headers of the last request. */
  headers: IncomingMessage['headers'];
  of(traceId: string): ReceivedSpan[];
  /** What is wrong with a trace that is complete: no root or several, parents that never came, ids that came twice. */
  faultsOf(traceId: string): string[];
  close(): Promise<void>;
}

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;
const NANOS = /^\d{16,20}$/;
const resourceNeeded = ['service.name', 'service.version', 'service.instance.id'];

interface RawValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: number | string;
  doubleValue?: number;
}
interface RawAttribute {
  key: string;
  value: RawValue;
}
interface RawSpan {
  traceId?: unknown;
  spanId?: unknown;
  parentSpanId?: unknown;
  name?: unknown;
  kind?: unknown;
  startTimeUnixNano?: unknown;
  endTimeUnixNano?: unknown;
  attributes?: RawAttribute[];
  links?: { traceId: string; spanId: string }[];
  status?: { code?: number };
}
interface RawRequest {
  resourceSpans?: {
    resource?: { attributes?: RawAttribute[] };
    scopeSpans?: { scope?: { name?: string }; spans?: RawSpan[] }[];
  }[];
}

/** A collector that takes OTLP over HTTP in JSON, and nothing that is not as the protocol has it. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const server = createServer((request, response) => void take(request, response));
  const receiver: OtlpReceiver = {
    url: '',
    spans: [],
    complaints: [],
    status: 200,
    requests: 0,
    headers: {},
    of: (traceId) => receiver.spans.filter((span) => span.traceId === traceId),
    faultsOf: (traceId) => treeFaults(receiver.of(traceId)),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    receiver.requests += 1;
    receiver.headers = request.headers;
    const complaints = receiver.status === 200 ? takeSpans(request, Buffer.concat(chunks), receiver.spans) : [];
    receiver.complaints.push(...complaints);
    response.statusCode = complaints.length > 0 ? 400 : receiver.status;
    response.setHeader('content-type', 'application/json');
    response.end('{}');
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return receiver;
}

function takeSpans({ method, url, headers }: IncomingMessage, body: Buffer, into: ReceivedSpan[]): string[] {
  if (method !== 'POST' || url !== '/v1/traces') return [`${method} ${url} is no address of a collector`];
  if (headers['content-type'] !== 'application/json') return [`content type ${headers['content-type']}`];
  let message: RawRequest;
  try {
    const text = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    message = JSON.parse(text.toString()) as RawRequest;
  } catch (error) {
    return [`no JSON: ${String(error)}`];
  }
  const complaints: string[] = [];
  for (const { resource, scopeSpans = [] } of message.resourceSpans ?? []) {
    const about = valuesOf(resource?.attributes);
    for (const name of resourceNeeded) if (!about[name]) complaints.push(`the resource has no ${name}`);
    for (const { scope, spans = [] } of scopeSpans) {
      if (!scope?.name) complaints.push('a scope without a name');
      for (const span of spans) {
        const faults = spanFaults(span);
        complaints.push(...faults);
        if (faults.length === 0) into.push(received(span, about));
      }
    }
  }
  return complaints;
}

function spanFaults({
  traceId,
  spanId,
  parentSpanId = '',
  name,
  kind,
  startTimeUnixNano,
  endTimeUnixNano,
  links = [],
}: RawSpan): string[] {
  const isId = (value: unknown, shape: RegExp) => typeof value === 'string' && shape.test(value);
  const faults: string[] = [];
  const called = `span ${String(name)}`;
  if (!isId(traceId, TRACE_ID)) faults.push(`${called}: trace id ${String(traceId)}`);
  if (!isId(spanId, SPAN_ID)) faults.push(`${called}: span id ${String(spanId)}`);
  if (parentSpanId !== '' && !isId(parentSpanId, SPAN_ID)) faults.push(`${called}: parent ${String(parentSpanId)}`);
  if (typeof name !== 'string' || name === '') faults.push('a span without a name');
  if (typeof kind !== 'number' || kind < 1 || kind > 5) faults.push(`${called}: kind ${String(kind)}`);
  if (!isId(startTimeUnixNano, NANOS) || !isId(endTimeUnixNano, NANOS)) faults.push(`${called}: no times`);
  else if (BigInt(endTimeUnixNano as string) < BigInt(startTimeUnixNano as string))
    faults.push(`${called}: ends before it starts`);
  for (const link of links)
    if (!isId(link.traceId, TRACE_ID) || !isId(link.spanId, SPAN_ID)) faults.push(`${called}: link`);
  return faults;
}

function received(raw: RawSpan, resource: ReceivedSpan['resource']): ReceivedSpan {
  const ms = (nanos: unknown) => Number(BigInt(nanos as string)) / 1e6;
  return {
    traceId: raw.traceId as string,
    spanId: raw.spanId as string,
    parentSpanId: (raw.parentSpanId as string | undefined) ?? '',
    name: raw.name as string,
    kind: raw.kind as number,
    startMs: ms(raw.startTimeUnixNano),
    endMs: ms(raw.endTimeUnixNano),
    attributes: valuesOf(raw.attributes),
    links: (raw.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
    status: raw.status?.code ?? 0,
    resource,
  };
}

function valuesOf(attributes: RawAttribute[] = []): ReceivedSpan['attributes'] {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const { stringValue, boolValue, intValue, doubleValue } = value;
      return [key, stringValue ?? boolValue ?? (intValue === undefined ? (doubleValue ?? '') : Number(intValue))];
    }),
  );
}

function treeFaults(spans: readonly ReceivedSpan[]): string[] {
  const faults: string[] = [];
  const ids = new Set<string>();
  for (const { spanId, name } of spans) {
    if (ids.has(spanId)) faults.push(`${name} came twice`);
    ids.add(spanId);
  }
  const roots = spans.filter(({ parentSpanId }) => parentSpanId === '');
  if (roots.length !== 1) faults.push(`${roots.length} roots`);
  for (const { name, parentSpanId, links } of spans) {
    if (parentSpanId !== '' && !ids.has(parentSpanId)) faults.push(`the parent of ${name} never came`);
    for (const link of links) if (!ids.has(link.spanId)) faults.push(`${name} goes on from a span that never came`);
  }
  return faults;
}
