import { writeInbox } from '../directory/inbox.ts';
import type { NodeName } from '../directory/keys.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import type { Calls } from './calls.ts';
import type { CarrierPort } from './carrier.ts';
import { foldCall, visit } from './door.ts';
import { FleetWatch } from './fleet-watch.ts';
import { Mailbox, type MailboxDeps, type Message, type WarmAsk } from './mailbox.ts';
import { Sweep } from './sweep.ts';
import { Takeover, type TakeoverDeps } from './takeover.ts';

export interface NeighboursDeps {
  link: RedisLink;
  /** A link for blocking reads of at most `mailboxBlockMs`. */
  connectBlocking(): Promise<RedisLink>;
  node: NodeName;
  calls: Calls;
  carrier: CarrierPort;
  /** Where the carrier asks for the call of this epoch; absolute. */
  moveUrl(epoch: number): string;
  /** Makes a model session ready here for a call to come. Returns at once. */
  warm(ask: WarmAsk): void;
  /** Redis-clock ms. */
  now(): number;
  log: Log;
  metrics: Metrics;
  tracing: Tracing;
}

/** What binds the calls of this process to those of the others: its inbox, who is gone, and what becomes of their calls. */
export class Neighbours {
  private readonly deps: NeighboursDeps;
  private readonly watch: FleetWatch;
  private readonly takeover: Takeover;
  private readonly sweep: Sweep;
  private mailbox: Mailbox | null = null;

  constructor(deps: NeighboursDeps) {
    this.deps = deps;
    const { node, calls, carrier } = deps;
    const isGone = (holder: NodeName) => this.watch.isGone(holder);
    this.watch = new FleetWatch({ ...deps, self: node, takeOver: (gone) => this.takeover.takeOver(gone) });
    this.takeover = createTakeover({ ...deps, isGone });
    this.sweep = new Sweep({
      ...calls.doorDeps,
      carrier,
      isGone,
      take: (call) => this.takeover.take(call),
      isResident: (callSid) => calls.has(callSid),
      now: deps.now,
      log: deps.log,
    });
  }

  /** Before this process enters the registry: whoever learns of it can write to it. */
  async start(): Promise<void> {
    const { calls } = this.deps;
    this.mailbox = new Mailbox({
      ...this.deps,
      blocking: await this.deps.connectBlocking(),
      take: taker(this.deps),
      remade: () => calls.wasForgotten(),
    });
    await this.watch.start();
    await this.mailbox.start();
    this.sweep.start();
  }

  /** After the last call left. */
  async stop(): Promise<void> {
    await Promise.all([this.sweep.stop(), this.takeover.stop(), this.watch.stop()]);
    await this.mailbox?.close();
  }

  /** `host[:port]` of the media address of every registered node. */
  hosts(): readonly string[] {
    return this.watch.hosts();
  }

  isGone(holder: NodeName): boolean {
    return this.watch.isGone(holder);
  }

  answers(holder: NodeName, ms: number): Promise<boolean> {
    return this.watch.answers(holder, ms);
  }

  /** Asks the process where a call's stream will come to make a model session ready. Returns at once. */
  warm(to: NodeName, ask: WarmAsk): void {
    const { link, node, warm, log } = this.deps;
    if (to.node === node.node && to.incarnation === node.incarnation) return warm(ask);
    const message: Message = { kind: 'warm', ...ask };
    // Without it the call begins a moment later.
    writeInbox(link, to, JSON.stringify(message)).catch((error: unknown) =>
      log.debug({ err: error, callSid: ask.callSid }, 'no session could be made ready elsewhere'),
    );
  }

  streamFailed(callSid: string, streamSid: string): void {
    void this.takeover.streamFailed(callSid, streamSid);
  }
}

/** What becomes of a message. */
export function taker({ calls, warm }: Pick<NeighboursDeps, 'calls' | 'warm'>): MailboxDeps['take'] {
  return async (message) => {
    if (message.kind !== 'warm') return calls.take(message);
    const { kind: _, ...ask } = message;
    warm(ask);
  };
}

/** Takeovers as the calls of this process carry them out. */
export function createTakeover(
  deps: Pick<
    TakeoverDeps,
    'link' | 'node' | 'carrier' | 'moveUrl' | 'isGone' | 'now' | 'log' | 'metrics' | 'tracing' | 'limits'
  > & {
    calls: Calls;
  },
): Takeover {
  const { link, calls } = deps;
  return new Takeover({
    ...deps,
    ended: (callSid, epoch) =>
      visit(calls.doorDeps, callSid, epoch, async (actor, at) => {
        const gone = { type: 'carrier.gone', at, status: 'completed', durationS: null } as const;
        actor?.step(gone);
        return [gone];
      }),
    tell: (callSid, fact) => calls.tell(callSid, fact),
    isHeard: (callSid) => calls.hears(callSid),
    streamOf: async (callSid) => {
      const actor = await foldCall(link, callSid);
      actor.stop();
      return actor.context.streamSid;
    },
  });
}
