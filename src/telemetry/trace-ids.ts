import { hash, randomBytes } from 'node:crypto';

/** A span's place in its trace: 32 and 16 lower-case hex digits (W3C Trace Context). */
export interface TracePlace {
  traceId: string;
  spanId: string;
}

const traceHexLength = 32;
const spanHexLength = 16;
const spanBytes = 8;
/** Version, trace, parent, flags. Of later versions the first four fields read the same. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})/;
const SAMPLED = 1;

/**
 * The trace of a call and the id of its root span. They are made of the CallSid
 * alone, so that every process that meets the call names the same trace without
 * being told: the first 16 and the next 8 bytes of a SHA-256.
 */
export function traceOf(callSid: string): TracePlace {
  const digest = hash('sha256', `aida-trace:${callSid}`, 'hex');
  return {
    traceId: digest.slice(0, traceHexLength),
    spanId: digest.slice(traceHexLength, traceHexLength + spanHexLength),
  };
}

/** The id of the span of one of a call's streams, known to whoever knows the call's journal. */
export function streamSpanId(callSid: string, streamSid: string): string {
  return hash('sha256', `aida-stream:${callSid}:${streamSid}`, 'hex').slice(0, spanHexLength);
}

export function newSpanId(): string {
  return randomBytes(spanBytes).toString('hex');
}

/** The header by which a message names the span that it comes from; only spans that are kept are named. */
export function traceparentOf({ traceId, spanId }: TracePlace): string {
  return `00-${traceId}-${spanId}-0${SAMPLED}`;
}

/** Null for a header that is none, or of a trace that is not kept. */
export function parseTraceparent(text: string): TracePlace | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  return (parseInt(flags, 16) & SAMPLED) === 0 ? null : { traceId, spanId };
}
