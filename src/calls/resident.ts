import type { CallEffect, CallEvent, DeadlineName, Intent, ToolResult } from '../../machines/call-events.ts';
import { finalStatuses, limits } from '../../machines/call-events.ts';
import type { CallActor } from './actor.ts';
import type { CarrierPort } from './carrier.ts';
import { JournalWriter, type JournalPort } from './journal-writer.ts';
import type { FactRedactor } from './redact-fact.ts';
import type { ResidentCall, StreamPort, Told } from './stream-port.ts';
import { within } from './within.ts';

/** Facts that wait while the actor of an amnesic call is rebuilt. */
const rebuildQueueMax = 1_000;
/** A call that cannot go on here gives its facts so long to reach the journal. */
const failedFlushMs = 2_000;

export interface ToolRunner {
  definitions: readonly { name: string }[];
  run(ask: {
    callSid: string;
    epoch: number;
    toolCallId: string;
    name: string;
    arguments: string;
  }): Promise<Omit<Extract<CallEvent, { type: 'tool.answered' }>, 'type' | 'at' | 'toolCallId'>>;
}

export interface ResidentHost {
  now(): number;
  redact: FactRedactor;
  tools: ToolRunner;
  carrier: CarrierPort;
  /** Moves the call's one deadline. */
  setDeadline(callSid: string, at: number | null): void;
  /** The call is no longer this node's: forget it. */
  dropped(call: Resident, why: 'ended' | 'superseded' | 'failed'): void;
  toolRan(name: string, result: ToolResult): void;
  /** The stream ends on purpose; `isCommitted`: the next epoch will find the intent. */
  left(intent: Intent, isCommitted: boolean): void;
  /** The call's end is in its journal, and this was told after it. */
  cameLate(callSid: string, fact: Told): void;
  stepFailed(callSid: string, error: unknown): void;
  journalTroubled(callSid: string, error: unknown): void;
  /** Tests drop and rebuild the actor after every fact; null in service. */
  rebuild: ((callSid: string) => Promise<CallActor>) | null;
}

export interface ResidentStream {
  streamSid: string;
  /** The node that holds it. */
  node: string;
  port: StreamPort;
}

/** A call that has its stream here, or had it until a moment ago: actor, journal, effects. */
export class Resident implements ResidentCall {
  readonly callSid: string;
  readonly epoch: number;
  private readonly host: ResidentHost;
  private readonly stream: ResidentStream;
  private readonly port: StreamPort;
  private readonly writer: JournalWriter;
  private actor: CallActor;
  private readonly started = new Set<string>();
  private queue: Told[] = [];
  private rebuilding: Promise<void> | null = null;
  private lastAt = 0;
  private finalStatus: string | null = null;
  private failed = false;
  private gone = false;

  constructor(
    claim: { callSid: string; epoch: number },
    actor: CallActor,
    stream: ResidentStream,
    journal: JournalPort,
    host: ResidentHost,
  ) {
    this.callSid = claim.callSid;
    this.epoch = claim.epoch;
    this.actor = actor;
    this.stream = stream;
    this.port = stream.port;
    this.host = host;
    this.writer = new JournalWriter(claim, journal, {
      standing: () => this.standing(),
      fenced: () => this.drop('superseded'),
      troubled: (error) => host.journalTroubled(this.callSid, error),
      now: () => host.now(),
    });
  }

  get state() {
    return this.actor.state;
  }

  get outcome() {
    return this.actor.context.outcome;
  }

  /** Facts that Redis has not acknowledged. */
  get waiting(): number {
    return this.writer.waiting + this.queue.length;
  }

  begin(): void {
    const { streamSid, node } = this.stream;
    this.tell({ type: 'carrier.streamStarted', streamSid, node });
    // What the fold left unanswered is started by whoever goes live with it.
    this.startPending();
  }

  tell(fact: Told): void {
    if (this.gone || this.failed) return;
    try {
      // A call's end may be told before its stream has stopped: what the caller heard belongs before the end.
      if (endsCall(fact)) this.port.end('left');
      for (const safe of this.host.redact(fact)) this.take(safe);
    } catch (error) {
      // The stream ends, and the call goes on through the carrier's next question.
      this.failed = true;
      this.host.stepFailed(this.callSid, error);
      void this.settledWithin(failedFlushMs).then(() => this.drop('failed'));
    }
  }

  /** The deadline that was set has passed. */
  deadlinePassed(): void {
    const next = this.actor.nextDeadline;
    if (next === null || this.gone) return;
    if (next.at > this.host.now()) this.host.setDeadline(this.callSid, next.at);
    else this.tell({ type: 'deadline.passed', name: next.name satisfies DeadlineName });
  }

  /** Resolves when every fact so far is in the journal, or the call was dropped. */
  async settled(): Promise<void> {
    while (this.rebuilding) await this.rebuilding;
    await this.writer.settled();
  }

  /** As `settled`, for so long; false if facts still wait. */
  settledWithin(ms: number): Promise<boolean> {
    return within(ms, this.settled());
  }

  /** The stream ends on purpose and the call goes on elsewhere: what was said and heard until now is told first. */
  async giveUpStream(): Promise<void> {
    await this.port.lastWords();
    this.port.end('superseded');
  }

  /** Redis reconnected or changed its primary. */
  resend(): void {
    this.writer.resend();
  }

  private startPending(): void {
    for (const effect of Object.values(this.actor.context.pending.effects)) this.start(effect);
    this.host.setDeadline(this.callSid, this.actor.nextDeadline?.at ?? null);
  }

  drop(why: 'ended' | 'superseded' | 'failed'): void {
    if (this.gone) return;
    this.gone = true;
    this.writer.close();
    this.actor.stop();
    this.host.setDeadline(this.callSid, null);
    this.host.dropped(this, why);
    this.port.end(why === 'ended' ? 'left' : why);
  }

  private take(fact: Told): void {
    if (this.rebuilding) {
      if (this.queue.length >= rebuildQueueMax)
        throw new Error(`more than ${rebuildQueueMax} facts wait for a rebuild`);
      this.queue.push(fact);
      return;
    }
    if (this.actor.ended) {
      void this.settled().then(() => this.host.cameLate(this.callSid, fact));
      return;
    }
    this.lastAt = Math.max(this.host.now(), this.lastAt);
    const stamped: CallEvent = { ...fact, at: this.lastAt };
    // First the actor: a fact that it cannot take must not stand in the journal, where every fold would meet it again.
    const effects = this.actor.step(stamped);
    if (this.actor.ended) this.finalStatus = 'status' in stamped ? stamped.status : 'completed';
    this.writer.add(stamped);
    for (const effect of effects) this.start(effect);
    this.host.setDeadline(this.callSid, this.actor.nextDeadline?.at ?? null);
    if (this.actor.ended) void this.settled().then(() => this.drop('ended'));
    else if (this.host.rebuild) this.rebuilding = this.forgetAll(this.host.rebuild);
  }

  private start(effect: CallEffect): void {
    if (this.started.has(effect.id)) return;
    this.started.add(effect.id);
    switch (effect.type) {
      case 'model.open':
        this.port.openModel(effect.opening, effect.seed);
        return;
      case 'tool.deliver':
        this.port.deliverTool(effect.toolCallId, effect.output, effect.respond);
        return;
      case 'tool.run':
        void this.runTool(effect);
        return;
      case 'stream.leave':
        void this.leave(effect);
        return;
      case 'carrier.ask':
        void this.host.carrier.ask(this.callSid).then((fact) => fact && this.tell(fact));
    }
  }

  private async runTool({
    toolCallId,
    name,
    arguments: args,
  }: Extract<CallEffect, { type: 'tool.run' }>): Promise<void> {
    const answer = await this.host.tools.run({
      callSid: this.callSid,
      epoch: this.epoch,
      toolCallId,
      name,
      arguments: args,
    });
    this.host.toolRan(name, answer.result);
    this.tell({ type: 'tool.answered', toolCallId, ...answer });
  }

  /** The line stays open until the intent is committed: a line that closes without it would be taken for a break. */
  private async leave({ intent }: Extract<CallEffect, { type: 'stream.leave' }>): Promise<void> {
    await this.port.lastWords();
    const isCommitted = await this.writer.leave(intent);
    // A journal that takes nothing any more cannot hold the intent: the carrier's question is all that is left.
    if (this.gone) return;
    this.host.left(intent, isCommitted);
    this.port.end(isCommitted ? 'left' : 'failed');
  }

  private standing() {
    const deadline = this.actor.nextDeadline?.at ?? this.host.now() + limits.checkMs;
    return { state: this.actor.state, dueAt: Math.round(deadline), ended: this.finalStatus };
  }

  /** Amnesia: what is not in the journal is lost, and the rebuilt actor takes the running call over. */
  private async forgetAll(rebuild: (callSid: string) => Promise<CallActor>): Promise<void> {
    await this.writer.settled();
    const rebuilt = this.gone ? this.actor : await rebuild(this.callSid);
    this.actor.stop();
    this.actor = rebuilt;
    this.rebuilding = null;
    if (this.gone) return;
    this.startPending();
    for (const fact of this.queue.splice(0)) this.take(fact);
  }
}

function endsCall(fact: Told): boolean {
  return fact.type === 'carrier.gone' || (fact.type === 'carrier.statusReported' && finalStatuses.has(fact.status));
}
