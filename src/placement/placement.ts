import type { RedisClock } from '../directory/clock.ts';
import { DirectoryError } from '../directory/errors.ts';
import { heartbeat, type NodeAddresses, retire } from '../directory/fleet.ts';
import type { RedisLink } from '../directory/redis.ts';
import { repeated } from '../directory/repeat.ts';
import { releaseReservation, reserve } from '../directory/reservations.ts';
import type { Log } from '../telemetry/log.ts';

const HEARTBEAT_MS = 1_000;
/** Calls told with one heartbeat; more wait for the next. */
const HELD_MAX = 1_000;

export interface PlacementDeps {
  link: RedisLink;
  self: NodeAddresses;
  /** Calls that this node takes at most. */
  callsMax: number;
  /** Calls with a stream here. */
  live(): readonly string[];
  /** Learns Redis' time from each heartbeat. */
  clock: RedisClock;
  log: Log;
}

export type Placing =
  | { ok: true; node: string; mediaUrl: string }
  /**
   * `full`: every place is taken; `queued`: others waited longer; `nowhere`: no node lives; `unavailable`: Redis;
   * `draining`: a conversation that no other node has room for, and this one is to end.
   */
  | { ok: false; reason: 'full' | 'queued' | 'nowhere' | 'unavailable' | 'draining' };

/** Where calls go: this node's heartbeat, and reservations over the whole fleet. */
export class Placement {
  private readonly deps: PlacementDeps;
  private timer: NodeJS.Timeout | null = null;
  private known = new Set<string>();
  private answered = false;
  private isAway = false;
  private isStopped = false;
  private isSuperseded = false;
  private beating: Promise<void> = Promise.resolve();
  private draining: 'finishing' | 'leaving' | null = null;
  private reservedHere = 0;

  constructor(deps: PlacementDeps) {
    this.deps = deps;
  }

  /** True while heartbeats are answered and the node stays: calls can be placed. */
  get ready(): boolean {
    return this.answered && !this.isAway && !this.isSuperseded && this.draining === null;
  }

  /** Calls on their way here, as of the last heartbeat. */
  get reserved(): number {
    return this.reservedHere;
  }

  /**
   * The node is to end: from now on no call is placed here, and the fleet is told at once. While calls are `finishing` a
   * conversation that no other node has room for may still come back; then they are `leaving`.
   */
  async drain(stage: 'finishing' | 'leaving'): Promise<void> {
    const isTold = this.draining !== null;
    this.draining = stage;
    if (isTold) return;
    // One that is under way still offers places.
    this.beating = this.beating.then(() => this.beat());
    await this.beating;
  }

  async start(): Promise<void> {
    await this.beat();
    const next = () => {
      if (this.isStopped) return;
      this.timer = setTimeout(() => {
        this.beating = this.beat().finally(next);
      }, HEARTBEAT_MS);
      this.timer.unref();
    };
    next();
  }

  /** Holds a place for the call; a conversation that goes on (`live`) never waits. */
  async reserve(callSid: string, kind: 'new' | 'live'): Promise<Placing> {
    const { link, self } = this.deps;
    try {
      const reservation = await repeated(() => reserve(link, { callSid, class: kind, preferredNode: self.node, ceiling: Infinity }));
      if (reservation.kind !== 'placed') {
        if (this.draining === null || kind !== 'live') return { ok: false, reason: reservation.kind };
        if (this.draining === 'leaving') return { ok: false, reason: 'draining' };
        return { ok: true, node: self.node, mediaUrl: self.mediaUrl };
      }
      return { ok: true, node: reservation.node.node, mediaUrl: reservation.node.mediaUrl };
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      this.deps.log.warn({ err: error, callSid }, 'no place could be reserved');
      return { ok: false, reason: 'unavailable' };
    }
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

  private async beat(): Promise<void> {
    const { link, self, callsMax, live, clock, log } = this.deps;
    const calls = live();
    const fresh = calls.filter((callSid) => !this.known.has(callSid));
    const held = fresh.slice(0, HELD_MAX);
    const untold = new Set(fresh.slice(HELD_MAX));
    const sentAt = clock.monotonic();
    try {
      const reply = await heartbeat(link, {
        self,
        capacity: this.draining === null ? callsMax : 0,
        liveCalls: calls.length,
        held,
        starting: !this.answered,
        spentMicros: 0,
        model: null,
      });
      if (reply.kind === 'superseded') {
        if (!this.isSuperseded)
          log.fatal({ node: self.node, incarnation: reply.incarnation }, 'another process has this node id');
        this.isSuperseded = true;
        return;
      }
      clock.observe(sentAt, clock.monotonic(), reply.at);
      this.reservedHere = reply.reserved;
      this.known = new Set(calls.filter((callSid) => !untold.has(callSid)));
      this.isSuperseded = false;
      this.answered = true;
      if (this.isAway) log.info('heartbeats are answered again');
      this.isAway = false;
    } catch (error) {
      if (!this.isAway) log.error({ err: error }, 'heartbeat was not answered');
      this.isAway = true;
    }
  }
}
