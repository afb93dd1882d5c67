import type { NodeName } from '../directory/keys.ts';
import { type NodeReport, readNodeOrder, writeNodeReport } from '../directory/node-desk.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Log } from '../telemetry/log.ts';

const LOOK_MS = 1_000;

export interface NodeDeskDeps {
  link: RedisLink;
  self: NodeName;
  /** Null while there is nothing to say. */
  report(): NodeReport | null;
  /** Returns at once; asked again it hurries or does nothing. */
  drain(urgent: boolean): void;
  log: Pick<Log, 'warn'>;
}

/**
 * What people see of this node and want of it, whichever host they sit at: once a second it says how it stands, and
 * looks whether it is to end.
 */
export class NodeDesk {
  private readonly deps: NodeDeskDeps;
  private timer: NodeJS.Timeout | null = null;
  private looking: Promise<void> = Promise.resolve();
  private isStopped = false;
  private isAway = false;
  private obeyed: 'nothing' | 'drain' | 'now' = 'nothing';

  constructor(deps: NodeDeskDeps) {
    this.deps = deps;
  }

  start(): void {
    this.looking = this.look().finally(() => {
      if (this.isStopped) return;
      this.timer = setTimeout(() => this.start(), LOOK_MS);
      this.timer.unref();
    });
  }

  /** Says how it stood at the end. */
  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.timer) clearTimeout(this.timer);
    await this.looking;
    await this.tell(true);
  }

  /** Never rejects. */
  async look(): Promise<void> {
    await this.tell(false);
    if (!this.isAway) await this.obey();
  }

  private async obey(): Promise<void> {
    const { link, self, drain, log } = this.deps;
    try {
      const order = await readNodeOrder(link, self);
      if (order === null || this.obeyed === 'now' || (this.obeyed === 'drain' && !order.urgent)) return;
      log.warn({ urgent: order.urgent }, 'the node is to end: somebody ordered it');
      this.obeyed = order.urgent ? 'now' : 'drain';
      drain(order.urgent);
    } catch (error) {
      log.warn({ err: error }, 'orders could not be read');
    }
  }

  private async tell(isLast: boolean): Promise<void> {
    const { link, self, report, log } = this.deps;
    const said = report();
    if (said === null) return;
    try {
      await writeNodeReport(link, self, said, isLast);
      this.isAway = false;
    } catch (error) {
      if (!this.isAway) log.warn({ err: error }, 'the node could not say how it stands');
      this.isAway = true;
    }
  }
}
