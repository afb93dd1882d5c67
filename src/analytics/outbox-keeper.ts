import { partitionCount } from '../directory/keys.ts';
import { directoryLimits } from '../directory/limits.ts';
import { oldestOfOutbox } from '../directory/outbox-spill.ts';
import { outboxStats, retireGroup, trimOutbox } from '../directory/outbox.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ErasureScreen } from '../privacy/erasure-screen.ts';
import { OutboxArchive } from './outbox-archive.ts';

const limits = {
  /** How often what everybody has taken in is dropped from the outbox, and the rest counted. */
  tidyMs: 5_000,
  /** Files that one look puts on disk of one partition, and brings back. */
  filesMax: 20,
  /** Between two looks for erased calls in the files on disk. */
  screenMs: 3_600_000,
} as const;

/** Of the bound: full partitions are emptied to the one, and filled again from disk up to the other. */
const EMPTIED_SHARE = 0.8;
const REFILL_SHARE = 0.3;

export interface OutboxKeeperOptions {
  link: RedisLink;
  /** Nothing that one of these has not taken in is dropped. */
  groups: readonly string[];
  /** Removed once the others are there, nobody reads for them any more. */
  retired: readonly string[];
  /** Folder for what the outbox has no room for. */
  archiveDir: string;
  screen: ErasureScreen;
  /** Monotonic ms. */
  now?: () => number;
  /** Bound of one partition; default: `outboxBytesMax`. */
  bytesMax?: number;
  log: Pick<Log, 'warn' | 'error'>;
  metrics: Pick<
    Metrics,
    'journalLag' | 'outboxBytes' | 'outboxFill' | 'outboxOldestSeconds' | 'relayArchiveBytes' | 'relayFacts'
  >;
}

/** What one look at all partitions has found. */
interface Look {
  unread: Map<string, number>;
  bytes: number;
  fullest: number;
  /** Time of the oldest entry, ms; Infinity for none. */
  oldestAt: number;
}

/**
 * Keeps the outbox short: drops what every group has taken in, tells how full it is, and where it is full puts the
 * oldest on disk until there is room again. Any number of processes may do it at once.
 */
export class OutboxKeeper {
  private readonly options: OutboxKeeperOptions;
  private readonly archive: OutboxArchive;
  private readonly bytesMax: number;
  private timer: NodeJS.Timeout | null = null;
  private tidying: Promise<void> = Promise.resolve();
  private screenAt = 0;

  constructor(options: OutboxKeeperOptions) {
    this.options = options;
    this.bytesMax = options.bytesMax ?? directoryLimits.outboxBytesMax;
    const { link, archiveDir: dir, screen, log } = options;
    this.archive = new OutboxArchive({ link, dir, screen, log });
  }

  start(): void {
    this.timer ??= setInterval(() => void this.tidy(), limits.tidyMs);
  }

  async stop(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    await this.tidy();
  }

  /** One look, after the one under way. */
  tidy(): Promise<void> {
    this.tidying = this.tidying
      .then(() => this.look())
      .catch((error: unknown) => this.options.log.warn({ err: error }, 'outbox not trimmed'));
    return this.tidying;
  }

  private async look(): Promise<void> {
    const { groups, metrics } = this.options;
    const look: Look = {
      unread: new Map(groups.map((group) => [group, 0])),
      bytes: 0,
      fullest: 0,
      oldestAt: Infinity,
    };
    // Of a cluster a part may be away: the others are kept short all the same.
    const faults: unknown[] = [];
    for (let partition = 0; partition < partitionCount; partition++)
      await this.lookAt(partition, look).catch((error: unknown) => faults.push(error));
    for (const [group, facts] of look.unread) metrics.journalLag.set({ group }, facts);
    metrics.outboxBytes.set(look.bytes);
    metrics.outboxFill.set(look.fullest);
    metrics.outboxOldestSeconds.set(look.oldestAt === Infinity ? 0 : Math.max(0, (Date.now() - look.oldestAt) / 1_000));
    metrics.relayArchiveBytes.set(await this.archive.bytes());
    await this.screen();
    if (faults.length > 0) throw faults[0];
  }

  private async screen(): Promise<void> {
    const nowMs = this.options.now?.() ?? performance.now();
    if (nowMs < this.screenAt) return;
    await this.archive.screenAll();
    this.screenAt = nowMs + limits.screenMs;
  }

  private async lookAt(partition: number, look: Look): Promise<void> {
    const { link, groups, retired, log } = this.options;
    const trimmed = await trimOutbox(link, partition, groups);
    const stats = await outboxStats(link, partition);
    for (const { group, unread, pending } of stats.groups)
      look.unread.set(group, (look.unread.get(group) ?? 0) + Math.max(0, unread) + pending);
    if (trimmed !== 'unregistered')
      for (const { group } of stats.groups) if (retired.includes(group)) await retireGroup(link, partition, group);
    const share = stats.bytes / this.bytesMax;
    look.bytes += stats.bytes;
    look.fullest = Math.max(look.fullest, share);
    if (stats.entries > 0) look.oldestAt = Math.min(look.oldestAt, await this.oldestAt(partition));
    if (share >= directoryLimits.outboxAlarmShare)
      log.error({ partition, bytes: stats.bytes, share }, 'outbox is filling up');
    if (share >= 1) await this.makeRoom(partition);
    else if (share < REFILL_SHARE) await this.fill(partition);
  }

  /** Ids of the outbox begin with the time of Redis. */
  private async oldestAt(partition: number): Promise<number> {
    const { firstId } = await oldestOfOutbox(this.options.link, partition, 1);
    return firstId === '' ? Infinity : Number(firstId.split('-')[0]);
  }

  private async share(partition: number): Promise<number> {
    return (await outboxStats(this.options.link, partition)).bytes / this.bytesMax;
  }

  private async makeRoom(partition: number): Promise<void> {
    for (let files = 0; files < limits.filesMax && (await this.share(partition)) > EMPTIED_SHARE; files++) {
      const facts = await this.archive.put(partition);
      if (facts === 0) return;
      this.options.metrics.relayFacts.inc({ topic: 'calls.events', result: 'archived' }, facts);
    }
  }

  private async fill(partition: number): Promise<void> {
    for (let files = 0; files < limits.filesMax && (await this.share(partition)) < REFILL_SHARE; files++)
      if ((await this.archive.bringBack(partition)) === 0) return;
  }
}
