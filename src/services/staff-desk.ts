import { DirectoryError } from '../directory/errors.ts';
import type { RedisLink } from '../directory/redis.ts';
import { repeated } from '../directory/repeat.ts';
import {
  askStaff,
  freeStaff,
  type HoldEnd,
  holdStaff,
  leaveStaff,
  matchStaff,
  readLine,
  type StaffAsk,
  type StaffAnswer,
} from '../directory/staff.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { StaffPerson } from './staff.ts';

/** Bounds in ms; a hold that nobody ends runs out by them. */
export const staffLimits = {
  /** From the tool's answer over the farewell to the carrier's question. */
  reservedMs: 40_000,
  /** A caller who waited is in the middle of a turn, which has its own bound, and hears a sentence. */
  offeredMs: 45_000,
  /** What the network adds to the ringing. */
  networkMs: 15_000,
  /** Both rounds of the words before a call is accepted. */
  whisperMs: 60_000,
  /** The longest conversation with staff; the carrier ends it then. */
  talkMsMax: 14_400_000,
  /** Who was busy, did not answer or declined is left alone for so long. */
  restMs: 30_000,
  /** Members that are rung in one transfer. */
  triesMax: 3,
  roundMs: 1_000,
} as const;

/** Of the hold, after the conversation was to end. */
const SPARE_MS = 60_000;

/** Somebody who is kept for a call and is to be rung. */
export interface Ring {
  number: string;
  /** Names the hold, in what the carrier is to tell us of it. */
  hold: string;
  ringS: number;
  isWarm: boolean;
}

export type NoRing =
  /** Everybody is on a call. `place` in line, 0 for a call that does not wait. */
  | { kind: 'busy'; place: number }
  /** Nobody is there at this hour. */
  | { kind: 'closed' }
  /** Redis did not answer: nobody is kept for anybody, and all are rung. */
  | { kind: 'away' };

export type StaffFound = { kind: 'ring'; ring: Ring } | NoRing;

/** How a call to staff came out; the carrier's words, and `declined` for no key. */
export type DialResult = 'completed' | 'busy' | 'no-answer' | 'failed' | 'canceled' | 'declined';

const rests: ReadonlySet<DialResult> = new Set(['busy', 'no-answer', 'failed', 'declined']);

/** What came of telling a call something: the door's words. */
export type CallTold = 'taken' | 'unknown' | 'unavailable' | 'ended' | 'draining';
/** There is no call to tell. */
const isGone = (told: CallTold): boolean => told === 'ended' || told === 'unknown';

export interface StaffDeskDeps {
  link: RedisLink;
  /** Who may be rung now, in their order. */
  onDuty(): readonly StaffPerson[];
  /** Somebody is kept free for a call that waited. Never rejects. */
  offer(callSid: string, offer: { to: string; reason: string }): Promise<CallTold>;
  /** There is a staff, and nobody of it takes calls at this hour. */
  isClosed(): boolean;
  /** A call that waited waits no more: nobody is there any longer. May be told twice. Never rejects. */
  dismiss(callSid: string): Promise<CallTold>;
  log: Log;
  metrics: Pick<Metrics, 'transfers' | 'staffWaiting' | 'staffBusy'>;
  limits?: Partial<Record<keyof typeof staffLimits, number>>;
}

/** Who of the staff is rung for whom. Keeps nothing: all of it stands in Redis. No method rejects. */
export class StaffDesk {
  private readonly deps: StaffDeskDeps;
  private readonly limits: Record<keyof typeof staffLimits, number>;
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;
  private isTroubled = false;
  private running: Promise<void> = Promise.resolve();

  constructor(deps: StaffDeskDeps) {
    this.deps = deps;
    this.limits = { ...staffLimits, ...deps.limits };
  }

  /** Looks for waiters whom somebody has become free for, again and again: whose hold ran out is told by nobody. */
  start(): void {
    this.timer = setTimeout(() => {
      this.running = this.round().finally(() => {
        if (!this.isStopped) this.start();
      });
    }, this.limits.roundMs);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.timer) clearTimeout(this.timer);
    await this.running;
  }

  /** The assistant is asked for somebody: kept until the carrier asks what is next, or the call waits while it goes on. */
  reserve(callSid: string, reason: string): Promise<StaffFound> {
    const { reservedMs } = this.limits;
    return this.find(callSid, { state: 'reserved', lifeMs: reservedMs, waitsFor: reason });
  }

  /**
   * The carrier asks whom to ring: `wanted` if he or she is still kept, else whoever is free. Where nobody is, the call
   * waits for `waitsFor`, if it can be reached again.
   */
  ring(callSid: string, wanted: string | null, waitsFor: string | null): Promise<StaffFound> {
    return this.ringing(callSid, { wanted, waitsFor });
  }

  /** Nobody talked: the next one who was not yet rung, if there is one. Those who wait let a call pass that had its turn. */
  async ringNext(callSid: string, hold: string, result: DialResult): Promise<Ring | null> {
    // Who did not answer is still kept for the call, and would be rung again.
    if (!(await this.ended(callSid, hold, result))) return null;
    const found = await this.ringing(callSid, { fresh: false, behindLine: false, waitsFor: null });
    return found.kind === 'ring' ? found.ring : null;
  }

  /** Somebody accepted by key. `lost`: the call is over, or has gone elsewhere. Redis that is away does not part them. */
  async accepted(callSid: string, hold: string): Promise<'held' | 'lost'> {
    const lifeMs = this.limits.talkMsMax + SPARE_MS;
    const number = await this.quietly(callSid, () =>
      holdStaff(this.deps.link, { callSid, attempt: hold, state: 'talking', lifeMs }),
    );
    return number === null ? 'lost' : 'held';
  }

  /** The call that rang staff is over; `result` as the dial's own. False where Redis did not answer. */
  ended(callSid: string, hold: string, result: DialResult): Promise<boolean> {
    const restMs = rests.has(result) ? this.limits.restMs : 0;
    return this.free({ callSid, attempt: hold, restMs }, result);
  }

  /** The line to a member of the staff has ended, which tells how only if they talked. */
  async hungUp(callSid: string, hold: string): Promise<void> {
    await this.free({ callSid, attempt: hold, restMs: 0, only: 'talking' }, 'completed');
  }

  /** The call is over, or leaves for something else than staff. */
  async leave(callSid: string): Promise<void> {
    const isNews = await this.quietly(callSid, () => repeated(() => leaveStaff(this.deps.link, callSid)));
    if (isNews === true) void this.round();
  }

  /** Offers whoever is free to those who wait; tells them when everybody has gone home. */
  async round(): Promise<void> {
    const { link, log, metrics, onDuty, isClosed } = this.deps;
    if (this.isStopped) return;
    try {
      const candidates = onDuty().map(({ number }) => number);
      const { offers, waiting, busy } = await matchStaff(link, { candidates, offerMs: this.limits.offeredMs });
      this.isTroubled = false;
      if (waiting > 0 && isClosed()) await Promise.all((await readLine(link)).map((callSid) => this.dismiss(callSid)));
      metrics.staffWaiting.set(waiting);
      metrics.staffBusy.set(busy);
      await Promise.all(offers.map(({ callSid, number, reason }) => this.offer(callSid, number, reason)));
    } catch (error) {
      if (!this.isTroubled) log.warn({ err: error }, 'those who wait for staff could not be looked after');
      this.isTroubled = true;
    }
  }

  /** A call that cannot be told now is offered somebody once more. */
  private async offer(callSid: string, to: string, reason: string): Promise<void> {
    const told = await this.deps.offer(callSid, { to, reason });
    if (told === 'taken') this.deps.metrics.transfers.inc({ result: 'offered' });
    else if (isGone(told)) await this.leave(callSid);
  }

  /** A call that cannot be told now is told in the next round. */
  private async dismiss(callSid: string): Promise<void> {
    const told = await this.deps.dismiss(callSid);
    if (told === 'taken' || isGone(told)) await this.quietly(callSid, () => leaveStaff(this.deps.link, callSid));
  }

  private async free(end: HoldEnd, result: DialResult): Promise<boolean> {
    const isFreed = await this.quietly(end.callSid, () => repeated(() => freeStaff(this.deps.link, end)));
    if (isFreed !== true) return isFreed === false;
    this.deps.metrics.transfers.inc({ result });
    void this.round();
    return true;
  }

  private async ringing(callSid: string, ask: Pick<StaffAsk, 'waitsFor'> & Partial<StaffAsk>): Promise<StaffFound> {
    const { networkMs, whisperMs } = this.limits;
    const ringMs = Math.max(0, ...this.deps.onDuty().map(({ ringS }) => ringS * 1_000));
    const lifeMs = ringMs + networkMs + whisperMs;
    const found = await this.find(callSid, { ...ask, state: 'ringing', lifeMs });
    // Put through without a key: nothing tells of it but the end.
    if (found.kind === 'ring' && !found.ring.isWarm) await this.accepted(callSid, found.ring.hold);
    return found;
  }

  private async find(
    callSid: string,
    ask: Pick<StaffAsk, 'state' | 'lifeMs' | 'waitsFor'> & Partial<StaffAsk>,
  ): Promise<StaffFound> {
    const { link, onDuty } = this.deps;
    const staff = onDuty();
    const isClosed = staff.length === 0;
    // Who was promised somebody a moment before everybody went home is put through.
    if (isClosed && (ask.wanted ?? null) === null) return this.closed();
    const answer = await this.quietly(callSid, () =>
      askStaff(link, {
        callSid,
        candidates: staff.map(({ number }) => number),
        wanted: null,
        fresh: true,
        behindLine: true,
        triesMax: this.limits.triesMax,
        ...ask,
        ...(isClosed && { waitsFor: null }),
      }),
    );
    if (answer === undefined) return { kind: 'away' };
    if (isClosed && answer.kind !== 'kept') return this.closed();
    return this.foundOf(answer, staff);
  }

  private closed(): StaffFound {
    this.deps.metrics.transfers.inc({ result: 'closed' });
    return { kind: 'closed' };
  }

  private foundOf(answer: StaffAnswer, staff: readonly StaffPerson[]): StaffFound {
    if (answer.kind !== 'kept') {
      this.deps.metrics.transfers.inc({ result: 'all busy' });
      return { kind: 'busy', place: answer.kind === 'none' ? answer.place : 0 };
    }
    const { number, attempt: hold } = answer;
    const person = staff.find((each) => each.number === number);
    // Kept before the settings changed: still free for this call.
    return { kind: 'ring', ring: { number, hold, ringS: person?.ringS ?? 25, isWarm: person?.mode !== 'cold' } };
  }

  /** Undefined when Redis did not answer. */
  private async quietly<T>(callSid: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      this.deps.log.warn({ err: error, callSid }, 'staff could not be asked for');
      return undefined;
    }
  }
}
