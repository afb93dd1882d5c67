import { dropReconcileLease, heldCalls, takeReconcileLease } from '../directory/held-calls.ts';
import type { NodeName } from '../directory/keys.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { CarrierPort } from './carrier.ts';
import type { Told } from './stream-port.ts';

export const reconcileLimits = {
  roundMs: 60_000,
  /** Calls that the carrier is asked about in one round. */
  asksMax: 200,
  /** After so many questions without an answer the rest of the round is left to the next one. */
  unansweredMax: 3,
} as const;

export interface ReconcileDeps {
  link: RedisLink;
  node: NodeName;
  carrier: Pick<CarrierPort, 'live' | 'ask'>;
  /** Tells the call, wherever it is. Never rejects. */
  tell(callSid: string, fact: Told): Promise<string>;
  /** Gives its place back. Never rejects. */
  release(callSid: string): Promise<void>;
  log: Log;
  metrics: Pick<Metrics, 'reconciled'>;
}

/**
 * Compares the calls that the fleet holds with those that the carrier lists, one process at a time. A call that is
 * missing there twice in a row is asked about, and folded to its end if it is over. A carrier that does not answer, or
 * lists late, ends nothing.
 */
export class Reconcile {
  private readonly deps: ReconcileDeps;
  /** Not listed in the round before. */
  private missing = new Set<string>();
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;
  private running: Promise<void> = Promise.resolve();

  constructor(deps: ReconcileDeps) {
    this.deps = deps;
  }

  start(): void {
    this.timer = setTimeout(() => {
      this.running = this.round().finally(() => {
        if (!this.isStopped) this.start();
      });
    }, reconcileLimits.roundMs);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.timer) clearTimeout(this.timer);
    await this.running;
    await dropReconcileLease(this.deps.link, this.deps.node).catch(() => undefined);
  }

  /** One comparison. Never rejects. */
  async round(): Promise<void> {
    const { link, node, carrier, log } = this.deps;
    try {
      if (!(await takeReconcileLease(link, node))) {
        this.missing = new Set();
        return;
      }
      // First what is held: a call that comes meanwhile is listed and not held, which is no matter.
      const held = await heldCalls(link);
      const live = await carrier.live();
      if (live === null) return;
      const listed = new Set(live);
      const unlisted = [...held].filter((callSid) => !listed.has(callSid));
      const suspects = unlisted.filter((callSid) => this.missing.has(callSid));
      this.missing = new Set(unlisted);
      await this.askAbout(suspects.slice(0, reconcileLimits.asksMax));
    } catch (error) {
      log.warn({ err: error }, 'calls could not be compared with the carrier');
    }
  }

  private async askAbout(suspects: readonly string[]): Promise<void> {
    const { carrier, metrics, log } = this.deps;
    let unanswered = 0;
    for (const callSid of suspects) {
      if (this.isStopped || unanswered === reconcileLimits.unansweredMax) return;
      const answer = await carrier.ask(callSid);
      const result = answer === null ? 'unanswered' : answer.type === 'carrier.gone' ? 'over' : 'live';
      metrics.reconciled.inc({ result });
      if (answer === null) unanswered += 1;
      else if (result === 'live') this.missing.delete(callSid);
      else {
        log.warn({ callSid }, 'a call that was held is over');
        await this.letGo(callSid, answer);
      }
    }
  }

  private async letGo(callSid: string, over: Told): Promise<void> {
    this.missing.delete(callSid);
    await this.deps.tell(callSid, over);
    await this.deps.release(callSid);
  }
}
