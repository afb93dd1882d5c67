import { setTimeout as wait } from 'node:timers/promises';
import { type FleetNode, type NodeAddresses, readFleet, retire } from '../directory/fleet.ts';
import { dropJudgeLease, takeJudgeLease } from '../directory/judge-lease.ts';
import { type NodeName, ownerName } from '../directory/keys.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { probe, type ProbedNode } from './probe.ts';

const readEveryMs = 1_000;
/** While somebody is silent. */
const readSoonMs = 250;
/** Two heartbeats have not come. */
const silentMs = 2_500;
/** Without a heartbeat for so long a node is suspected; who judges must have been heard without a gap for as long. */
export const suspectMs = 5_000;
const probeMs = 500;
const probesMax = 2;
/** The probes begin so early that their failure is known when the bound has passed. */
const probeAfterMs = suspectMs - probesMax * probeMs;
/** A silent node that answers, or that another judges, is looked at again after this. */
const againMs = 2_000;
const leaseKeepMs = 1_500;
/** A process that is gone is remembered so long. */
const rememberMs = 3_600_000;

export interface FleetWatchDeps {
  link: RedisLink;
  self: NodeName;
  /** Takes over the calls of a process that is gone; resolves when there is nothing more to do. Never rejects. */
  takeOver(gone: NodeName): Promise<void>;
  log: Log;
  metrics: Metrics;
  /** One question to a node's `/healthz`. */
  probe?: (node: ProbedNode, timeoutMs: number) => Promise<boolean>;
  /** Monotonic ms. */
  monotonic?: () => number;
}

/** A process that stood in the registry, or holds a call. */
interface Seen {
  addresses: NodeAddresses;
  heartbeatAt: number;
  /** When its last heartbeat was, monotonic; not before it really was. */
  beatAt: number;
  isRegistered: boolean;
  /** Another process has its node's name. */
  isReplaced: boolean;
  /** It was struck from the registry, by itself or by who took its calls over, before another had its name. */
  hasLeft: boolean;
  verdict: 'alive' | 'judging' | 'gone';
  /** Not looked at before this, monotonic. */
  notBefore: number;
}

/** What this process knows of the others: where they are, and which of them are gone. */
export class FleetWatch {
  private readonly deps: FleetWatchDeps;
  private readonly probe: NonNullable<FleetWatchDeps['probe']>;
  private readonly monotonic: () => number;
  private readonly seen = new Map<string, Seen>();
  private readonly judging = new Set<Promise<void>>();
  private mediaHosts: readonly string[] = [];
  private timer: NodeJS.Timeout | null = null;
  private reading: Promise<void> = Promise.resolve();
  private readAt = -Infinity;
  private unbrokenSince: number | null = null;
  private isStopped = false;

  constructor(deps: FleetWatchDeps) {
    this.deps = deps;
    this.probe = deps.probe ?? probe;
    this.monotonic = deps.monotonic ?? (() => performance.now());
  }

  /** Before this process enters the registry: so it learns whose name it takes over. */
  async start(): Promise<void> {
    await this.read();
    this.next();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.timer) clearTimeout(this.timer);
    await this.reading;
    await Promise.all(this.judging);
  }

  /** `host[:port]` of the media address of every registered node. */
  hosts(): readonly string[] {
    return this.mediaHosts;
  }

  get isJudging(): boolean {
    return this.judging.size > 0;
  }

  /** The process holds no call any more: judged so here, or another has its node's name. */
  isGone(owner: NodeName): boolean {
    if (ownerName(owner) === ownerName(this.deps.self)) return false;
    const known = this.seen.get(ownerName(owner));
    if (known) return known.isReplaced || known.verdict === 'gone';
    // Holds a call and does not stand in the registry: it is judged as if it had just fallen silent.
    this.meet({ ...owner, nodeUrl: '', mediaUrl: '', version: '' }, this.monotonic());
    return false;
  }

  /** One question: does the process answer within `ms`? */
  async answers(owner: NodeName, ms: number): Promise<boolean> {
    const known = this.seen.get(ownerName(owner));
    if (!known || known.isReplaced || known.verdict === 'gone') return false;
    return this.probe(known.addresses, ms);
  }

  /** One look at the registry. Never rejects. */
  async read(): Promise<void> {
    if (this.monotonic() - this.readAt > silentMs) this.unbrokenSince = null;
    try {
      const fleet = await readFleet(this.deps.link);
      this.readAt = this.monotonic();
      this.note(fleet, this.readAt);
      for (const one of this.seen.values()) this.consider(one, this.readAt);
    } catch (error) {
      if (this.unbrokenSince !== null) this.deps.log.warn({ err: error }, 'registry cannot be read: nobody is judged');
      this.unbrokenSince = null;
    }
  }

  private next(): void {
    if (this.isStopped) return;
    const silentBefore = this.monotonic() - silentMs;
    const isAnySilent = [...this.seen.values()].some((one) => one.verdict === 'alive' && one.beatAt < silentBefore);
    this.timer = setTimeout(
      () => {
        this.reading = this.read().finally(() => this.next());
      },
      isAnySilent ? readSoonMs : readEveryMs,
    );
    this.timer.unref();
  }

  private meet(addresses: NodeAddresses, now: number): Seen {
    const key = ownerName(addresses);
    const known = this.seen.get(key);
    if (known) return known;
    const met: Seen = {
      addresses,
      heartbeatAt: 0,
      beatAt: now,
      isRegistered: false,
      isReplaced: false,
      hasLeft: false,
      verdict: 'alive',
      notBefore: -Infinity,
    };
    this.seen.set(key, met);
    return met;
  }

  private note(fleet: readonly FleetNode[], now: number): void {
    const own = fleet.find((one) => ownerName(one) === ownerName(this.deps.self));
    for (const one of this.seen.values()) one.isRegistered = false;
    for (const node of fleet) {
      const one = this.meet(node, now);
      one.addresses = node;
      one.isRegistered = true;
      if (one.heartbeatAt === node.heartbeatAt) continue;
      // This process' own heartbeat was not long ago: what is older than it by Redis' clock is older by that much.
      const olderMs = one.heartbeatAt === 0 || !own ? 0 : own.heartbeatAt - node.heartbeatAt;
      one.beatAt = now - Math.min(Math.max(olderMs, 0), readEveryMs);
      one.heartbeatAt = node.heartbeatAt;
      if (one.verdict === 'gone') this.deps.log.warn({ peer: node.node }, 'a node that was given up is back');
      if (one.verdict === 'gone') one.verdict = 'alive';
    }
    // A registry that has gone back in time names whom the process itself replaced.
    const isAfter = (node: FleetNode, one: Seen) =>
      node.node === one.addresses.node && node.heartbeatAt >= one.heartbeatAt;
    for (const one of this.seen.values()) {
      one.isReplaced = !one.isRegistered && fleet.some((node) => isAfter(node, one));
      one.hasLeft = !one.isRegistered && one.heartbeatAt > 0 && (one.hasLeft || !one.isReplaced);
    }
    this.mediaHosts = fleet.flatMap(({ mediaUrl }) => (URL.canParse(mediaUrl) ? [new URL(mediaUrl).host] : []));
    const isHeard = own !== undefined && now - this.meet(own, now).beatAt <= silentMs;
    this.unbrokenSince = isHeard ? (this.unbrokenSince ?? now) : null;
  }

  /** Only who has been heard itself without a gap may judge: an outage of Redis silences everybody at once. */
  private get isSteady(): boolean {
    return this.unbrokenSince !== null && this.monotonic() - this.unbrokenSince >= suspectMs;
  }

  private consider(one: Seen, now: number): void {
    const isSelf = ownerName(one.addresses) === ownerName(this.deps.self);
    if (isSelf || this.isStopped || one.verdict !== 'alive' || now < one.notBefore) {
      if (one.verdict === 'gone' && now - one.beatAt > rememberMs) this.seen.delete(ownerName(one.addresses));
      return;
    }
    if (!one.isReplaced && !(this.isSteady && now - one.beatAt >= probeAfterMs)) return;
    one.verdict = 'judging';
    const judging = this.judge(one).finally(() => this.judging.delete(judging));
    this.judging.add(judging);
  }

  /** Whether it is dead, and then its end. Never rejects. */
  private async judge(one: Seen): Promise<void> {
    const { link, self, log, metrics } = this.deps;
    const { node, incarnation } = one.addresses;
    try {
      if (!(await takeJudgeLease(link, one.addresses, self))) return;
      const isDead = one.isReplaced || (await this.isSilentForGood(one));
      if (!isDead) {
        metrics.nodesJudged.inc({ verdict: 'alive' });
        log.warn({ peer: node, incarnation }, 'a silent node answers: its calls are left alone');
        await dropJudgeLease(link, one.addresses, self);
        return;
      }
      one.verdict = 'gone';
      const verdict = one.hasLeft ? 'left' : one.isReplaced ? 'replaced' : 'dead';
      metrics.nodesJudged.inc({ verdict });
      if (one.hasLeft) log.info({ peer: node, incarnation }, 'a node has left the fleet');
      else log.error({ peer: node, incarnation, verdict }, 'a node is dead: its calls are taken over');
      await this.bury(one);
    } catch (error) {
      log.warn({ err: error, peer: node, incarnation }, 'a silent node could not be judged, or its calls not be had');
      one.verdict = 'alive';
    } finally {
      if (one.verdict === 'judging') one.verdict = 'alive';
      one.notBefore = this.monotonic() + againMs;
    }
  }

  private async isSilentForGood(one: Seen): Promise<boolean> {
    const { beatAt } = one;
    for (let probes = 0; probes < probesMax; probes += 1) if (await this.probe(one.addresses, probeMs)) return false;
    while (one.beatAt === beatAt && this.isSteady && !this.isStopped) {
      if (this.monotonic() - beatAt >= suspectMs) return true;
      await wait(readSoonMs);
    }
    return false;
  }

  /** Its calls go elsewhere, then it is struck from the registry: that nobody else judges it again. */
  private async bury(one: Seen): Promise<void> {
    const { link, self, takeOver, log } = this.deps;
    const keeping = setInterval(() => {
      takeJudgeLease(link, one.addresses, self).catch(() => undefined);
    }, leaseKeepMs);
    try {
      await takeOver(one.addresses);
      const isDone = !this.isStopped;
      if (isDone && one.verdict === 'gone') await retire(link, one.addresses);
      await dropJudgeLease(link, one.addresses, self);
      if (!isDone) return;
      log.info({ peer: one.addresses.node, incarnation: one.addresses.incarnation }, 'a dead node left nothing behind');
    } finally {
      clearInterval(keeping);
    }
  }
}
