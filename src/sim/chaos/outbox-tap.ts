import { setTimeout as wait } from 'node:timers/promises';
import { DirectoryError } from '../../directory/errors.ts';
import { partitionCount } from '../../directory/keys.ts';
import { ackOutbox, readOutbox, registerGroups, removeGroup } from '../../directory/outbox.ts';
import type { RedisLink } from '../../directory/redis.ts';
import type { Arrival } from './history.ts';

const GROUP = 'witness';
const HOLDER = 'recorder';
const ROUND_MS = 200;
/** Rounds without anything new after which all has been read. */
const QUIET_ROUNDS = 3;

/** Reads every fact in the order in which Redis took it in, beside the project's own readers. */
export class OutboxTap {
  private readonly link: RedisLink;
  private readonly arrivals = new Map<string, Arrival[]>();
  /** Partitions whose last reply was lost: what it held comes first, or it would be known too late. */
  private readonly unsure = new Set<number>();
  private isStopped = false;
  private quietRounds = 0;
  private loop: Promise<void> = Promise.resolve();

  constructor(link: RedisLink) {
    this.link = link;
  }

  async start(): Promise<void> {
    await registerGroups(this.link, [GROUP]);
    this.loop = this.run();
  }

  of(callSid: string): Arrival[] {
    return this.arrivals.get(callSid) ?? [];
  }

  /** Reads what is left and leaves no trace in Redis. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.loop;
    await removeGroup(this.link, GROUP);
  }

  private async run(): Promise<void> {
    while (!this.isStopped || this.quietRounds < QUIET_ROUNDS) {
      const counts = await Promise.all(Array.from({ length: partitionCount }, (_, each) => this.readQuietly(each)));
      this.quietRounds = counts.every((count) => count === 0) ? this.quietRounds + 1 : 0;
      if (!this.isStopped) await wait(ROUND_MS);
    }
  }

  /** Redis may be away: what it has is read when it is back. */
  private async readQuietly(partition: number): Promise<number> {
    try {
      return await this.read(partition);
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      this.unsure.add(partition);
      if (error.code === 'noGroup') await registerGroups(this.link, [GROUP]).catch(() => undefined);
      return 0;
    }
  }

  private async read(partition: number): Promise<number> {
    const seat = { partition, group: GROUP, holder: HOLDER };
    const reply = await readOutbox(this.link, seat, this.unsure.has(partition));
    if (reply.kind === 'new') this.unsure.delete(partition);
    if (reply.kind === 'leased' || reply.entries.length === 0) return 0;
    for (const { callSid, epoch, seq } of reply.entries) {
      const known = this.arrivals.get(callSid);
      if (known) known.push({ epoch, seq });
      else this.arrivals.set(callSid, [{ epoch, seq }]);
    }
    const ids = reply.entries.map(({ id }) => id);
    await ackOutbox(this.link, seat, ids);
    return ids.length;
  }
}
