import { z } from 'zod';
import type { CallEvent } from '../../machines/call-events.ts';

/**
 * What a fact may look like, for those who read facts that somebody else has written. More fields than these are no
 * fault: a newer node may say more.
 */

const text = z.string();
const ms = z.number();
const whole = z.int();
const yes = z.literal(true);

const intent = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('transfer'),
    reason: text,
    to: text.exactOptional(),
    supervisor: text.exactOptional(),
  }),
  z.object({ kind: z.literal('voicemail'), topic: text }),
  z.object({ kind: z.literal('hangup'), reason: text }),
  z.object({ kind: z.literal('menu'), reason: text }),
  z.object({ kind: z.literal('handover'), reason: text }),
]);

const previousTurn = z.discriminatedUnion('who', [
  z.object({ who: z.literal('caller'), itemId: text, text }),
  z.object({ who: z.literal('assistant'), itemId: text, text, cut: z.boolean() }),
  z.object({
    who: z.literal('tool'),
    toolCallId: text,
    name: text,
    arguments: text,
    output: text.nullable(),
  }),
]);

const usage = z.object({
  textIn: whole,
  textInCached: whole,
  audioIn: whole,
  audioInCached: whole,
  textOut: whole,
  audioOut: whole,
});

const fact = <T extends string, S extends z.core.$ZodLooseShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), at: ms, ...shape });

const recording = { recordingSid: text, recordingUrl: text, durationS: z.number() };

const carrierFacts = [
  fact('carrier.arrived', {
    from: text,
    to: text,
    node: text,
    queued: yes.exactOptional(),
    rung: z.enum(['menu', 'voicemail', 'staff']).exactOptional(),
    recorded: yes.exactOptional(),
    previous: z.array(previousTurn).exactOptional(),
    lastsMsMax: ms.exactOptional(),
    language: text.exactOptional(),
  }),
  fact('carrier.recordingSet', { to: z.enum(['paused', 'in-progress', 'stopped']) }),
  fact('carrier.nextAsked', { intent: intent.nullable(), breaks: whole, queued: yes.exactOptional() }),
  fact('carrier.waitEnded', {
    how: z.enum(['placed', 'voicemail', 'menu', 'callback', 'person', 'goodbye']),
    waitedMs: ms,
  }),
  fact('carrier.streamStarted', { streamSid: text, node: text }),
  fact('carrier.streamStopped', {
    streamSid: text,
    reason: z.enum(['stopped', 'closed', 'silent', 'refused', 'superseded', 'left', 'failed']),
  }),
  fact('carrier.dtmf', { digit: text }),
  fact('carrier.statusReported', { status: text, durationS: z.number().nullable(), sequence: whole.nullable() }),
  fact('carrier.dialEnded', {
    result: text,
    durationS: z.number(),
    queued: yes.exactOptional(),
    next: text.exactOptional(),
    waits: yes.exactOptional(),
  }),
  fact('carrier.menuChosen', { digits: text }),
  fact('carrier.recordEnded', { ...recording, digits: text, review: yes.exactOptional() }),
  fact('carrier.reviewed', { choice: z.enum(['keep', 'again', 'person']) }),
  fact('carrier.recordingReady', { ...recording, status: text, of: z.literal('call').exactOptional() }),
  fact('carrier.gone', { status: text, durationS: z.number().nullable() }),
  fact('carrier.stillLive', { status: text }),
] as const;

const modelFacts = [
  fact('model.ready', { sessionId: text, model: text, rotateMs: ms.exactOptional() }),
  fact('model.rotated', { sessionId: text.nullable(), rotateMs: ms }),
  fact('model.lost', { code: text, fatal: z.boolean() }),
  fact('model.responded', {
    responseId: text,
    status: z.enum(['completed', 'cancelled', 'incomplete', 'failed']),
    spoke: z.boolean(),
    toolCallIds: z.array(text),
    errorCode: text.nullable(),
    usage: usage.nullable(),
  }),
] as const;

const speechFacts = [
  fact('caller.speechStarted', { itemId: text }),
  fact('caller.speechStopped', { itemId: text, agoMs: ms.exactOptional() }),
  fact('caller.said', { itemId: text, text, after: text.nullable() }),
  fact('assistant.said', { itemId: text, responseId: text, text, totalMs: ms }),
  fact('assistant.heard', { itemId: text, text, heardMs: ms, totalMs: ms, cut: z.boolean() }),
  fact('assistant.fellSilent', {}),
] as const;

const toolFacts = [
  fact('tool.asked', { toolCallId: text, responseId: text, name: text, arguments: text }),
  fact('tool.answered', {
    toolCallId: text,
    result: z.enum(['ok', 'refused', 'failed', 'late']),
    output: text,
    durationMs: ms,
    leave: intent.nullable(),
    language: text.exactOptional(),
    callback: text.exactOptional(),
    waits: yes.exactOptional(),
  }),
] as const;

const deadlines = [
  ...['stream', 'detached', 'model', 'retry', 'filler', 'answer', 'quiet', 'rotate', 'length', 'farewell'],
  ...['handover', 'ring', 'record', 'menu', 'ending', 'check'],
] as const;

const otherFacts = [
  fact('node.draining', { urgent: z.boolean() }),
  fact('intent.withdrawn', {}),
  fact('staff.offered', { to: text, reason: text }),
  fact('staff.wentHome', {}),
  fact('supervisor.whispered', { noteId: text, by: text, text }),
  fact('supervisor.tookOver', { by: text, to: text }),
  fact('supervisor.gaveBack', { by: text }),
  fact('supervisor.transferred', { by: text, to: text.exactOptional(), waits: yes.exactOptional() }),
  fact('supervisor.hungUp', { by: text }),
  fact('deadline.passed', { name: z.enum(deadlines) }),
  fact('journal.redacted', { itemId: text, text }),
  fact('journal.erased', { erasureId: text, numberHash: text, keyId: text, until: ms }),
] as const;

/** A fact of any kind that this version knows. */
export const factSchema = z.discriminatedUnion('type', [
  ...carrierFacts,
  ...modelFacts,
  ...speechFacts,
  ...toolFacts,
  ...otherFacts,
]);

type SchemaFact = z.output<typeof factSchema>;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type Holds<T extends true> = T;
/** Does not compile when the schema and the facts themselves say different things. */
export type FactsAgree = Holds<Same<SchemaFact, CallEvent>>;

/** Types of facts that this version knows. */
export const factTypes: ReadonlySet<string> = new Set(factSchema.options.map(({ shape }) => shape.type.value));
