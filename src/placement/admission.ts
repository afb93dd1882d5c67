import type { Rung } from '../../machines/call-events.ts';
import type { WarmAsk } from '../calls/mailbox.ts';
import { DirectoryError } from '../directory/errors.ts';
import type { NodeName } from '../directory/keys.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { newSpanId, traceparentOf } from '../telemetry/trace-ids.ts';
import type { CallPlace, Tracing } from '../telemetry/tracing.ts';
import type { Fairness } from './fairness.ts';
import type { FleetSnapshot, Placement, Placing } from './placement.ts';

/** What Redis may take for one call before this node answers by itself. */
const ASK_MS = 600;

export interface Asked {
  callSid: string;
  /** `live`: a conversation that goes on, which no limit but the nodes' own holds up. */
  kind: 'new' | 'live';
  /** As the carrier words it. */
  from: string;
  preferredNode: string | null;
  /** The span that the search belongs to; null: the call is not traced. */
  trace: CallPlace | null;
}

export type Admitted =
  /** `alone`: Redis is away, and this node takes the call by itself. `node`: where `warm` makes a session ready. */
  | { ok: true; mediaUrl: string; alone?: true; node?: NodeName }
  /** No assistant for this call: where it begins instead. */
  | { ok: false; reason: 'rung'; rung: Rung }
  /**
   * `blocked`: nobody wants this number; `tooMany`: it has too many calls; `closed`: admission is switched off;
   * `afterHours`: the store is closed, and takes messages then.
   */
  | { ok: false; reason: 'blocked' | 'tooMany' | 'closed' | 'afterHours' }
  | Extract<Placing, { ok: false }>;

export interface AdmissionDeps {
  placement: Pick<Placement, 'reserve' | 'release' | 'snapshot' | 'isAway' | 'here' | 'name'>;
  fairness: Pick<Fairness, 'admit' | 'leave'>;
  assistants: Assistants;
  /** The store is closed now, and has messages taken then. */
  isAfterHours(): boolean;
  /** Redis-clock ms. */
  now(): number;
  log: Log;
  metrics: Pick<Metrics, 'admissions'>;
  tracing: Tracing;
}

/** The model sessions of the fleet, as far as admission minds them. No method throws or waits. */
export interface Assistants {
  /** A caller who comes in now will have one. */
  usable(): boolean;
  /** A place is held at this node: it may make a session ready. */
  warm(node: NodeName, ask: WarmAsk): void;
  /** No stream of the call's will come: what is ready for it here is given back. */
  over(callSid: string): void;
}

/** Whether a call gets a place, and why not. Who may not come in is told before anything is reserved. */
export class Admission {
  private readonly deps: AdmissionDeps;

  constructor(deps: AdmissionDeps) {
    this.deps = deps;
  }

  /** A repeat gets the same place. Never rejects for want of Redis. */
  async reserve(asked: Asked): Promise<Admitted> {
    const startMs = this.deps.now();
    const trace = asked.trace && { ...asked.trace, spanId: newSpanId() };
    const admitted = await this.judge({ ...asked, trace });
    this.deps.metrics.admissions.inc({ result: resultOf(admitted) });
    if (trace && asked.trace)
      this.deps.tracing.add({
        name: 'placement',
        place: trace,
        parentId: asked.trace.spanId,
        startMs,
        endMs: this.deps.now(),
        attributes: {
          'aida.result': resultOf(admitted),
          ...(admitted.ok && { 'aida.node': new URL(admitted.mediaUrl).host }),
        },
      });
    return admitted;
  }

  /** The stream of a conversation that goes on will come to this node. Returns at once. */
  warm(callSid: string, node: NodeName, trace: CallPlace | null): void {
    this.deps.assistants.warm(node, this.askFor(callSid, false, trace));
  }

  release(callSid: string): Promise<void> {
    this.deps.assistants.over(callSid);
    return this.deps.placement.release(callSid);
  }

  /** The call is over: its place and its caller's share of the lines are free. */
  async ended(callSid: string, from: string): Promise<void> {
    const { placement, fairness, assistants, log } = this.deps;
    assistants.over(callSid);
    const left = fairness.leave(from, callSid).catch((error: unknown) => {
      log.warn({ err: error, callSid }, 'the end of a call was not counted for its caller');
    });
    await Promise.all([placement.release(callSid), left]);
  }

  private async judge(asked: Asked): Promise<Admitted> {
    const { placement, fairness, log } = this.deps;
    if (asked.kind === 'live') return this.placed(asked);
    if (placement.isAway) return this.turnedAside() ?? this.alone(asked);
    try {
      const fair = await fairness.admit(asked.from, asked.callSid);
      if (fair !== 'admitted') return { ok: false, reason: fair };
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      log.warn({ err: error, callSid: asked.callSid }, 'a caller could not be counted');
    }
    return this.turnedAside() ?? this.placed(asked);
  }

  private turnedAside(): Admitted | null {
    const { placement, assistants } = this.deps;
    const aside = asideOf(placement.snapshot(), assistants.usable());
    if (aside === null) return this.deps.isAfterHours() ? { ok: false, reason: 'afterHours' } : null;
    return aside === 'closed' ? { ok: false, reason: aside } : { ok: false, reason: 'rung', rung: aside };
  }

  private async placed(asked: Asked): Promise<Admitted> {
    const { placement } = this.deps;
    if (placement.isAway) return this.alone(asked);
    const { promise: late, resolve } = Promise.withResolvers<Placing>();
    const timer = setTimeout(resolve, ASK_MS, { ok: false, reason: 'unavailable' });
    const place = await Promise.race([placement.reserve(asked.callSid, asked.kind, asked.preferredNode), late]);
    clearTimeout(timer);
    if (!place.ok) return place.reason === 'unavailable' ? this.alone(asked) : place;
    const { mediaUrl, node, incarnation } = place;
    return { ok: true, mediaUrl, ...this.warmFor(asked, { node, incarnation }) };
  }

  /** Without Redis each node answers within its own bound; a conversation goes on wherever it is known. */
  private alone(asked: Asked): Admitted {
    const { kind } = asked;
    const { own } = this.deps.placement.snapshot();
    if (own.reason === 'draining') return { ok: false, reason: kind === 'live' ? 'draining' : 'unavailable' };
    if (kind === 'new' && own.live + own.reserved >= own.calls) return { ok: false, reason: 'full', limit: 'nodes' };
    const { here, name } = this.deps.placement;
    return { ok: true, mediaUrl: here, alone: true, ...this.warmFor(asked, name) };
  }

  /** A new call is streamed. A conversation may be over, which its own actor knows: whoever asks it says so by `warm`. */
  private warmFor({ callSid, kind, trace }: Asked, node: NodeName): { node?: NodeName } {
    if (kind === 'live') return { node };
    this.deps.assistants.warm(node, this.askFor(callSid, true, trace));
    return {};
  }

  private askFor(callSid: string, isNew: boolean, trace: CallPlace | null): WarmAsk {
    const at = Math.round(this.deps.now());
    return { callSid, at, isNew, ...(trace && { traceparent: traceparentOf(trace) }) };
  }
}

/**
 * What operators have switched, what may be spent, and whether any model can be had: new callers need no place then.
 * Null: they may come in.
 */
export function asideOf(
  { switches, spend }: Pick<FleetSnapshot, 'switches' | 'spend'>,
  isModelUsable: boolean,
): Rung | 'closed' | null {
  if (!switches.admission) return 'closed';
  return switches.rung ?? (spend.state === 'spent' || !isModelUsable ? 'menu' : null);
}

function resultOf(admitted: Admitted): string {
  if (admitted.ok) return admitted.alone ? 'alone' : 'placed';
  if (admitted.reason === 'rung') return `rung ${admitted.rung}`;
  return admitted.reason === 'full' ? `full ${admitted.limit}` : admitted.reason;
}
