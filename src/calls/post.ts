import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { CallEvent } from '../../machines/call-events.ts';
import { type CallOwner, ownerOf } from '../directory/claims.ts';
import { writeInbox } from '../directory/inbox.ts';
import { appendLate } from '../directory/journal.ts';
import { type NodeName, ownerName } from '../directory/keys.ts';
import { repeated } from '../directory/repeat.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { traceparentOf } from '../telemetry/trace-ids.ts';
import type { CallPlace } from '../telemetry/tracing.ts';
import type { DoorRefusal } from './call-door.ts';
import { type DoorDeps, visit } from './door.ts';
import type { Message } from './mailbox.ts';
import type { Told } from './stream-port.ts';
import { endsCall } from './unfolded.ts';

/** A call that is on its way from one holder to the next, or that a webhook answers for, is tried again after this. */
const againMs = 100;
const triesMax = 10;
/** Without its holder for so long, a call is ended by whoever knows that it is over. */
const endTriesMax = 3;

export interface PostDeps {
  door: DoorDeps;
  /** Redis-clock ms. */
  now(): number;
  /** The call, if its stream is here. */
  resident(callSid: string): { tell(fact: Told): void } | undefined;
  isGone(owner: NodeName): boolean;
  log: Log;
  metrics: Metrics;
}

/** What is told of calls that have no stream here: to their holder, or straight to their journal where there is none. */
export class Post {
  private readonly deps: PostDeps;

  constructor(deps: PostDeps) {
    this.deps = deps;
  }

  /** Never rejects. */
  async tell(callSid: string, fact: Told, trace: CallPlace | null = null): Promise<'taken' | DoorRefusal> {
    try {
      return await this.tellUntilTaken(callSid, fact, trace);
    } catch (error) {
      this.deps.log.error({ err: error, callSid, fact: fact.type }, 'fact could not be told');
      return 'unavailable';
    }
  }

  /** The process that held the call learns that it has lost it. Not told, it learns so at its next append. */
  supersede(holder: NodeName, callSid: string, epoch: number, trace: CallPlace | null = null): void {
    if (this.isSelf(holder) || this.deps.isGone(holder)) return;
    this.write(holder, { kind: 'superseded', callSid, epoch, ...from(trace) }).catch((error: unknown) => {
      this.deps.log.warn({ err: error, callSid }, 'former holder could not be told');
    });
  }

  private async tellUntilTaken(callSid: string, fact: Told, trace: CallPlace | null): Promise<'taken' | DoorRefusal> {
    const { link } = this.deps.door;
    const id = randomUUID();
    for (let tries = 1; ; tries += 1) {
      const resident = this.deps.resident(callSid);
      if (resident) {
        resident.tell(fact);
        return 'taken';
      }
      const call = await repeated(() => ownerOf(link, callSid));
      if (call === null) return 'unknown';
      const taken = (await this.toHolder(call, { kind: 'fact', id, callSid, fact, ...from(trace) })) || null;
      const told = taken ?? (await this.toJournal(callSid, call, fact, tries));
      if (told !== null) return told === true ? 'taken' : told;
      if (tries === triesMax) return 'unavailable';
      await wait(againMs);
    }
  }

  /** True when another process holds the call and was written to. */
  private async toHolder(call: CallOwner, message: Message): Promise<boolean> {
    const { owner } = call;
    if (call.ended !== null || owner === null || this.isSelf(owner) || this.deps.isGone(owner)) return false;
    return (await this.write(owner, message)) === 'sent';
  }

  /** Null: somebody is about to take the call, or holds it and cannot be reached. */
  private async toJournal(
    callSid: string,
    call: CallOwner,
    fact: Told,
    tries: number,
  ): Promise<'taken' | DoorRefusal | null> {
    const { door, now, isGone } = this.deps;
    const stamped: CallEvent = { ...fact, at: now() };
    if (endsCall(fact) && call.ended === null) {
      const isHeld = call.owner !== null && !this.isSelf(call.owner) && !isGone(call.owner);
      if (isHeld && tries < endTriesMax) return null;
      const ended = await visit(door, callSid, call.epoch, async (actor, at) => {
        const happened = { ...stamped, at };
        actor?.step(happened);
        return [happened];
      });
      return ended === 'unavailable' ? null : ended;
    }
    const late = await repeated(() => appendLate(door.link, { callSid, key: keyOf(stamped), fact: stamped }));
    if (late.kind === 'ok' || late.kind === 'repeated') return 'taken';
    if (late.kind === 'unknown') return 'unknown';
    return late.kind === 'full' ? 'unavailable' : null;
  }

  private async write(to: NodeName, message: Message): Promise<'sent' | 'absent' | 'full'> {
    const { door, log, metrics } = this.deps;
    const result = await repeated(() => writeInbox(door.link, to, JSON.stringify(message)));
    metrics.inboxMessages.inc({ kind: message.kind, result });
    if (result !== 'sent') log.warn({ callSid: message.callSid, to: to.node, result }, 'holder of a call has no inbox');
    return result;
  }

  private isSelf(holder: NodeName): boolean {
    return ownerName(holder) === ownerName(this.deps.door.node);
  }
}

/** What a message says of where it comes from. */
function from(trace: CallPlace | null): { traceparent?: string } {
  return trace ? { traceparent: traceparentOf(trace) } : {};
}

/** What a callback tells of, so that its repeat is known. */
function keyOf(fact: CallEvent): string {
  if (fact.type === 'carrier.recordingReady') return `${fact.type}:${fact.recordingSid}:${fact.status}`;
  // Each is news: the line may be joined more than once.
  if (fact.type === 'staff.offered' || fact.type === 'staff.wentHome') return `${fact.type}:${fact.at}`;
  // A request about something else tells the status too, and without the duration.
  if (fact.type === 'carrier.statusReported') return `${fact.type}:${fact.status}:${fact.durationS ?? ''}`;
  return fact.type === 'carrier.streamStopped' ? `${fact.type}:${fact.streamSid}` : fact.type;
}
