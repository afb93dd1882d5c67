import { z } from 'zod';
import type { CallEvent } from '../../machines/call-events.ts';
import { traceOf } from '../telemetry/trace-ids.ts';
import { factSchema, factTypes } from './fact-schema.ts';

/** Raised when readers of the last version could no longer read what is written; new fields and types raise nothing. */
export const SCHEMA_VERSION = 1 as const;

const place = {
  schemaVersion: z.literal(SCHEMA_VERSION),
  /** Also the message's key. */
  callSid: z.string().min(1),
  /** Who owned the call when it was told: with `seq` it tells a fact from all others of the call. */
  epoch: z.int().nonnegative(),
  seq: z.int().nonnegative(),
};

/** A message of `calls.events`. */
export const eventSchema = z.object({ ...place, fact: factSchema });

/** A message of `calls.transcripts`: one turn told, heard (by the caller) or taken back. All of an `itemId` are one turn. */
export const transcriptSchema = z.object({
  ...place,
  /** Ms since 1970. */
  at: z.number(),
  itemId: z.string(),
  told: z.enum(['said', 'heard', 'redacted']),
  /** Null where a turn is taken back, whoever's it is. */
  who: z.enum(['caller', 'assistant']).nullable(),
  /** Said: all of it. Heard: what reached the caller's ear. Redacted: what stands in place of all that was told. */
  text: z.string(),
  /** The turn that this one of the caller follows, where that is known. */
  after: z.string().nullable(),
  /** Of the assistant's turns. */
  heardMs: z.number().nullable(),
  totalMs: z.number().nullable(),
  cut: z.boolean().nullable(),
});

/** A message of `calls.dead`. */
export const deadSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  /** Who could not take it in. */
  group: z.string(),
  reason: z.string(),
  /** When it was set aside, ms since 1970. */
  at: z.number(),
  /** Where it was. */
  topic: z.string(),
  partition: z.int(),
  offset: z.string(),
  key: z.string().nullable(),
  /** Base64 of the message. */
  value: z.string(),
});

export type TranscriptMessage = z.output<typeof transcriptSchema>;
export type DeadMessage = z.output<typeof deadSchema>;

export interface Fact {
  callSid: string;
  epoch: number;
  seq: number;
  fact: CallEvent;
}

export const eventText = ({ callSid, epoch, seq, fact }: Fact): string =>
  JSON.stringify({ schemaVersion: SCHEMA_VERSION, callSid, epoch, seq, fact });

/** W3C Trace Context: whoever reads the message belongs to the call's trace. */
export function traceHeaders(callSid: string): { traceparent: string } {
  const { traceId, spanId } = traceOf(callSid);
  return { traceparent: `00-${traceId}-${spanId}-01` };
}

export type DecodedEvent =
  | { kind: 'fact'; fact: Fact }
  /** Of a type that a newer version writes: nothing of it is known here. */
  | { kind: 'unknown'; type: string }
  | { kind: 'invalid'; reason: string };

const REASON_CHARS = 200;

/** Reads a message of `calls.events`. The reason names places and types, never values. */
export function decodeEvent(value: Buffer | null): DecodedEvent {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value?.toString() ?? '');
  } catch {
    return { kind: 'invalid', reason: 'not JSON' };
  }
  const type = typeOf(parsed);
  if (type !== null && !factTypes.has(type)) return { kind: 'unknown', type };
  const checked = eventSchema.safeParse(parsed);
  if (checked.success) return { kind: 'fact', fact: checked.data };
  const [issue] = checked.error.issues;
  return { kind: 'invalid', reason: `${issue?.path.join('.') ?? ''}: ${issue?.code ?? ''}`.slice(0, REASON_CHARS) };
}

/** The fact's type, where the rest is a message of this version. */
function typeOf(parsed: unknown): string | null {
  if (typeof parsed !== 'object' || parsed === null) return null;
  if (!('schemaVersion' in parsed) || parsed.schemaVersion !== SCHEMA_VERSION || !('fact' in parsed)) return null;
  const { fact } = parsed;
  if (typeof fact !== 'object' || fact === null || !('type' in fact)) return null;
  return typeof fact.type === 'string' ? fact.type : null;
}
