import { setTimeout as wait } from 'node:timers/promises';
import { ownerOf } from '../directory/claims.ts';
import { callsOf, closeInbox, forgetCalls, inboxCursor, readInbox } from '../directory/inbox.ts';
import type { NodeName } from '../directory/keys.ts';
import { ownerName } from '../directory/keys.ts';
import type { RedisLink } from '../directory/redis.ts';
import { clearRedirect, markRedirect } from '../directory/redirects.ts';
import { repeated } from '../directory/repeat.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { newSpanId } from '../telemetry/trace-ids.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import type { DoorRefusal } from './call-door.ts';
import type { CarrierPort } from './carrier.ts';
import { streamed } from './door.ts';
import { parseMessage } from './mailbox.ts';
import { Pace } from './pace.ts';
import type { Told } from './stream-port.ts';

export const takeoverLimits = {
  /** The carrier's own question is awaited for so long before it is told to ask. */
  ownQuestionMs: 1_500,
  /** A carrier that was told to ask has asked by then, all its tries at nodes that do not answer included. */
  askedMs: 16_000,
  askedPollMs: 1_000,
  /** Pauses before another try, the last of them for all further ones. */
  againMs: [1_000, 2_000, 4_000, 8_000],
  triesMax: 8,
};
/** Owners looked up at once. */
const lookUpMax = 100;

/** `resumed`: by the carrier's own question; `idle`: no stream to lose; `given up`: the sweep comes back to it. */
type Result = 'redirected' | 'resumed' | 'over' | 'idle' | 'given up' | 'left alone';

export interface TakeoverDeps {
  link: RedisLink;
  node: NodeName;
  carrier: Pick<CarrierPort, 'redirect'>;
  /** Where the carrier asks for the call of this epoch; absolute. */
  moveUrl(epoch: number): string;
  isGone(owner: NodeName): boolean;
  /** The carrier says that the call is over. */
  ended(callSid: string, epoch: number): Promise<unknown>;
  /** A fact that reached a process which is gone. */
  tell(callSid: string, fact: Told): Promise<'taken' | DoorRefusal>;
  /** The stream that the call's journal knows; rejects when the journal cannot be had. */
  streamOf(callSid: string): Promise<string | null>;
  /** The caller's audio comes in here, whatever the carrier reports. */
  isHeard(callSid: string): boolean;
  /** Redis-clock ms. */
  now(): number;
  log: Log;
  metrics: Metrics;
  tracing: Tracing;
  limits?: typeof takeoverLimits;
}

/** A conversation whose stream is gone, as it stood when that was learned. */
interface Broken {
  callSid: string;
  owner: NodeName;
  epoch: number;
}

/** Brings conversations whose stream broke, and whose carrier does not ask by itself, to a living node. */
export class Takeover {
  private readonly deps: TakeoverDeps;
  private readonly limits: typeof takeoverLimits;
  private readonly pace = new Pace();
  private readonly moving = new Map<string, Promise<Result>>();
  private readonly watching = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(deps: TakeoverDeps) {
    this.deps = deps;
    this.limits = deps.limits ?? takeoverLimits;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.pace.close();
    await Promise.all([...this.moving.values(), ...this.watching]);
  }

  /**
   * Every call of a process that is gone, and what was told it.
   * @throws DirectoryError when it cannot be known which calls these are
   */
  async takeOver(gone: NodeName): Promise<void> {
    const { link, log } = this.deps;
    const since = performance.now();
    const broken = await this.brokenAt(gone);
    log.info({ peer: gone.node, calls: broken.length }, 'calls of a dead node wait for their carrier');
    const early = this.drain(gone);
    await this.pause(this.limits.ownQuestionMs - (performance.now() - since));
    const isWanted = () => this.deps.isGone(gone);
    const results = await Promise.all(broken.map((call) => this.move(call, isWanted)));
    for (const { callSid, fact } of await early) await this.deps.tell(callSid, fact);
    if (this.stopping.signal.aborted || !isWanted()) return;
    await repeated(() => forgetCalls(link, gone));
    const counts = Object.groupBy(results, (result) => result);
    const figures = Object.fromEntries(Object.entries(counts).map(([result, of]) => [result, of.length]));
    log.info({ peer: gone.node, ...figures }, 'calls of a dead node were taken over');
  }

  /** The carrier reports that a stream broke. Resolves when its call has gone on; never rejects. */
  streamFailed(callSid: string, streamSid: string): Promise<void> {
    const watching = this.watch(callSid, streamSid).finally(() => this.watching.delete(watching));
    this.watching.add(watching);
    return watching;
  }

  /** Begins to bring one conversation to a living node, at once: it is long overdue. */
  take(call: Broken): void {
    void this.move(call, () => this.deps.isGone(call.owner));
  }

  /** Newest first: who has just been answered has the least patience. */
  private async brokenAt(gone: NodeName): Promise<Broken[]> {
    const { link } = this.deps;
    const callSids = await repeated(() => callsOf(link, gone));
    const broken: Broken[] = [];
    for (let from = 0; from < callSids.length; from += lookUpMax) {
      const some = callSids.slice(from, from + lookUpMax);
      const owners = await Promise.all(some.map((callSid) => repeated(() => ownerOf(link, callSid))));
      for (const [index, owner] of owners.entries()) {
        const callSid = some[index];
        if (!callSid || !owner?.owner || owner.ended !== null || ownerName(owner.owner) !== ownerName(gone)) continue;
        broken.push({ callSid, owner: owner.owner, epoch: owner.epoch });
      }
    }
    return broken.toSorted((a, b) => b.epoch - a.epoch);
  }

  private async watch(callSid: string, streamSid: string): Promise<void> {
    const { link, streamOf, isHeard, log } = this.deps;
    await this.pause(this.limits.ownQuestionMs);
    // Of some reports the stream lives on.
    if (this.stopping.signal.aborted || isHeard(callSid)) return;
    try {
      const owner = await repeated(() => ownerOf(link, callSid));
      if (!owner?.owner || owner.ended !== null || !streamed.has(owner.state)) return;
      // What is reported of an earlier stream must not end this one.
      if ((await streamOf(callSid)) !== streamSid) return;
      await this.move({ callSid, owner: owner.owner, epoch: owner.epoch }, () => true);
    } catch (error) {
      log.warn({ err: error, callSid }, 'a broken stream could not be looked after');
    }
  }

  /** Never rejects. */
  private move(call: Broken, isWanted: () => boolean): Promise<Result> {
    const key = `${call.callSid} ${call.epoch}`;
    const underWay = this.moving.get(key);
    if (underWay) return underWay;
    const moving = this.moveUntilDone(call, isWanted).finally(() => this.moving.delete(key));
    this.moving.set(key, moving);
    return moving;
  }

  private async moveUntilDone(call: Broken, isWanted: () => boolean): Promise<Result> {
    const { log, metrics } = this.deps;
    const { triesMax, againMs } = this.limits;
    const startMs = this.deps.now();
    let result: Result = 'given up';
    let tries = 0;
    for (; tries < triesMax; tries += 1) {
      if (tries > 0) await this.pause(againMs[Math.min(tries, againMs.length) - 1] ?? 0);
      const once = await this.pace.run(async () => {
        if (this.stopping.signal.aborted || !isWanted()) return 'left alone';
        return this.moveOnce(call);
      });
      if (once === 'again') continue;
      if (once !== 'redirected') {
        result = once;
        break;
      }
      if (await this.hasAsked(call)) {
        result = once;
        break;
      }
    }
    metrics.takeovers.inc({ path: 'b', result });
    this.trace(call, result, startMs, Math.min(tries + 1, triesMax));
    log.info(
      { callSid: call.callSid, epoch: call.epoch, from: call.owner.node, result },
      'broken call was looked after',
    );
    return result;
  }

  private trace({ callSid, epoch, owner }: Broken, result: Result, startMs: number, tries: number): void {
    const root = this.deps.tracing.root(callSid);
    if (root === null) return;
    this.deps.tracing.add({
      name: 'redirect',
      place: { ...root, spanId: newSpanId() },
      parentId: root.spanId,
      kind: 'client',
      startMs,
      endMs: this.deps.now(),
      attributes: {
        'aida.result': result,
        'aida.tries': tries,
        'aida.epoch': epoch,
        'aida.node.before': owner.node,
        'aida.node': this.deps.node.node,
      },
      error: result === 'given up' ? 'given_up' : null,
    });
  }

  private async moveOnce(call: Broken): Promise<Result | 'again'> {
    const { link, node, carrier, moveUrl, ended, log } = this.deps;
    const { callSid, epoch } = call;
    try {
      const marked = await repeated(() => markRedirect(link, { ...call, by: node }));
      switch (marked) {
        case 'moved':
          return 'resumed';
        case 'ended':
        case 'unknown':
          return 'over';
        case 'idle':
          return 'idle';
        case 'underWay':
          return 'again';
        case 'marked':
          break;
      }
      const answer = await carrier.redirect(callSid, moveUrl(epoch));
      if (answer === 'done') {
        this.pace.wentWell();
        return 'redirected';
      }
      if (answer === 'gone') {
        await ended(callSid, epoch);
        return 'over';
      }
      if (answer === 'busy') this.pace.tooMuch();
      log.warn({ callSid, answer, rate: this.pace.rate }, 'the carrier did not take a call along');
      await repeated(() => clearRedirect(link, callSid, epoch));
      return 'again';
    } catch (error) {
      log.warn({ err: error, callSid }, 'a broken call could not be moved');
      return 'again';
    }
  }

  /** The carrier took the word; it has a while to act on it. To tell it again would take it off its own way. */
  private async hasAsked(call: Broken): Promise<boolean> {
    const { askedMs, askedPollMs } = this.limits;
    for (let waitedMs = 0; waitedMs < askedMs && !this.stopping.signal.aborted; waitedMs += askedPollMs) {
      await this.pause(askedPollMs);
      if (await this.hasMoved(call)) return true;
    }
    return false;
  }

  private async hasMoved({ callSid, epoch }: Broken): Promise<boolean> {
    try {
      const owner = await repeated(() => ownerOf(this.deps.link, callSid));
      return owner === null || owner.ended !== null || owner.epoch !== epoch;
    } catch {
      return false;
    }
  }

  /**
   * Deals with what was told a process that is gone, and removes its inbox. Resolves with what cannot be told before
   * its calls have moved.
   */
  private async drain(gone: NodeName): Promise<{ callSid: string; fact: Told }[]> {
    const { link, tell, metrics, log } = this.deps;
    const later: { callSid: string; fact: Told }[] = [];
    try {
      let cursor = await repeated(() => inboxCursor(link, gone));
      while (!this.stopping.signal.aborted) {
        const messages = await repeated(() => readInbox(link, gone, cursor, 0));
        const facts = messages.flatMap(({ text }) => {
          const message = text === '' ? null : parseMessage(text);
          return message?.kind === 'fact' ? [message] : [];
        });
        metrics.inboxMessages.inc({ kind: 'fact', result: 'inherited' }, facts.length);
        const told = await Promise.all(facts.map(({ callSid, fact }) => tell(callSid, fact)));
        later.push(...facts.filter((_, index) => told[index] === 'unavailable'));
        cursor = messages.at(-1)?.id ?? cursor;
        if (await repeated(() => closeInbox(link, gone, cursor))) break;
      }
    } catch (error) {
      log.warn({ err: error, peer: gone.node }, 'inbox of a dead node could not be read');
    }
    return later;
  }

  private async pause(ms: number): Promise<void> {
    if (ms > 0) await wait(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
