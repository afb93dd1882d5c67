import { setTimeout as wait } from 'node:timers/promises';
import { addCall, removeCall } from '../directory/inbox.ts';
import type { NodeName } from '../directory/keys.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Log } from '../telemetry/log.ts';

const againMs = 500;
/** Changes under way at once. */
const underWayMax = 50;

/** The set of calls that this process holds, kept in Redis: whoever outlives it knows them by it. */
export class CallList {
  private readonly link: RedisLink;
  private readonly node: NodeName;
  private readonly log: Log;
  private readonly held = new Set<string>();
  private readonly changed = new Set<string>();
  private running: Promise<void> | null = null;
  private isClosed = false;

  constructor(link: RedisLink, node: NodeName, log: Log) {
    this.link = link;
    this.node = node;
    this.log = log;
  }

  add(callSid: string): void {
    this.held.add(callSid);
    this.change(callSid);
  }

  remove(callSid: string): void {
    this.held.delete(callSid);
    this.change(callSid);
  }

  /** Redis may have lost the set. */
  writeAgain(): void {
    for (const callSid of this.held) this.change(callSid);
  }

  /** Writes what it can at once, and nothing more. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.running;
  }

  private change(callSid: string): void {
    this.changed.add(callSid);
    this.running ??= this.write().finally(() => {
      this.running = null;
    });
  }

  private async write(): Promise<void> {
    let isTroubled = false;
    while (this.changed.size > 0) {
      const some = [...this.changed].slice(0, underWayMax);
      for (const callSid of some) this.changed.delete(callSid);
      const results = await Promise.allSettled(some.map((callSid) => this.writeOne(callSid)));
      const failure = results.find((result) => result.status === 'rejected');
      for (const [index, result] of results.entries())
        if (result.status === 'rejected') this.changed.add(some[index] ?? '');
      if (!failure) continue;
      if (!isTroubled) this.log.warn({ err: failure.reason }, 'list of calls cannot be written');
      isTroubled = true;
      if (this.isClosed) return;
      await wait(againMs);
    }
  }

  private writeOne(callSid: string): Promise<void> {
    return this.held.has(callSid) ? addCall(this.link, this.node, callSid) : removeCall(this.link, this.node, callSid);
  }
}
