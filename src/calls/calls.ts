import { randomUUID } from 'node:crypto';
import { machineVersion, type Outcome } from '../../machines/call-context.ts';
import { limits } from '../../machines/call-events.ts';
import { claimStream, ownerOf } from '../directory/claims.ts';
import { DirectoryError } from '../directory/errors.ts';
import { distrust } from '../directory/fleet.ts';
import type { JournaledFact } from '../directory/journal.ts';
import type { NodeName } from '../directory/keys.ts';
import { repeated } from '../directory/repeat.ts';
import { reservedAt } from '../directory/reservations.ts';
import type { CallPlace } from '../telemetry/tracing.ts';
import type { CallActor, CutCause } from './actor.ts';
import { countUnanswered } from './answer-score.ts';
import { CallList } from './call-list.ts';
import type { CallDoor, CallView, DoorRefusal, TwimlRequest } from './call-door.ts';
import { Departed } from './departed.ts';
import { DeadlineWheel } from './deadline-wheel.ts';
import { EndedTraces } from './ended-traces.ts';
import { answerWebhook, type DoorDeps, foldCall, foldJournal } from './door.ts';
import { Gather } from './gather.ts';
import { Lane } from './lane.ts';
import { makeResident, type ResidentDeps } from './make-resident.ts';
import { Commands, type CommandsDeps } from './commands.ts';
import type { Message } from './mailbox.ts';
import { Offline } from './offline.ts';
import { Post } from './post.ts';
import { createFactRedactor } from './redact-fact.ts';
import { before, rememberCutOff, rememberLanguage } from './redial.ts';
import type { Hold, Resident, ResidentStream } from './resident.ts';
import type { AttachRequest, CallDesk, ResidentCall, Told } from './stream-port.ts';
import { tellsOutcome } from './unfolded.ts';
import { within } from './within.ts';

/** A webhook or a stream waits so long for what this node has not yet journaled of the call. */
const settleMs = 500;
const heardMsMax = 1_000;
/** So long all calls together have for the journal when the node closes. */
const closeMs = 3_000;
/** A node that may have a warm model session for a call is asked for so long whether it lives. */
const probeMs = 150;
/** What another process wrote is in the journal by then, or Redis is away. */
const takenMs = 1_000;
/** Appends of all calls under way at once: those that come back after an outage must not all wait for each other. */
const appendsMax = 32;

export interface CallsDeps extends ResidentDeps {
  /** Holds a place here for a stream that has come; false when there is none. Rejects with DirectoryError. */
  admit(callSid: string): Promise<boolean>;
  /** The process holds no call any more. */
  isGone(holder: NodeName): boolean;
  /** One question to a process: does it live? */
  answers(holder: NodeName, ms: number): Promise<boolean>;
  /** What tells callers apart; null for a number that many people may have. */
  callerOf(from: string): string | null;
  /** The carrier reports that a stream broke. */
  streamFailed(callSid: string, streamSid: string): void;
  /** Whose calls these are. */
  storeName(): string;
  /** The end of a call was journaled here. */
  callEnded(callSid: string): void;
  /** Who on the staff is free, for a supervisor who wants a call put through. */
  staff: CommandsDeps['staff'];
  /** Where the carrier asks what is next for a call; absolute. */
  nextUrl: string;
}

/** The calls of this node: those with a stream here, and the way to all others. */
export class Calls implements CallDesk, CallDoor {
  private readonly deps: CallsDeps;
  /** What claims and folds calls that have no stream here. */
  readonly doorDeps: DoorDeps;
  private readonly post: Post;
  private readonly commands: Commands;
  private readonly list: CallList;
  /** Those that lost their call to another holder, perhaps with facts that they could not write any more. */
  private readonly bereft = new WeakSet<Resident>();
  private readonly residents = new Map<string, Resident>();
  private readonly departed = new Departed();
  private readonly wheel: DeadlineWheel;
  private readonly offline: Offline;
  private readonly traces: EndedTraces;
  private readonly way = { lane: new Lane(appendsMax), gather: new Gather() };
  private readonly answering = new Map<string, Promise<{ twiml: string } | { refused: DoorRefusal }>>();
  private readonly stopListening: () => void;
  private isClosed = false;

  constructor(deps: CallsDeps) {
    this.deps = deps;
    const { link, node, log, metrics } = deps;
    this.doorDeps = this.createDoor();
    this.list = new CallList(link, node, log);
    this.traces = new EndedTraces(deps);
    this.post = new Post({
      ...deps,
      door: this.doorDeps,
      resident: (callSid) => this.residents.get(callSid),
    });
    this.commands = new Commands({
      ...deps,
      door: this.doorDeps,
      resident: (callSid) => this.residents.get(callSid),
      redact: createFactRedactor(deps.redactor),
      over: (callSid) => this.tell(callSid, { type: 'carrier.gone', status: 'completed', durationS: null }),
    });
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
      this.list.writeAgain();
      for (const resident of this.residents.values()) void resident.resend();
      this.departed.resend(deps.now());
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

  /** The caller's audio comes in here. */
  hears(callSid: string): boolean {
    return (this.residents.get(callSid)?.port?.heardMs() ?? Infinity) <= heardMsMax;
  }

  callSids(): string[] {
    return [...this.residents.keys()];
  }

  /** The same with the epoch of each: a call that streams again has another. */
  held(): { callSid: string; epoch: number }[] {
    const held = [...this.residents.values()].filter(({ holdsPlace }) => holdsPlace);
    return held.map(({ callSid, epoch }) => ({ callSid, epoch }));
  }

  /** Calls whose stream is open, with the epoch of each. */
  streaming(): { callSid: string; epoch: number }[] {
    const streaming = [...this.residents.values()].filter(({ state }) => state === 'conversation');
    return streaming.map(({ callSid, epoch }) => ({ callSid, epoch }));
  }

  async attach(request: AttachRequest): Promise<ResidentCall | 'refused' | 'unavailable'> {
    const { callSid, epoch: tokenEpoch, streamSid, port } = request;
    const { link, node } = this.deps;
    if (this.isClosed) return 'unavailable';
    try {
      if ((await this.residents.get(callSid)?.settledWithin(settleMs)) === false) return this.offline.attach(request);
      if (!(await this.deps.admit(callSid))) return 'unavailable';
      // Until its first word is journaled the sweep looks after it soon: its holder may die before.
      const dueInMs = limits.streamMs;
      const ask = { callSid, tokenEpoch, owner: node, attempt: randomUUID(), dueInMs, machineVersion };
      const claim = await repeated(() => claimStream(link, ask));
      // Redis has lost the call: the token vouches for it.
      if (claim.kind === 'unknown') return this.offline.attach(request);
      if (claim.kind !== 'claimed') return 'refused';
      const { actor, facts } = await foldJournal(link, callSid);
      this.residents.get(callSid)?.drop('superseded');
      this.noteResumed(callSid, facts, claim.at);
      const hold = { callSid, epoch: claim.epoch, claimedAt: claim.at, earlier: facts };
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

  async tell(callSid: string, fact: Told, trace: CallPlace | null = null): Promise<'taken' | DoorRefusal> {
    const resident = this.residents.get(callSid);
    if (!resident) return this.post.tell(callSid, fact, trace);
    resident.tell(fact);
    void this.follow(resident, fact);
    return 'taken';
  }

  /** What another process wrote. Never rejects. */
  async take(message: Exclude<Message, { kind: 'warm' }>): Promise<void> {
    const { callSid } = message;
    if (message.kind === 'command') return this.commands.take(message.command);
    const resident = this.residents.get(callSid);
    if (message.kind === 'superseded') {
      resident?.superseded(message.epoch);
      return;
    }
    await this.tell(callSid, message.fact);
    await resident?.settledWithin(takenMs);
  }

  /** The inbox was gone, and perhaps more. */
  wasForgotten(): void {
    this.list.writeAgain();
  }

  async preferredNode(callSid: string): Promise<string | null> {
    const { link, node, isGone, answers } = this.deps;
    if (this.residents.has(callSid)) return node.node;
    try {
      // A stream that never came has no owner: the node that it was sent to is the one to ask.
      const holder = (await ownerOf(link, callSid))?.owner ?? (await reservedAt(link, callSid));
      if (holder === null) return null;
      if (holder.node === node.node || (!isGone(holder) && (await answers(holder, probeMs)))) return holder.node;
      await distrust(link, holder);
    } catch (error) {
      this.deps.log.warn({ err: error, callSid }, 'the node that had the call could not be asked');
    }
    return null;
  }

  streamFailed(callSid: string, streamSid: string): void {
    this.deps.streamFailed(callSid, streamSid);
  }

  /** ISO 639-1 of what is spoken in a call with a stream here, null for another one. */
  languageOf(callSid: string): string | null {
    return this.residents.get(callSid)?.language ?? null;
  }

  async look(callSid: string): Promise<CallView | null> {
    const resident = this.residents.get(callSid);
    if (resident) return resident.view;
    try {
      const owner = await ownerOf(this.deps.link, callSid);
      if (owner === null) return null;
      const actor = await foldCall(this.deps.link, callSid);
      actor.stop();
      return actor.viewAt(owner.epoch);
    } catch (error) {
      this.deps.log.warn({ err: error, callSid }, 'a call could not be looked at');
      return null;
    }
  }

  /** Who has the call by now is told what its former holder could not write. */
  private async follow(resident: Resident, fact: Told): Promise<void> {
    await resident.settled();
    if (this.bereft.has(resident) && !this.isClosed) await this.post.tell(resident.callSid, fact);
  }

  /** Ends every stream here, within a bound; their calls go on through the carrier's next question. */
  async close(): Promise<void> {
    this.isClosed = true;
    await within(closeMs, this.commands.settled());
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
    this.departed.close();
    this.wheel.close();
    await within(closeMs, this.traces.settled());
    await this.list.close();
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
        if (answer.refused === 'ended' && tellsOutcome(request.fact)) await this.post.tell(callSid, request.fact);
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
    const { callsLive, journalWaiting, journalOldestSeconds } = this.deps.metrics;
    const now = this.deps.now();
    let [waiting, oldestAt] = [0, now];
    callsLive.reset();
    for (const resident of this.residents.values()) {
      callsLive.inc({ state: resident.state });
      waiting += resident.waiting;
      oldestAt = Math.min(oldestAt, resident.waitingSince ?? now);
    }
    journalWaiting.set(waiting);
    journalOldestSeconds.set((now - oldestAt) / 1_000);
  }

  private createDoor(): DoorDeps {
    const { link, node, metrics, log } = this.deps;
    return {
      link,
      node,
      ended: (callSid, actor) => {
        this.noteEnd(callSid, actor?.context.outcome ?? 'missed', actor?.wasCutOff ? actor.context : null);
        this.noteCut(actor?.cutBy ?? null);
        if (actor?.wasUnheard) countUnanswered(metrics, Math.max(0, this.deps.now() - actor.context.arrivedAt));
      },
      took: (before, callSid, epoch, trace) => this.post.supersede(before, callSid, epoch, trace),
      unfolded: (callSid, error) => {
        metrics.callsUnfolded.inc({ reason: error.reason });
        log.error({ err: error, callSid, reason: error.reason }, 'a call goes on without its journal');
      },
      before: (from) => before(this.deps, from),
      resumed: (callSid, path, before) => {
        metrics.takeovers.inc({ path, result: 'resumed' });
        log.info({ callSid, path, from: before?.node ?? null }, 'a conversation whose stream broke goes on');
      },
    };
  }

  private noteEnd(callSid: string, outcome: Outcome, cutOff: { callSid: string; from: string } | null): void {
    this.deps.metrics.callsEnded.inc({ outcome });
    this.deps.callEnded(callSid);
    this.traces.ended(callSid);
    if (cutOff) void rememberCutOff(this.deps, cutOff);
  }

  /** A stream has followed one that broke. */
  private noteResumed(callSid: string, facts: readonly JournaledFact[], at: number): void {
    const last = facts.findLast(({ fact }) => streamEvents.has(fact.type))?.fact;
    const isBroken = last?.type === 'carrier.streamStopped' ? !deliberate.has(last.reason) : last !== undefined;
    if (!isBroken) return;
    const brokenMs = Math.max(0, at - (facts.at(-1)?.fact.at ?? at));
    this.deps.metrics.resumeSeconds.observe(brokenMs / 1_000, this.deps.tracing.root(callSid)?.traceId ?? null);
  }

  private noteCut(cause: CutCause | null): void {
    if (cause !== null) this.deps.metrics.callsCut.inc({ cause });
  }

  private host(hold: Hold, actor: CallActor, stream: ResidentStream | null): Resident {
    const languageChosen = (callSid: string, language: string) => {
      this.deps.languageChosen(callSid, language);
      void rememberLanguage(this.deps, { callSid, from: resident.view.from, language });
    };
    const resident: Resident = makeResident({ ...this.deps, languageChosen }, this.way, hold, actor, stream, {
      setDeadline: (sid, at) => (at === null ? this.wheel.clear(sid) : this.wheel.set(sid, at)),
      dropped: (call, why) => {
        if (this.residents.get(hold.callSid) === call) {
          this.residents.delete(hold.callSid);
          this.list.remove(hold.callSid);
        }
        if (why === 'ended') {
          this.noteEnd(call.callSid, call.outcome, call.wasCutOff ? call.view : null);
          this.noteCut(call.cutBy);
        }
        if (why === 'superseded' || why === 'failed') this.bereft.add(call);
        else this.departed.add(call, this.deps.now());
        this.deps.log.info({ callSid: hold.callSid, why, state: call.state }, 'call left this node');
      },
      wentSilent: (sid, streamSid) => this.deps.streamFailed(sid, streamSid),
      cameLate: (sid, fact) => void this.post.tell(sid, fact),
    });
    this.residents.set(hold.callSid, resident);
    this.list.add(hold.callSid);
    return resident;
  }
}

const streamEvents: ReadonlySet<string> = new Set(['carrier.streamStarted', 'carrier.streamStopped']);
/** After these the caller was elsewhere, or had hung up. */
const deliberate: ReadonlySet<string> = new Set(['left', 'stopped']);
