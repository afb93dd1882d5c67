import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { machineVersion } from '../../machines/call-context.ts';
import { type CallEvent, finalStatuses, limits } from '../../machines/call-events.ts';
import { claimStream, ownerOf } from '../directory/claims.ts';
import { DirectoryError } from '../directory/errors.ts';
import { appendLate } from '../directory/journal.ts';
import { repeated } from '../directory/repeat.ts';
import type { CallActor } from './actor.ts';
import type { CallDoor, DoorRefusal, TwimlRequest } from './call-door.ts';
import { DeadlineWheel } from './deadline-wheel.ts';
import { answerWebhook, type DoorDeps, foldCall, visit } from './door.ts';
import { Lane } from './lane.ts';
import { makeResident, type ResidentDeps } from './make-resident.ts';
import { Offline } from './offline.ts';
import type { Hold, Resident, ResidentStream } from './resident.ts';
import type { AttachRequest, CallDesk, ResidentCall, Told } from './stream-port.ts';
import { within } from './within.ts';

/** A fact for a call that a webhook answers for at this moment is tried again after this. */
const busyPauseMs = 100;
/** A webhook or a stream waits so long for what this node has not yet journaled of the call. */
const settleMs = 500;
/** So long all calls together have for the journal when the node closes. */
const closeMs = 3_000;
const busyTriesMax = 10;
/** Appends of all calls under way at once: those that come back after an outage must not all wait for each other. */
const appendsMax = 32;

export type CallsDeps = ResidentDeps;

/** The calls of this node: those with a stream here, and the way to all others. */
export class Calls implements CallDesk, CallDoor {
  private readonly deps: CallsDeps;
  private readonly doorDeps: DoorDeps;
  private readonly residents = new Map<string, Resident>();
  private readonly wheel: DeadlineWheel;
  private readonly offline: Offline;
  private readonly lane = new Lane(appendsMax);
  private readonly answering = new Map<string, Promise<{ twiml: string } | { refused: DoorRefusal }>>();
  private readonly stopListening: () => void;
  private isClosed = false;

  constructor(deps: CallsDeps) {
    this.deps = deps;
    const { link, node, metrics } = deps;
    this.doorDeps = { link, node, ended: (outcome) => metrics.callsEnded.inc({ outcome }) };
    metrics.onScrape(() => this.report());
    this.wheel = new DeadlineWheel(deps.now, (callSid) => this.residents.get(callSid)?.deadlinePassed());
    this.offline = new Offline({
      node: node.node,
      now: deps.now,
      find: (callSid) => this.residents.get(callSid),
      host: (hold, actor, stream) => this.host(hold, actor, stream),
      log: deps.log,
    });
    this.stopListening = deps.link.onRestored(() => {
      for (const resident of this.residents.values()) void resident.resend();
    });
  }

  /** Calls with a stream here, on its way here, or had until a moment ago: what counts against the capacity. */
  get live(): number {
    return this.held().length;
  }

  /** Facts of all calls here that the journal has not acknowledged. */
  get waiting(): number {
    let waiting = 0;
    for (const resident of this.residents.values()) waiting += resident.waiting;
    return waiting;
  }

  has(callSid: string): boolean {
    return this.residents.has(callSid);
  }

  callSids(): string[] {
    return [...this.residents.keys()];
  }

  /** The same with the epoch of each: a call that streams again has another. */
  held(): { callSid: string; epoch: number }[] {
    const held = [...this.residents.values()].filter(({ holdsPlace }) => holdsPlace);
    return held.map(({ callSid, epoch }) => ({ callSid, epoch }));
  }

  /** Calls whose stream is open. */
  streaming(): string[] {
    return [...this.residents.values()].filter(({ state }) => state === 'conversation').map(({ callSid }) => callSid);
  }

  async attach(request: AttachRequest): Promise<ResidentCall | 'refused' | 'unavailable'> {
    const { callSid, epoch: tokenEpoch, streamSid, port } = request;
    const { link, node } = this.deps;
    if (this.isClosed) return 'unavailable';
    try {
      if ((await this.residents.get(callSid)?.settledWithin(settleMs)) === false) return this.offline.attach(request);
      const ask = { callSid, tokenEpoch, owner: node, attempt: randomUUID(), dueInMs: limits.checkMs, machineVersion };
      const claim = await repeated(() => claimStream(link, ask));
      // Others may have answered for it while Redis was away: here is the stream.
      if (claim.kind !== 'claimed')
        return claim.kind !== 'ended' && this.has(callSid) ? this.offline.attach(request) : 'refused';
      const actor = await foldCall(link, callSid);
      this.residents.get(callSid)?.drop('superseded');
      const hold = { callSid, epoch: claim.epoch, claimedAt: claim.at };
      return this.host(hold, actor, { streamSid, node: node.node, port });
    } catch (error) {
      this.deps.log.error({ err: error, callSid }, 'stream could not be attached');
      return error instanceof DirectoryError && error.retryable ? this.offline.attach(request) : 'unavailable';
    }
  }

  /** Two tries of one request that meet here get one answer. */
  async answer(request: TwimlRequest): Promise<{ twiml: string } | { refused: DoorRefusal }> {
    const key = `${request.callSid} ${request.kind} ${request.idempotencyToken ?? randomUUID()}`;
    const underWay = this.answering.get(key);
    if (underWay) return underWay;
    const answer = this.claimAndAnswer(request);
    this.answering.set(key, answer);
    try {
      return await answer;
    } finally {
      this.answering.delete(key);
    }
  }

  async tell(callSid: string, fact: Told): Promise<'taken' | DoorRefusal> {
    const resident = this.residents.get(callSid);
    if (resident) {
      resident.tell(fact);
      return 'taken';
    }
    return this.tellQuietly(callSid, fact);
  }

  private async tellQuietly(callSid: string, fact: Told): Promise<'taken' | DoorRefusal> {
    try {
      return await this.tellAway(callSid, fact);
    } catch (error) {
      this.deps.log.error({ err: error, callSid, fact: fact.type }, 'fact could not be told');
      return 'unavailable';
    }
  }

  /** Ends every stream here, within a bound; their calls go on through the carrier's next question. */
  async close(): Promise<void> {
    this.isClosed = true;
    const residents = [...this.residents.values()];
    const written = Promise.all(
      residents.map(async (resident) => {
        await resident.giveUpStream();
        await resident.settled();
      }),
    );
    if (!(await within(closeMs, written))) this.deps.log.error({ facts: this.waiting }, 'facts were not journaled');
    this.stopListening();
    for (const resident of this.residents.values()) resident.drop('superseded');
    this.wheel.close();
  }

  private async claimAndAnswer(request: TwimlRequest): Promise<{ twiml: string } | { refused: DoorRefusal }> {
    const { callSid } = request;
    if (request.alone) return this.offline.answer(request);
    try {
      const resident = this.residents.get(callSid);
      // Whoever claims later than the carrier waits takes the call from the answer that the carrier did get.
      if ((await resident?.settledWithin(settleMs)) === false) return this.offline.answer(request);
      const answer = await answerWebhook(this.doorDeps, request);
      if ('refused' in answer) {
        if (answer.refused === 'ended' && tellsOutcome(request.fact)) await this.tellQuietly(callSid, request.fact);
        return answer;
      }
      if (answer.isClaimed) resident?.drop('superseded');
      return { twiml: answer.twiml };
    } catch (error) {
      this.deps.log.error({ err: error, callSid, kind: request.kind }, 'webhook could not be answered');
      if (error instanceof DirectoryError && error.retryable) return this.offline.answer(request);
      this.deps.metrics.faults.inc({ place: 'door' });
      return { refused: 'unavailable' };
    }
  }

  private report(): void {
    const { callsLive, journalWaiting } = this.deps.metrics;
    callsLive.reset();
    for (const resident of this.residents.values()) callsLive.inc({ state: resident.state });
    journalWaiting.set(this.waiting);
  }

  /** The call has no stream here. */
  private async tellAway(callSid: string, fact: Told): Promise<'taken' | DoorRefusal> {
    const { link, now } = this.deps;
    const stamped: CallEvent = { ...fact, at: now() };
    const owner = await repeated(() => ownerOf(link, callSid));
    if (owner === null) return 'unknown';
    if (owner.ended === null && stamped.type === 'carrier.statusReported' && finalStatuses.has(stamped.status)) {
      return visit(this.doorDeps, callSid, owner.epoch, async (actor, at) => {
        const happened = { ...stamped, at };
        actor.step(happened);
        return [happened];
      });
    }
    for (let tries = 1; ; tries += 1) {
      const late = await repeated(() => appendLate(link, { callSid, key: keyOf(stamped), fact: stamped }));
      if (late.kind === 'ok' || late.kind === 'repeated') return 'taken';
      if (late.kind !== 'busy' || tries === busyTriesMax) return late.kind === 'unknown' ? 'unknown' : 'unavailable';
      await wait(busyPauseMs);
    }
  }

  private host(hold: Hold, actor: CallActor, stream: ResidentStream | null): Resident {
    const resident = makeResident(this.deps, this.lane, hold, actor, stream, {
      setDeadline: (sid, at) => (at === null ? this.wheel.clear(sid) : this.wheel.set(sid, at)),
      dropped: (call, why) => {
        if (this.residents.get(hold.callSid) === call) this.residents.delete(hold.callSid);
        if (why === 'ended') this.deps.metrics.callsEnded.inc({ outcome: call.outcome });
        this.deps.log.info({ callSid: hold.callSid, why, state: call.state }, 'call left this node');
      },
      cameLate: (sid, fact) => void this.tellQuietly(sid, fact),
    });
    this.residents.set(hold.callSid, resident);
    return resident;
  }
}

/** The call's end may be told before this: how it came out is worth a line all the same. */
function tellsOutcome(fact: Told): boolean {
  return fact.type === 'carrier.recordEnded' || fact.type === 'carrier.dialEnded';
}

/** What a callback tells of, so that its repeat is known. */
function keyOf(fact: CallEvent): string {
  if (fact.type === 'carrier.recordingReady') return `${fact.type}:${fact.recordingSid}:${fact.status}`;
  // A request about something else tells the status too, and without the duration.
  if (fact.type === 'carrier.statusReported') return `${fact.type}:${fact.status}:${fact.durationS ?? ''}`;
  return fact.type === 'carrier.streamStopped' ? `${fact.type}:${fact.streamSid}` : fact.type;
}
