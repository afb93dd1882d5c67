import { partitionCount } from '../directory/keys.ts';
import { directoryLimits } from '../directory/limits.ts';
import {
  ackOutbox,
  deadLetter,
  dropOutboxLease,
  type OutboxEntry,
  type OutboxSeat,
  readOutbox,
  registerGroups,
} from '../directory/outbox.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Log } from '../telemetry/log.ts';
import { type Consumer, takeApart } from './consumer.ts';
import type { StoredFact } from './stored-fact.ts';

/** How eagerly the outbox is read. */
export interface Pace {
  /** Between two looks that found nothing, at most. */
  idleMaxMs: number;
  /** After a round that found something: a trickle, and what comes in numbers. Both well within a lease. */
  gatherMs: number;
  gatherManyMs: number;
  /** Facts read from a partition at once, and taken in together. */
  readMax: number;
  batchMax: number;
}

/** A round costs the same for one fact as for a hundred. */
const calm: Pace = {
  idleMaxMs: 1_000,
  gatherMs: 1_000,
  gatherManyMs: 2_000,
  readMax: directoryLimits.outboxReadMax,
  batchMax: 256,
};

const limits = {
  idleMs: 20,
  manyFacts: 32,
  /** Where another process reads, its lease may have ended after this. */
  leasedMs: directoryLimits.outboxLeaseMs,
  troubleMs: 100,
  troubleMaxMs: 5_000,
  /** Facts that were to come later do so after this. */
  laterMs: 15_000,
  /** A lease is kept alive this often while what was read is taken in. */
  leaseKeepMs: directoryLimits.outboxLeaseMs / 4,
  /** How long `stop` goes on reading what is there. */
  drainMs: 3_000,
} as const;

const reasonLengthMax = 200;
const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** A fact with its seat at the outbox, for acknowledging. */
interface SeatedFact extends StoredFact {
  partition: number;
  entry: OutboxEntry;
}

interface Seat extends OutboxSeat {
  /** When to ask for what was given out and not acknowledged: at once after trouble, Infinity when there is none. */
  pendingAt: number;
  /** Another process reads here: it is not asked before this. */
  askAt: number;
}

export interface ReaderOptions {
  link: RedisLink;
  consumer: Consumer;
  /** Unlike that of any other process. */
  holder: string;
  log: Pick<Log, 'warn' | 'error'>;
  /** A fact was set aside. */
  onPoison(): void;
  /** So many were dealt with. */
  onTaken?(result: 'taken' | 'later' | 'dead', count: number): void;
  /** Default: calm. */
  pace?: Pace;
  /** Monotonic ms. */
  now?: () => number;
}

/**
 * Reads the outbox for one group, all partitions whose lease it gets, and acknowledges what the consumer has
 * committed. At least once, in order for each call. A fact that fails by itself is set aside; when Redis or the
 * consumer's database is away it waits and goes on where it was.
 */
export class OutboxReader {
  private readonly options: ReaderOptions;
  private readonly seats: Seat[];
  private readonly now: () => number;
  private readonly pace: Pace;
  private running: Promise<void> | null = null;
  private stopAt = Infinity;
  private isTroubled = false;
  private wakeUp: (() => void) | null = null;

  constructor(options: ReaderOptions) {
    this.options = options;
    this.now = options.now ?? (() => performance.now());
    this.pace = options.pace ?? calm;
    const { consumer, holder } = options;
    this.seats = Array.from({ length: partitionCount }, (_, partition) => ({
      partition,
      group: consumer.group,
      holder,
      pendingAt: 0,
      askAt: 0,
    }));
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Reads what is there, for a bounded time, then gives the leases back. */
  async stop(): Promise<void> {
    this.stopAt = Math.min(this.stopAt, this.now() + limits.drainMs);
    this.wakeUp?.();
    await this.running;
  }

  private async run(): Promise<void> {
    let isRegistered = false;
    let pauseMs: number = limits.idleMs;
    for (;;) {
      const stopping = this.stopAt !== Infinity;
      try {
        const unregistered: Error | null = isRegistered ? null : await this.register();
        const { count, isFull, failed } = await this.round();
        const fault: Error | null = unregistered ?? failed;
        if (fault !== null && count === 0) throw fault;
        isRegistered = fault === null;
        if (fault !== null) this.trouble(fault);
        else this.isTroubled = false;
        if (count === 0 && stopping) break;
        // A trickle is gathered: a round costs the same for one fact as for a hundred.
        if (isFull) pauseMs = 0;
        else if (count > 0) pauseMs = count < limits.manyFacts ? this.pace.gatherMs : this.pace.gatherManyMs;
        else pauseMs = Math.min(Math.max(pauseMs * 2, limits.idleMs), this.pace.idleMaxMs);
      } catch (error) {
        isRegistered = false;
        this.trouble(error);
        pauseMs = Math.min(Math.max(pauseMs * 2, limits.troubleMs), limits.troubleMaxMs);
      }
      if (this.now() >= this.stopAt) break;
      if (pauseMs > 0) await this.pause(stopping ? limits.idleMs : pauseMs);
    }
    await Promise.allSettled(this.seats.map((seat) => dropOutboxLease(this.options.link, seat)));
  }

  /** Why some partition has no such group, null where all have. */
  private register(): Promise<Error | null> {
    const { link, consumer } = this.options;
    return registerGroups(link, [consumer.group]).then(() => null, asError);
  }

  private trouble(error: unknown): void {
    for (const seat of this.seats) seat.pendingAt = seat.askAt = 0;
    if (!this.isTroubled)
      this.options.log.warn({ err: error, group: this.options.consumer.group }, 'facts wait for their consumer');
    this.isTroubled = true;
  }

  /**
   * Reads every seat that may be ours once and takes in what is there. `isFull`: somewhere there may be more; `failed`: why
   * some could not be read, else null.
   */
  private async round(): Promise<{ count: number; isFull: boolean; failed: Error | null }> {
    const seats = this.seats.filter(({ askAt }) => askAt <= this.now());
    const settled = await Promise.allSettled(seats.map((seat) => this.read(seat)));
    // Of a cluster a part may be away: what the others gave is taken in before that is told.
    const reads = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    await this.takeAll(reads.filter((facts) => facts.length > 0));
    const [failed = null] = settled.flatMap((each) => (each.status === 'rejected' ? [asError(each.reason)] : []));
    const count = reads.reduce((sum, facts) => sum + facts.length, 0);
    return { count, isFull: reads.some((facts) => facts.length >= this.pace.readMax), failed };
  }

  /** In batches; the leases are kept of what waits for its own, too. */
  private async takeAll(reads: readonly SeatedFact[][]): Promise<void> {
    if (reads.length === 0) return;
    const keeper = setInterval(() => this.keepLeases(reads), limits.leaseKeepMs);
    try {
      let batch: SeatedFact[] = [];
      for (const facts of reads) {
        if (batch.length > 0 && batch.length + facts.length > this.pace.batchMax) {
          await this.take(batch);
          batch = [];
        }
        batch.push(...facts);
      }
      await this.take(batch);
    } finally {
      clearInterval(keeper);
    }
  }

  private async read(seat: Seat): Promise<SeatedFact[]> {
    const asksPending = this.now() >= seat.pendingAt;
    const read = await readOutbox(this.options.link, seat, asksPending, this.pace.readMax);
    if (read.kind === 'leased') {
      seat.askAt = this.now() + limits.leasedMs;
      return [];
    }
    if (read.kind === 'pending') seat.pendingAt = 0;
    else if (asksPending) seat.pendingAt = Infinity;
    const facts: SeatedFact[] = [];
    for (const entry of read.entries) {
      const { callSid, epoch, seq, fact } = entry;
      if (fact) facts.push({ callSid, epoch, seq, fact, partition: seat.partition, entry });
      else await this.setAside(seat, entry, new TypeError('not a fact'));
    }
    return facts;
  }

  private async take(facts: SeatedFact[]): Promise<void> {
    if (facts.length === 0) return;
    const { done, later, poison } = await takeApart(this.options.consumer, facts);
    for (const { fact, error } of poison) {
      await this.setAside(this.seatAt(fact.partition), fact.entry, error);
    }
    await this.acknowledge(done);
    const { onTaken } = this.options;
    if (done.length > 0) onTaken?.('taken', done.length);
    if (later.length > 0) onTaken?.('later', later.length);
    if (poison.length > 0) onTaken?.('dead', poison.length);
    // What is new comes meanwhile.
    for (const { partition } of later) this.seatAt(partition).pendingAt = this.now() + limits.laterMs;
  }

  private async acknowledge(facts: readonly SeatedFact[]): Promise<void> {
    const ids = Map.groupBy(facts, ({ partition }) => partition);
    await Promise.all(
      [...ids].map(([partition, own]) =>
        ackOutbox(
          this.options.link,
          this.seatAt(partition),
          own.map(({ entry }) => entry.id),
        ),
      ),
    );
  }

  /** The log names the fault only: a database's message quotes what it choked on. */
  private async setAside(seat: Seat, entry: OutboxEntry, error: unknown): Promise<void> {
    const { group, partition } = seat;
    const { name, message } = asError(error);
    await deadLetter(this.options.link, seat, entry, message.slice(0, reasonLengthMax));
    const { callSid, id, fact } = entry;
    this.options.log.error({ group, partition, callSid, entry: id, type: fact?.type, fault: name }, 'fact set aside');
    this.options.onPoison();
  }

  /** Somebody else gets the partition if this fails, and the consumer takes repeats. */
  private keepLeases(reads: readonly SeatedFact[][]): void {
    for (const [first] of reads)
      if (first) void ackOutbox(this.options.link, this.seatAt(first.partition), []).catch(() => {});
  }

  private seatAt(partition: number): Seat {
    const seat = this.seats[partition];
    if (!seat) throw new RangeError(`partition ${partition}`);
    return seat;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.wakeUp = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.wakeUp = done;
    });
  }
}
