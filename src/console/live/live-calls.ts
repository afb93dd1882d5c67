import { DirectoryError } from '../../directory/errors.ts';
import { partitionCount, partitionOf } from '../../directory/keys.ts';
import { liveCallSids, lookAtCall, placeOfCall } from '../../directory/live-calls.ts';
import type { OutboxEntry } from '../../directory/outbox.ts';
import { endOfOutbox, type TailPlace, tailOutbox } from '../../directory/outbox-tail.ts';
import type { RedisLink } from '../../directory/redis.ts';
import type { Log } from '../../telemetry/log.ts';
import type { IsSynthetic } from '../../telemetry/synthetic-sid.ts';
import { finalStatuses } from '../../../machines/call-events.ts';
import { type LiveCall, movesCall, placed, seen, told } from './live-call.ts';

export const liveLimits = {
  /** Between two looks: what browsers are told is at most so old, and they are told at most so often. */
  lookMs: 200,
  /** Redis is away: tried again after. */
  troubleMs: 1_000,
  /** Of one partition. */
  callsMax: 1_000,
  /** Facts of a call that are read for what was said last. */
  tailMax: 40,
  /** Calls looked at at once. */
  looksAtOnce: 25,
} as const;

type TailedFact = OutboxEntry & { fact: NonNullable<OutboxEntry['fact']> };

/** What one look brought. */
export interface LiveChange {
  /** Calls that are otherwise than before, gone ones too; null: any may be. */
  callSids: ReadonlySet<string> | null;
  facts: readonly TailedFact[];
}

export interface LiveCallsOptions {
  link: RedisLink;
  /** Calls that nobody made are not listed. */
  isSynthetic: IsSynthetic;
  log: Pick<Log, 'warn'>;
  onChange(change: LiveChange): void;
}

/**
 * The calls that go on, kept up to date by looking on at the outbox: read without a group, so that nothing waits for
 * whoever looks on. Where entries went unseen the partition is looked at anew.
 */
export class LiveCalls {
  readonly calls = new Map<string, LiveCall>();
  /** Null: not looked at so far, or not up to date. */
  private readonly places: (TailPlace | null)[] = Array.from({ length: partitionCount }, () => null);
  private readonly options: LiveCallsOptions;
  private running: Promise<void> | null = null;
  private isStopping = false;
  private isTroubled = false;
  private wake: (() => void) | null = null;
  private readonly first = Promise.withResolvers<void>();
  private readonly unfollow: () => void;

  constructor(options: LiveCallsOptions) {
    this.options = options;
    // What was read last may be gone from Redis.
    this.unfollow = options.link.onRestored(() => this.places.fill(null));
    this.first.promise.catch(() => {});
  }

  /** Resolves when all partitions were looked at once; rejects when it is stopped before. */
  start(): Promise<void> {
    this.running ??= this.run();
    return this.first.promise;
  }

  /** Whether the list is the one of a moment ago. */
  get isFresh(): boolean {
    return !this.isTroubled && this.places.every((place) => place !== null);
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    this.unfollow();
    this.wake?.();
    await this.running;
    this.first.reject(new Error('stopped'));
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      try {
        const isFull = await this.look();
        if (this.isTroubled) this.isTroubled = false;
        this.first.resolve();
        if (!isFull) await this.pause(liveLimits.lookMs);
      } catch (error) {
        if (!(error instanceof DirectoryError)) this.places.fill(null);
        if (!this.isTroubled) this.options.log.warn({ err: error }, 'live calls cannot be followed');
        if (!this.isTroubled) this.options.onChange({ callSids: null, facts: [] });
        this.isTroubled = true;
        await this.pause(liveLimits.troubleMs);
      }
    }
  }

  /** One look at every partition; true if there is more already. */
  private async look(): Promise<boolean> {
    let isFull = false;
    let isReset = this.isTroubled;
    const facts: TailedFact[] = [];
    const changed = new Set<string>();
    const moved = new Map<string, number>();
    const reads = await Promise.all(this.places.map((place, partition) => this.read(partition, place)));
    for (const [partition, read] of reads.entries()) {
      if (read === null) {
        await this.lookAnew(partition);
        isReset = true;
        continue;
      }
      this.places[partition] = read.place;
      isFull ||= read.isFull;
      for (const entry of read.entries) if (this.isShown(entry)) facts.push(entry);
    }
    for (const entry of facts) this.tell(entry, changed, moved);
    await this.move(moved, changed);
    if (isReset || changed.size > 0 || facts.length > 0)
      this.options.onChange({ callSids: isReset ? null : changed, facts });
    return isFull;
  }

  private async read(partition: number, place: TailPlace | null) {
    if (place === null) return null;
    const read = await tailOutbox(this.options.link, partition, place);
    return read.kind === 'gap' ? null : read;
  }

  private isShown(entry: OutboxEntry): entry is TailedFact {
    return entry.fact !== null && !this.options.isSynthetic(entry.callSid);
  }

  private tell({ callSid, epoch, seq, fact }: TailedFact, changed: Set<string>, moved: Map<string, number>): void {
    if (fact.type === 'carrier.gone' || (fact.type === 'carrier.statusReported' && finalStatuses.has(fact.status))) {
      if (this.calls.delete(callSid)) changed.add(callSid);
      moved.delete(callSid);
      return;
    }
    if (movesCall(fact)) moved.set(callSid, fact.at);
    const known = this.calls.get(callSid);
    if (!known) return;
    const next = told(known, epoch, seq, fact);
    if (next === known) return;
    this.calls.set(callSid, next);
    changed.add(callSid);
  }

  /** Facts say that a call may be elsewhere, its hash says where. */
  private async move(moved: ReadonlyMap<string, number>, changed: Set<string>): Promise<void> {
    await inPieces([...moved], async ([callSid, at]) => {
      const known = this.calls.get(callSid);
      if (!known) {
        if (await this.lookAt(callSid)) changed.add(callSid);
        return;
      }
      const place = await placeOfCall(this.options.link, callSid);
      if (place === 'ended') this.calls.delete(callSid);
      const next = place === 'ended' ? null : placed(known, place, at);
      if (next === known) return;
      if (next) this.calls.set(callSid, next);
      changed.add(callSid);
    });
  }

  private async lookAnew(partition: number): Promise<void> {
    const { link, isSynthetic } = this.options;
    // The place first: what comes while calls are looked at is told once more, which changes nothing.
    const place = await endOfOutbox(link, partition);
    const callSids = (await liveCallSids(link, partition, liveLimits.callsMax)).filter((sid) => !isSynthetic(sid));
    const lives = new Set(callSids);
    await inPieces(callSids, async (callSid) => {
      if (!(await this.lookAt(callSid))) lives.delete(callSid);
    });
    for (const callSid of this.calls.keys())
      if (!lives.has(callSid) && partitionOf(callSid) === partition) this.calls.delete(callSid);
    this.places[partition] = place;
  }

  private async lookAt(callSid: string): Promise<boolean> {
    const look = await lookAtCall(this.options.link, callSid, liveLimits.tailMax);
    if (!look || look.isEnded) return false;
    this.calls.set(callSid, seen(look));
    return true;
  }

  private pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.wake = resolve;
    return promise.finally(() => clearTimeout(timer));
  }
}

async function inPieces<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += liveLimits.looksAtOnce)
    await Promise.all(items.slice(from, from + liveLimits.looksAtOnce).map(work));
}
