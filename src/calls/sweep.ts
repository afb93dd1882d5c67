import type { CallEvent } from '../../machines/call-events.ts';
import { ownerOf } from '../directory/claims.ts';
import { claimDue, dropDueLease, forgetDue } from '../directory/due.ts';
import { type NodeName, ownerName, partitionCount } from '../directory/keys.ts';
import type { Log } from '../telemetry/log.ts';
import type { CallActor } from './actor.ts';
import type { CarrierPort } from './carrier.ts';
import { type DoorDeps, foldCall, streamed, visit } from './door.ts';
import { Unfolded } from './unfolded.ts';

const SWEEP_MS = 1_000;
/** Deadlines that one visit lets pass, one after the other. */
const DEADLINES_MAX = 10;

export interface SweepDeps extends DoorDeps {
  carrier: Pick<CarrierPort, 'ask'>;
  /** The process holds no call any more. */
  isGone(owner: NodeName): boolean;
  /** Begins to bring a conversation whose process is gone to a living one. */
  take(call: { callSid: string; owner: NodeName; epoch: number }): void;
  /** True for a call whose deadlines this node's wheel fires. */
  isResident(callSid: string): boolean;
  /** Redis-clock ms. */
  now(): number;
  log: Log;
}

/** Looks after calls that nobody holds: lets their deadlines pass and asks the carrier what became of them. */
export class Sweep {
  private readonly deps: SweepDeps;
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;
  private running: Promise<void> = Promise.resolve();

  constructor(deps: SweepDeps) {
    this.deps = deps;
  }

  start(): void {
    this.timer = setTimeout(() => {
      this.running = this.round().finally(() => {
        if (!this.isStopped) this.start();
      });
    }, SWEEP_MS);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.timer) clearTimeout(this.timer);
    await this.running;
    const { link, node } = this.deps;
    await Promise.allSettled(
      Array.from({ length: partitionCount }, (_, partition) => dropDueLease(link, partition, node)),
    );
  }

  /** One look at every partition. Never rejects; ends early when stopped. */
  async round(): Promise<void> {
    const { link, node, log } = this.deps;
    for (let partition = 0; partition < partitionCount && !this.isStopped; partition += 1) {
      try {
        for (const callSid of (await claimDue(link, partition, node)) ?? []) {
          if (this.isStopped) return;
          await this.lookAfterQuietly(callSid);
        }
      } catch (error) {
        log.warn({ err: error, partition }, 'due calls could not be swept');
      }
    }
  }

  /** A call that cannot be looked after must not keep others waiting. */
  private async lookAfterQuietly(callSid: string): Promise<void> {
    try {
      await this.lookAfter(callSid);
    } catch (error) {
      this.deps.log.warn({ err: error, callSid }, 'due call could not be looked after');
    }
  }

  private async lookAfter(callSid: string): Promise<void> {
    const { link, node, isResident, isGone, take } = this.deps;
    if (isResident(callSid)) return;
    const owner = await ownerOf(link, callSid);
    if (owner === null || owner.ended !== null) {
      await forgetDue(link, callSid);
      return;
    }
    const { epoch, state } = owner;
    const holder = owner.owner !== null && ownerName(owner.owner) !== ownerName(node) ? owner.owner : null;
    // Another process' stream is that process' to look after.
    if (holder !== null && !isGone(holder)) return;
    if (holder !== null && streamed.has(state)) {
      take({ callSid, owner: holder, epoch });
      return;
    }
    if (await this.hasGoneOn(callSid)) return;
    await visit(this.deps, callSid, epoch, (actor, at) => this.passDeadlines(callSid, actor, at));
  }

  /** The list of due calls ages while it is worked through: a claim then would void the token of a stream on its way. */
  private async hasGoneOn(callSid: string): Promise<boolean> {
    try {
      const actor = await foldCall(this.deps.link, callSid);
      const deadline = actor.nextDeadline;
      actor.stop();
      return deadline !== null && deadline.at > this.deps.now();
    } catch (error) {
      if (error instanceof Unfolded) return false;
      throw error;
    }
  }

  private async passDeadlines(callSid: string, actor: CallActor | null, at: number): Promise<CallEvent[]> {
    const happened: CallEvent[] = [];
    const tell = (fact: CallEvent) => {
      happened.push(fact);
      return actor?.step(fact) ?? [];
    };
    for (let passed = 0; passed < DEADLINES_MAX; passed += 1) {
      const deadline = actor?.nextDeadline ?? null;
      if (deadline === null || deadline.at > at) break;
      for (const effect of tell({ type: 'deadline.passed', at, name: deadline.name })) {
        if (effect.type !== 'carrier.ask') continue;
        const answer = await this.deps.carrier.ask(callSid);
        if (answer) tell({ ...answer, at });
      }
    }
    if (happened.length === 0) {
      const answer = await this.deps.carrier.ask(callSid);
      if (answer) tell({ ...answer, at });
    }
    return happened;
  }
}
