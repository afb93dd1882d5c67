import type { RedisClock } from '../directory/clock.ts';
import { DirectoryError } from '../directory/errors.ts';
import {
  type FleetFigures,
  type Heartbeat,
  heartbeat,
  type NodeAddresses,
  readFleet,
  retire,
} from '../directory/fleet.ts';
import type { NodeName } from '../directory/keys.ts';
import { directoryLimits } from '../directory/limits.ts';
import type { RedisLink } from '../directory/redis.ts';
import { repeated } from '../directory/repeat.ts';
import { releaseReservation, renewReservation, reserve, type ReserveRequest } from '../directory/reservations.ts';
import type { Log } from '../telemetry/log.ts';
import type { AccountBooks } from './account-books.ts';
import type { CeilingReason } from './budget.ts';
import { type Capacity, capacityOf } from './capacity.ts';
import type { SpendJudgement } from './spend.ts';
import { noSwitches, type SwitchStates, switchStates } from '../directory/switch-states.ts';

const HEARTBEAT_MS = 1_000;
/** Calls told with one heartbeat; more wait for the next. */
const HELD_MAX = 1_000;

/** A call with a stream here. A call that streams again has another epoch. */
export interface HeldCall {
  callSid: string;
  epoch: number;
}

export interface PlacementDeps {
  link: RedisLink;
  self: NodeAddresses;
  /** Calls that this node takes at most. */
  callsMax: number;
  /** Calls with a stream here. */
  live(): readonly HeldCall[];
  books: AccountBooks;
  /** Learns Redis' time from each heartbeat. */
  clock: RedisClock;
  log: Log;
}

export type Placing =
  | ({ ok: true; mediaUrl: string } & NodeName)
  /** Every place is taken: on the nodes, or by what an account bears. */
  | { ok: false; reason: 'full'; limit: CeilingReason | 'nodes' }
  /**
   * `queued`: others waited longer; `nowhere`: no node lives; `unavailable`: Redis; `draining`: a conversation that no
   * other node has room for, and this one is to end.
   */
  | { ok: false; reason: 'queued' | 'nowhere' | 'unavailable' | 'draining' };

/** How the fleet stood at the last heartbeat that was answered, and this node now. */
export interface FleetSnapshot {
  /** Redis-clock ms of that heartbeat; null before the first. */
  at: number | null;
  own: Capacity & { live: number; reserved: number };
  fleet: FleetFigures;
  /** Calls of the whole fleet that each account bears. */
  ceilings: [CeilingReason, number][];
  spend: SpendJudgement;
  switches: SwitchStates;
}

type Answer = Extract<Heartbeat, { kind: 'ok' }>;

/** Where calls go: this node's heartbeat, and reservations over the whole fleet. */
export class Placement {
  private readonly deps: PlacementDeps;
  private timer: NodeJS.Timeout | null = null;
  private told = new Set<string>();
  private answer: Answer | null = null;
  private away = false;
  private isStopped = false;
  private isSuperseded = false;
  private isLoopOpen = true;
  private draining: 'finishing' | 'leaving' | null = null;
  private beating: Promise<void> = Promise.resolve();
  private beatAt: number | null = null;
  /** By the monotonic clock. */
  private answeredAt = 0;
  private switched = '[]';
  private states = noSwitches;

  constructor(deps: PlacementDeps) {
    this.deps = deps;
  }

  /** True while heartbeats are answered and the node stays: calls can be placed. */
  get ready(): boolean {
    return this.answer !== null && !this.away && !this.isSuperseded && this.draining === null;
  }

  /** The last heartbeat was not answered. */
  get isAway(): boolean {
    return this.away;
  }

  /** Calls of the whole fleet that the accounts bear, Infinity for no bound. */
  get ceiling(): number {
    return this.deps.books.ceiling().calls;
  }

  /** Where streams come to this node. */
  get here(): string {
    return this.deps.self.mediaUrl;
  }

  get name(): NodeName {
    return nameOf(this.deps.self);
  }

  /** Calls on their way here, as of the last heartbeat that was answered; a reservation does not live longer than so. */
  get reserved(): number {
    const isOver = this.deps.clock.monotonic() - this.answeredAt > directoryLimits.reservationLifeMs;
    return isOver ? 0 : (this.answer?.reserved ?? 0);
  }

  /** As of the last heartbeat; kept while Redis is away. */
  get switches(): SwitchStates {
    return this.states;
  }

  snapshot(): FleetSnapshot {
    const live = this.deps.live().length;
    return {
      at: this.answer?.at ?? null,
      own: { ...this.capacity(live), live, reserved: this.reserved },
      fleet: this.answer?.fleet ?? { nodes: 0, capacity: 0, load: 0, kept: 0, waiting: 0 },
      ceilings: this.deps.books.ceilings(),
      spend: this.deps.books.spend,
      switches: this.states,
    };
  }

  async start(): Promise<void> {
    await this.beatInTurn();
    const next = () => {
      if (this.isStopped) return;
      this.timer = setTimeout(() => void this.beatInTurn().finally(next), HEARTBEAT_MS);
      this.timer.unref();
    };
    next();
  }

  /** The event loop has time for further calls, or no more. The fleet is told at once. */
  setLoop(isOpen: boolean): void {
    if (isOpen === this.isLoopOpen) return;
    this.isLoopOpen = isOpen;
    if (this.answer) void this.beatInTurn();
  }

  /**
   * The node is to end: from now on no call is placed here, and the fleet is told at once. While calls are `finishing` a
   * conversation that no other node has room for may still come back; then they are `leaving`.
   */
  async drain(stage: 'finishing' | 'leaving'): Promise<void> {
    const isTold = this.draining !== null;
    this.draining = stage;
    // One that is under way still offers places.
    if (!isTold) await this.beatInTurn();
  }

  /**
   * Holds a place for the call, for 20 s; a repeat gets the same one. A conversation that goes on (`live`) never waits.
   * `preferredNode` is taken if it has room; else the one with the most.
   */
  async reserve(callSid: string, kind: ReserveRequest['class'], preferredNode: string | null = null): Promise<Placing> {
    const { link, self, books } = this.deps;
    const ceiling = books.ceiling();
    try {
      const request = { callSid, class: kind, preferredNode, ceiling: ceiling.calls };
      const reservation = await repeated(() => reserve(link, request));
      if (reservation.kind === 'placed') return placedAt(reservation.node);
      if (this.draining === 'leaving' && kind === 'live') return { ok: false, reason: 'draining' };
      if (this.draining === 'finishing' && kind === 'live') return placedAt(self);
      if (reservation.kind === 'nowhere' && this.hasRoom()) return this.enter();
      if (reservation.kind !== 'full') return { ok: false, reason: reservation.kind };
      const limit = reservation.reason === 'ceiling' ? (ceiling.reason ?? 'nodes') : 'nodes';
      return { ok: false, reason: 'full', limit };
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      this.deps.log.warn({ err: error, callSid }, 'no place could be reserved');
      return { ok: false, reason: 'unavailable' };
    }
  }

  /**
   * A stream has come: holds its place here, false when there is none. While calls finish here the one that nobody else
   * has room for comes without one.
   * @throws DirectoryError when Redis did not answer
   */
  async admit(callSid: string): Promise<boolean> {
    const { link, self } = this.deps;
    const renewed = await repeated(() => renewReservation(link, callSid, self.node));
    return renewed !== 'full' || this.draining === 'finishing';
  }

  /** For a webhook that ends in TwiML without a stream. Failure is harmless: the reservation runs out. */
  async release(callSid: string): Promise<void> {
    try {
      await releaseReservation(this.deps.link, callSid);
    } catch (error) {
      this.deps.log.warn({ err: error, callSid }, 'reservation could not be released');
    }
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    // A heartbeat after it would bring the node back.
    await this.beating;
    await retire(this.deps.link, this.deps.self).catch((error: unknown) => {
      this.deps.log.warn({ err: error }, 'node could not be struck from the registry');
    });
  }

  private hasRoom(): boolean {
    const live = this.deps.live().length;
    return this.answer !== null && !this.isSuperseded && live < this.capacity(live).calls;
  }

  /** Redis has come back without the registry: this node lives, and says so. */
  private enter(): Placing {
    void this.beatInTurn();
    return placedAt(this.deps.self);
  }

  private capacity(live: number): Capacity {
    return capacityOf({
      callsMax: this.deps.callsMax,
      switchedMax: this.states.callsMax,
      isLoopOpen: this.isLoopOpen,
      isDraining: this.draining !== null,
      held: live + this.reserved,
    });
  }

  private beatInTurn(): Promise<void> {
    if (!this.isStopped) this.beating = this.beating.then(() => this.beat());
    return this.beating;
  }

  private async beat(): Promise<void> {
    const { link, self, live, clock, books, log } = this.deps;
    const calls = live().map(({ callSid, epoch }) => ({ callSid, key: `${callSid} ${epoch}` }));
    const fresh = calls.filter(({ key }) => !this.told.has(key));
    const untold = new Set(fresh.slice(HELD_MAX).map(({ key }) => key));
    const report = books.report();
    const sentAt = clock.monotonic();
    if (this.beatAt !== null) books.passed(calls.length, sentAt - this.beatAt);
    this.beatAt = sentAt;
    try {
      const answer = await heartbeat(link, {
        self,
        capacity: this.capacity(calls.length).calls,
        liveCalls: calls.length,
        held: fresh.slice(0, HELD_MAX).map(({ callSid }) => callSid),
        starting: this.answer === null || (this.isSuperseded && (await this.isRivalGone())),
        ...report,
      });
      if (answer.kind === 'superseded') return this.yieldTo(answer.incarnation);
      clock.observe(sentAt, clock.monotonic(), answer.at);
      books.heard(report, answer);
      this.answer = answer;
      this.answeredAt = clock.monotonic();
      this.told = new Set(calls.filter(({ key }) => !untold.has(key)).map(({ key }) => key));
      this.hearSwitches(answer.switches);
      if (this.isSuperseded) log.warn('this process has its node id again');
      if (this.away) log.info('heartbeats are answered again');
      this.isSuperseded = false;
      this.away = false;
    } catch (error) {
      if (!this.away) log.error({ err: error }, 'heartbeat was not answered');
      this.away = true;
    }
  }

  /** Who started later has the name. The calls here go on; no other is placed here while the rival lives. */
  private yieldTo(incarnation: string): void {
    const { log } = this.deps;
    if (!this.isSuperseded)
      log.fatal({ incarnation }, 'another process has this node id: this one takes no more calls');
    this.isSuperseded = true;
    this.away = false;
  }

  /** A registry that lost its last second after a failover may name a process that ended long ago. */
  private async isRivalGone(): Promise<boolean> {
    const { link, self, clock } = this.deps;
    const rival = (await readFleet(link)).find(({ node }) => node === self.node);
    return !rival || clock.now() - rival.heartbeatAt > directoryLimits.heartbeatStaleMs;
  }

  private hearSwitches(set: Readonly<Record<string, string>>): void {
    const text = JSON.stringify(Object.entries(set).toSorted(([a], [b]) => a.localeCompare(b)));
    if (text === this.switched) return;
    this.switched = text;
    this.states = switchStates(set);
    this.deps.log.warn({ switches: set }, 'switches of the fleet have changed');
  }
}

function nameOf({ node, incarnation }: NodeName): NodeName {
  return { node, incarnation };
}

function placedAt(node: NodeAddresses): Placing {
  return { ok: true, mediaUrl: node.mediaUrl, ...nameOf(node) };
}
