import { hash } from 'node:crypto';

/** The place of a call in its trace: 32 and 16 lower-case hex digits (W3C Trace Context). */
export interface TracePlace {
  traceId: string;
  spanId: string;
}

const traceHexLength = 32;
const spanHexLength = 16;

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
