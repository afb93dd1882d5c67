import type { Rung } from '../../machines/call-events.ts';
import { joinQueue, leaveQueue, pollQueue, type WaiterClass } from '../directory/queue.ts';
import { DirectoryError } from '../directory/errors.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Assistants } from './admission.ts';

export interface WaitingRoomDeps {
  link: RedisLink;
  /** This node's id: taken when it has room. */
  node: string;
  /** Calls of the whole fleet at most, Infinity for no bound. */
  ceiling(): number;
  /** No new caller comes to the assistant: where those who wait go instead. Null: they wait. */
  aside(): Rung | null;
  /** A place is held at this node. Must not throw or wait. */
  warm: Assistants['warm'];
  /** Redis-clock ms. */
  now(): number;
  log: Log;
  metrics: Pick<Metrics, 'waitingCallers'>;
}

export type Standing =
  | { kind: 'placed'; mediaUrl: string }
  | { kind: 'waiting'; ticket: number; line: { position: number; perMinute: number | null; pieceMs: number } }
  | { kind: 'aside'; rung: Rung }
  /** As many wait as may. */
  | { kind: 'full' }
  /** Redis did not answer: nothing is known, and a ticket keeps its place. */
  | { kind: 'away' };

/** The line of callers for whom no node had a place. One script for each question; nothing is kept here. */
export class WaitingRoom {
  private readonly deps: WaitingRoomDeps;

  constructor(deps: WaitingRoomDeps) {
    this.deps = deps;
  }

  /** Joins the line where `ticket` is 0, else asks whether the caller's turn has come. Both may be repeated. */
  async stand(callSid: string, wait: { kind: WaiterClass; ticket: number }): Promise<Standing> {
    const { link, node, ceiling, aside, warm, now, log, metrics } = this.deps;
    const { kind, ticket } = wait;
    const rung = kind === 'new' ? aside() : null;
    if (rung !== null) return { kind: 'aside', rung };
    try {
      const reply =
        ticket === 0
          ? await joinQueue(link, { callSid, class: kind, ticket: null })
          : await pollQueue(link, { callSid, class: kind, ticket, ceiling: ceiling(), preferredNode: node });
      if (reply.kind === 'placed') {
        warm(reply.node, { callSid, at: Math.round(now()), isNew: kind === 'new' });
        return { kind: 'placed', mediaUrl: reply.node.mediaUrl };
      }
      if (reply.kind === 'full') return { kind: 'full' };
      metrics.waitingCallers.set(reply.waiting);
      const { position, perMinute, pieceMs } = reply;
      return { kind: 'waiting', ticket: reply.ticket, line: { position, perMinute, pieceMs } };
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      log.warn({ err: error, callSid }, 'the waiting room did not answer');
      return { kind: 'away' };
    }
  }

  /** Failure is harmless: who asks no more is forgotten. */
  async leave(callSid: string): Promise<void> {
    try {
      await leaveQueue(this.deps.link, callSid);
    } catch (error) {
      this.deps.log.warn({ err: error, callSid }, 'the waiting room did not hear that a caller left');
    }
  }
}
