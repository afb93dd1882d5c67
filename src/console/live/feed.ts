import { readConsoleChanges } from '../../directory/console-changes.ts';
import type { RedisLink } from '../../directory/redis.ts';
import type { Log } from '../../telemetry/log.ts';
import type { IsSynthetic } from '../../telemetry/synthetic-sid.ts';
import { mayAct } from '../roles.ts';
import type { Role } from '../guard.ts';
import type { ConsoleStream } from '../message.ts';
import { Listener } from './listener.ts';
import type { LiveCall } from './live-call.ts';
import { type LiveChange, LiveCalls } from './live-calls.ts';
import { goneRow, liveRow } from './row.ts';
import { type LiveTopic, Watched } from './topic.ts';

export const feedLimits = {
  /** Browsers of this process. */
  listenersMax: 500,
  /** Of one account: every open page has one. */
  accountListenersMax: 30,
  topicsMax: 12,
  /** Lines are kept open, and given up, this often. */
  pulseMs: 4_000,
  /** Pulses between two looks whether a session still holds. */
  checkPulses: 4,
  /** Looks whether topics are due. */
  roundMs: 200,
  /** A page waits at most so long for the first look at calls. */
  firstLookMs: 1_500,
  /** After the last browser has gone calls are followed for so long: another page is often opened. */
  lingerMs: 60_000,
} as const;

/** The topic of the list of calls: the one that is told in parts. */
export const CALLS = 'calls';
/** Before the CallSid: the topic of one call. */
export const CALL = 'call:';

export interface FeedOptions {
  link: RedisLink;
  isSynthetic: IsSynthetic;
  log: Pick<Log, 'warn'>;
  /** Redis-clock ms, as near as this process knows it. */
  now(): number;
}

export interface Joining {
  out: ConsoleStream;
  account: string;
  role: Role;
  topics: readonly string[];
  stillIn(): Promise<boolean>;
}

/** What goes on, for every browser that looks on: one look at Redis for all of them, and none while there is nobody. */
export class Feed {
  private readonly options: FeedOptions;
  private readonly topics = new Map<string, LiveTopic>();
  private callTopic: ((callSid: string) => LiveTopic) | null = null;
  private readonly watched = new Map<string, Watched>();
  private readonly listeners = new Set<Listener>();
  private live: LiveCalls | null = null;
  private ready: Promise<void> | null = null;
  private timers: NodeJS.Timeout[] = [];
  private linger: NodeJS.Timeout | undefined;
  private changes: ReadonlyMap<string, string> = new Map();
  private isReadingChanges = false;
  private pulses = 0;
  private isClosed = false;

  constructor(options: FeedOptions) {
    this.options = options;
  }

  /** Before anybody listens. */
  add(...topics: LiveTopic[]): void {
    for (const topic of topics) this.topics.set(topic.name, topic);
  }

  /** What is shown of one call, for `call:<sid>`. Before anybody listens. */
  addCalls(topicOf: (callSid: string) => LiveTopic): void {
    this.callTopic = topicOf;
  }

  /** Something that a topic shows was changed here: it is made anew at once. */
  touch(name: string): void {
    this.watched.get(name)?.touch();
  }

  /** The calls that go on, null while they are not known; `wait`: begins to follow them and waits for the first look. */
  async calls(): Promise<LiveCall[] | null> {
    this.follow();
    this.stay();
    await within(this.ready ?? Promise.resolve(), feedLimits.firstLookMs);
    return this.live?.isFresh ? [...this.live.calls.values()] : null;
  }

  /** Those known at this moment. */
  knownCalls(): LiveCall[] {
    return [...(this.live?.calls.values() ?? [])];
  }

  /** `full`: too many browsers. */
  join({ out, account, role, topics, stillIn }: Joining): 'listening' | 'full' {
    const own = [...this.listeners].filter((each) => each.account === account).length;
    const { listenersMax, accountListenersMax } = feedLimits;
    if (this.isClosed || this.listeners.size >= listenersMax || own >= accountListenersMax) return 'full';
    const names = new Set(topics.filter((name) => this.may(role, name)).slice(0, feedLimits.topicsMax));
    const listener = new Listener({
      out,
      account,
      topics: names,
      stillIn,
      onCaughtUp: (stale) => void this.sendWhole(listener, stale),
      now: this.options.now,
    });
    this.listeners.add(listener);
    clearTimeout(this.linger);
    this.follow();
    for (const name of names) this.watch(name);
    out.onEnd(() => this.leave(listener));
    listener.pulse();
    void this.sendWhole(listener, [...names]);
    return 'listening';
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const listener of this.listeners) listener.end();
    await this.rest();
  }

  private may(role: Role, name: string): boolean {
    if (name === CALLS || name.startsWith(CALL)) return true;
    const topic = this.topics.get(name);
    return topic !== undefined && mayAct(role, topic.role);
  }

  private watch(name: string): void {
    if (name === CALLS || this.watched.has(name)) return;
    const topic = name.startsWith(CALL) ? this.callTopic?.(name.slice(CALL.length)) : this.topics.get(name);
    if (topic) this.watched.set(name, new Watched(topic));
  }

  private leave(listener: Listener): void {
    this.listeners.delete(listener);
    for (const name of listener.topics)
      if (![...this.listeners].some(({ topics }) => topics.has(name))) this.watched.delete(name);
    if (this.listeners.size === 0) this.stay();
  }

  /** Calls are followed for a while yet. */
  private stay(): void {
    if (this.listeners.size > 0) return;
    clearTimeout(this.linger);
    this.linger = setTimeout(() => void this.rest(), feedLimits.lingerMs);
    this.linger.unref();
  }

  private follow(): void {
    if (this.live !== null || this.isClosed) return;
    const { link, isSynthetic, log } = this.options;
    this.live = new LiveCalls({ link, isSynthetic, log, onChange: (change) => this.changed(change) });
    this.ready = this.live.start();
    this.ready.catch(() => {});
    this.timers = [
      setInterval(() => void this.round(), feedLimits.roundMs),
      setInterval(() => this.pulse(), feedLimits.pulseMs),
    ];
  }

  private async rest(): Promise<void> {
    clearTimeout(this.linger);
    for (const timer of this.timers) clearInterval(timer);
    this.timers = [];
    const { live } = this;
    this.live = null;
    this.ready = null;
    await live?.stop();
  }

  private changed({ callSids, facts }: LiveChange): void {
    for (const { callSid, fact } of facts) {
      this.watched.get(`${CALL}${callSid}`)?.touch();
      for (const each of this.watched.values()) if (each.topic.touchedBy?.(fact)) each.touch();
    }
    if (callSids !== null && callSids.size === 0) return;
    const listeners = [...this.listeners].filter(({ topics }) => topics.has(CALLS));
    if (listeners.length === 0) return;
    const data = callSids === null ? this.allRows() : [...callSids].map((callSid) => this.rowOf(callSid)).join('');
    for (const listener of listeners) listener.send(CALLS, data);
  }

  private rowOf(callSid: string): string {
    const call = this.live?.calls.get(callSid);
    return call ? liveRow(call, this.options.now()) : goneRow(callSid);
  }

  /** The whole list: whatever is not in it is gone. */
  private allRows(): string {
    const now = this.options.now();
    return `<ol data-all>${this.knownCalls()
      .map((call) => liveRow(call, now))
      .join('')}</ol>`;
  }

  private async round(): Promise<void> {
    await this.readChanges();
    const now = this.options.now();
    for (const [name, watched] of this.watched) {
      if (!watched.isDue(now)) continue;
      void this.make(name, watched).then((html) => {
        if (html === null) return;
        for (const listener of this.listeners) if (listener.topics.has(name)) listener.send(name, html);
      });
    }
  }

  /** Null where it is as before, or cannot be had. */
  private async make(name: string, watched: Watched): Promise<string | null> {
    try {
      return await watched.make(this.options.now);
    } catch (error) {
      this.options.log.warn({ err: error, topic: name }, 'what pages show was not made anew');
      return null;
    }
  }

  /** What was changed by other processes. */
  private async readChanges(): Promise<void> {
    if (this.isReadingChanges || this.watched.size === 0) return;
    this.isReadingChanges = true;
    try {
      const changes = await readConsoleChanges(this.options.link);
      for (const [name, count] of changes) if (this.changes.get(name) !== count) this.touch(name);
      this.changes = changes;
    } catch {
      // Redis is away, which is told of elsewhere; topics are made anew after `restMs` anyway.
    } finally {
      this.isReadingChanges = false;
    }
  }

  /** Looks whether sessions still hold. */
  check(): void {
    for (const listener of this.listeners) void listener.check();
  }

  private pulse(): void {
    this.pulses += 1;
    for (const listener of this.listeners) listener.pulse();
    if (this.pulses % feedLimits.checkPulses === 0) this.check();
  }

  /** How everything stands, for a browser that comes or fell behind. */
  private async sendWhole(listener: Listener, names: readonly string[]): Promise<void> {
    for (const name of names) {
      if (name === CALLS) {
        // While calls are looked at for the first time, or anew, everybody is sent what that comes to.
        if (this.live?.isFresh) listener.send(CALLS, this.allRows());
        continue;
      }
      const watched = this.watched.get(name);
      if (!watched) continue;
      if (watched.html === null) await this.make(name, watched);
      if (watched.html !== null) listener.send(name, watched.html);
    }
  }
}

/** Resolves when it is settled, or after so long. */
async function within(work: Promise<unknown>, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  work.then(
    () => resolve(),
    () => resolve(),
  );
  await promise;
  clearTimeout(timer);
}
