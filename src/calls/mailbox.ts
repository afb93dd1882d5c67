import { setTimeout as wait } from 'node:timers/promises';
import { type Command, readCommand } from '../directory/commands.ts';
import { advanceInbox, closeInbox, type InboxMessage, inboxCursor, keepInbox, readInbox } from '../directory/inbox.ts';
import type { NodeName } from '../directory/keys.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { newSpanId, parseTraceparent } from '../telemetry/trace-ids.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import type { Told } from './stream-port.ts';

/** A reader waits so long for the first message, on a link of its own. */
export const mailboxBlockMs = 1_000;
/** An inbox that Redis lost or a survivor deleted is made again within it. */
const keepMs = 2_000;
const retryMs = 200;
/** Messages remembered, so that one that was written twice is dealt with once. */
const rememberedMax = 4_096;
const closeReadsMax = 10;

/** A place was reserved for a call's stream. */
export interface WarmAsk {
  callSid: string;
  /** When, Redis-clock ms. */
  at: number;
  /** The call begins: its greeting may be spoken before anybody listens. */
  isNew: boolean;
  /** The span that asks, as W3C Trace Context words it; absent: the call is not traced. */
  traceparent?: string;
}

export type Message =
  /** What the carrier told another process of a call that has its stream here. */
  | { kind: 'fact'; id: string; callSid: string; fact: Told; traceparent?: string }
  /** What a supervisor wants of the call, wherever it is. */
  | { kind: 'command'; command: Command; callSid: string; traceparent?: string }
  /** Somebody has claimed the call with this epoch. */
  | { kind: 'superseded'; callSid: string; epoch: number; traceparent?: string }
  /** The call's stream will come to this process. */
  | ({ kind: 'warm' } & WarmAsk);

/** A message, null for anything that is none. Its fact may be of a newer version. */
export function parseMessage(text: string): Message | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('callSid' in value) || typeof value.callSid !== 'string')
      return null;
    const { callSid } = value;
    if (!('kind' in value)) return null;
    const from =
      'traceparent' in value && typeof value.traceparent === 'string' ? { traceparent: value.traceparent } : {};
    if (value.kind === 'superseded' && 'epoch' in value && typeof value.epoch === 'number')
      return { kind: 'superseded', callSid, epoch: value.epoch, ...from };
    if (value.kind === 'warm' && 'at' in value && typeof value.at === 'number' && 'isNew' in value)
      return { kind: 'warm', callSid, at: value.at, isNew: value.isNew === true, ...from };
    if (value.kind === 'command') {
      const command = readCommand(value);
      return command && { kind: 'command', command, callSid, ...from };
    }
    if (value.kind !== 'fact' || !('id' in value) || typeof value.id !== 'string' || !('fact' in value)) return null;
    const { id, fact } = value;
    const isFact = typeof fact === 'object' && fact !== null && 'type' in fact && typeof fact.type === 'string';
    return isFact ? { kind: 'fact', id, callSid, fact: fact as Told, ...from } : null;
  } catch {
    return null;
  }
}

export interface MailboxDeps {
  link: RedisLink;
  /** For blocking reads only, of at most `mailboxBlockMs`; the mailbox closes it. */
  blocking: RedisLink;
  node: NodeName;
  /** Deals with a message; what it is told twice must change nothing. Never rejects. */
  take(message: Message): Promise<void>;
  /** The inbox was gone and is there again. */
  remade(): void;
  /** Redis-clock ms. */
  now(): number;
  log: Log;
  metrics: Metrics;
  tracing: Tracing;
}

/** The inbox of this process: kept alive, read in order by one reader, moved on after each message was dealt with. */
export class Mailbox {
  private readonly deps: MailboxDeps;
  private readonly repeats = new Repeats();
  private readonly stopListening: () => void;
  private cursor: string | null = null;
  private keptAt = -Infinity;
  private isStopped = false;
  private isTroubled = false;
  private reading: Promise<void> = Promise.resolve();

  constructor(deps: MailboxDeps) {
    this.deps = deps;
    this.stopListening = deps.link.onRestored(() => {
      this.keptAt = -Infinity;
    });
  }

  /** Resolves when others can write to it, or Redis did not answer; it goes on trying either way. */
  async start(): Promise<void> {
    await this.round(0);
    this.reading = this.read();
  }

  /** Reads what is left and removes the inbox: whoever writes now looks the call's owner up again. */
  async close(): Promise<void> {
    const { link, blocking, node, log } = this.deps;
    this.isStopped = true;
    await blocking.close();
    await this.reading;
    this.stopListening();
    try {
      for (let reads = 0; reads < closeReadsMax; reads += 1) {
        await this.readOnce(link, 0);
        if (await closeInbox(link, node, this.cursor ?? '0-0')) return;
      }
    } catch (error) {
      log.warn({ err: error }, 'inbox could not be closed');
    }
  }

  private async read(): Promise<void> {
    while (!this.isStopped) if (!(await this.round(mailboxBlockMs)) && !this.isStopped) await wait(retryMs);
  }

  /** False when Redis did not answer. */
  private async round(blockMs: number): Promise<boolean> {
    try {
      await this.keep();
      await this.readOnce(blockMs > 0 ? this.deps.blocking : this.deps.link, blockMs);
      this.isTroubled = false;
      return true;
    } catch (error) {
      if (!this.isTroubled && !this.isStopped) this.deps.log.warn({ err: error }, 'inbox cannot be read');
      this.isTroubled = true;
      this.keptAt = -Infinity;
      return false;
    }
  }

  private async keep(): Promise<void> {
    const { link, node, remade, log } = this.deps;
    if (performance.now() - this.keptAt < keepMs) return;
    const kept = await keepInbox(link, node);
    // The ids of a new inbox need not be above those of the one that is gone.
    if (kept === 'made' && this.cursor !== null) {
      log.warn('inbox was gone and is made again');
      this.cursor = '0-0';
      remade();
    }
    this.cursor ??= await inboxCursor(link, node);
    this.keptAt = performance.now();
  }

  private async readOnce(link: RedisLink, blockMs: number): Promise<void> {
    const messages = await readInbox(link, this.deps.node, this.cursor ?? '0-0', blockMs);
    const last = messages.at(-1);
    if (!last) return;
    // Begun in order: what is told to one call reaches it in the order in which it was written.
    await Promise.all(messages.map((message) => this.deal(message)));
    this.cursor = last.id;
    await advanceInbox(this.deps.link, this.deps.node, last.id);
  }

  private async deal({ id, text }: InboxMessage): Promise<void> {
    if (text === '') return;
    const { take, log, metrics, now } = this.deps;
    // The id is the time of Redis at which it was written.
    metrics.inboxSeconds.observe(Math.max(0, now() - Number.parseInt(id, 10)) / 1_000);
    const message = parseMessage(text);
    if (message === null) {
      metrics.inboxMessages.inc({ kind: 'unknown', result: 'ignored' });
      log.warn({ chars: text.length }, 'inbox message is not understood');
      return;
    }
    if (this.isRepeat(message)) {
      metrics.inboxMessages.inc({ kind: message.kind, result: 'repeated' });
      return;
    }
    metrics.inboxMessages.inc({ kind: message.kind, result: 'taken' });
    const startMs = this.deps.now();
    await take(message);
    this.trace(message, startMs);
  }

  private isRepeat(message: Message): boolean {
    if (message.kind === 'command') return this.repeats.has(message.command.id);
    return message.kind === 'fact' && this.repeats.has(message.id);
  }

  /** What was done belongs to whoever wrote. */
  private trace({ kind, callSid, traceparent }: Message, startMs: number): void {
    const writer = traceparent === undefined ? null : parseTraceparent(traceparent);
    if (writer === null) return;
    this.deps.tracing.add({
      name: `message ${kind}`,
      place: { callSid, traceId: writer.traceId, spanId: newSpanId() },
      parentId: writer.spanId,
      kind: 'consumer',
      startMs,
      endMs: this.deps.now(),
      attributes: { 'messaging.operation.type': 'process', 'aida.node': this.deps.node.node },
    });
  }
}

/** The ids of the last messages. */
class Repeats {
  private readonly ids = new Set<string>();

  /** True if it was asked for before; from now on it was. */
  has(id: string): boolean {
    if (this.ids.has(id)) return true;
    this.ids.add(id);
    const [oldest] = this.ids.size > rememberedMax ? this.ids : [];
    if (oldest !== undefined) this.ids.delete(oldest);
    return false;
  }
}
