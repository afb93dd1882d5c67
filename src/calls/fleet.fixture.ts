import { DirectoryError } from '../directory/errors.ts';
import type { NodeName } from '../directory/keys.ts';
import { callerKeys, callKeys, ownerName } from '../directory/keys.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { readJournal } from '../directory/journal.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { keptSpans } from '../telemetry/spans.fixture.ts';
import { noTracing, type SpanRecord, type Tracing } from '../telemetry/tracing.ts';
import { arrive, conversation, createCalls, epochIn, fakeCarrier, FakePort, newSid } from './calls.fixture.ts';
import type { Calls, CallsDeps } from './calls.ts';
import type { CarrierAnswer } from './carrier.ts';
import { Mailbox, mailboxBlockMs, type WarmAsk } from './mailbox.ts';
import { createTakeover, Neighbours, taker } from './neighbours.ts';
import type { ResidentCall } from './stream-port.ts';
import { type Takeover, takeoverLimits } from './takeover.ts';

const moveUrl = (epoch: number) => `https://aida.example.com/voice/next?move=${epoch}`;

/** One process of a fleet that shares a Redis and a carrier. */
export interface TestNode {
  name: NodeName;
  calls: Calls;
  takeover: Takeover;
  mailbox: Mailbox;
  metrics: Metrics;
  /** Languages that were chosen here, by call. */
  chosen: [callSid: string, language: string][];
  /** Spans of messages that were taken here. */
  taken: SpanRecord[];
  /** For whom a model session was to be made ready here. */
  warmed: WarmAsk[];
  /** Who tells other processes what they are to make ready. */
  neighbours: Neighbours;
  /** From now on nothing of it reaches Redis: as if it had been killed. */
  die(): void;
  talk(callSid?: string): Promise<{ callSid: string; call: ResidentCall; port: FakePort }>;
}

/** Several nodes in one process, and what the carrier's REST interface was asked. */
export class TestFleet {
  readonly link: RedisLink;
  /** `CallSid?move` in the order of the redirects. */
  readonly redirected: string[] = [];
  /** What the carrier answers, in turn; the last one stays. */
  answers: CarrierAnswer[] = ['done'];
  /** What happens at the carrier while it is asked. */
  onRedirect: (callSid: string, epoch: number) => Promise<unknown> = async () => undefined;
  private readonly url: string;
  private readonly gone = new Set<string>();
  private readonly open: (() => Promise<void>)[] = [];

  private constructor(url: string, link: RedisLink) {
    this.url = url;
    this.link = link;
  }

  static async start(url: string): Promise<TestFleet> {
    return new TestFleet(url, await connectRedis(url));
  }

  async close(): Promise<void> {
    await Promise.all(this.open.splice(0).map((end) => end()));
    await this.link.command('flushall');
    await this.link.close();
  }

  /** Everybody takes this process for dead. */
  bury(node: TestNode): void {
    this.gone.add(ownerName(node.name));
  }

  revive(node: TestNode): void {
    this.gone.delete(ownerName(node.name));
  }

  async node(
    id: string,
    callerOf: (from: string) => string | null = () => null,
    over: Partial<CallsDeps> = {},
  ): Promise<TestNode> {
    const name = { node: id, incarnation: `${id}1` };
    let isDead = false;
    const cut = (whole: RedisLink) => cutOff(whole, () => isDead);
    const link = cut(this.link);
    const metrics = createMetrics();
    const isGone = (holder: NodeName) => this.gone.has(ownerName(holder));
    const answers = async (holder: NodeName) => !isGone(holder);
    const streamFailed = (callSid: string, streamSid: string) => void takeover.streamFailed(callSid, streamSid);
    const chosen: TestNode['chosen'] = [];
    const languageChosen = (...choice: TestNode['chosen'][number]) => void chosen.push(choice);
    const calls = createCalls(link, {
      node: name,
      metrics,
      isGone,
      answers,
      callerOf,
      streamFailed,
      languageChosen,
      ...over,
    });
    const takeover: Takeover = this.takeover(link, name, calls, metrics, isGone);
    const blocking = await connectRedis(this.url, { blockMsMax: mailboxBlockMs });
    const warmed: WarmAsk[] = [];
    const warm = (ask: WarmAsk) => void warmed.push(ask);
    const tracing = keptSpans();
    const mailbox = await mailboxOf(link, cut(blocking), name, { calls, warm, tracing }, metrics);
    const neighbours = new Neighbours({
      link,
      node: name,
      calls,
      warm,
      connectBlocking: () => Promise.reject(new Error('not started')),
      carrier: fakeCarrier(),
      moveUrl,
      now: Date.now,
      log: createLog('silent'),
      metrics,
      tracing: noTracing,
    });
    this.open.push(async () => {
      await takeover.stop();
      await mailbox.close();
      await calls.close();
    });
    return {
      name,
      calls,
      takeover,
      mailbox,
      metrics,
      chosen,
      taken: tracing.spans,
      warmed,
      neighbours,
      die: () => {
        isDead = true;
      },
      talk: async (callSid = newSid()) => {
        const epoch = epochIn(await arrive(calls, callSid));
        const port = new FakePort();
        const call = await calls.attach({ callSid, epoch, streamSid: `MZ${callSid}`, port });
        if (typeof call === 'string') throw new Error(call);
        call.begin();
        for (const fact of conversation) call.tell(fact);
        await written(calls);
        return { callSid, call, port };
      },
    };
  }

  /** Breaks that are counted of a call. */
  async broken(callSid: string): Promise<number> {
    const times = await this.link.command('hget', callKeys(callSid).call, 'broken');
    return String(times).split(',').length;
  }

  /** The call that this caller was cut off from; asking uses nothing up. */
  async remembered(caller: string): Promise<unknown> {
    return this.link.command('get', callerKeys(caller).recent);
  }

  async facts(callSid: string) {
    const entries = await readJournal(this.link, callSid);
    return entries.flatMap((entry) => (entry.kind === 'fact' ? [entry.fact] : []));
  }

  async claims(callSid: string): Promise<string[]> {
    const entries = await readJournal(this.link, callSid);
    return entries.flatMap((entry) => (entry.kind === 'claim' ? [entry.by] : []));
  }

  private takeover(
    link: RedisLink,
    node: NodeName,
    calls: Calls,
    metrics: Metrics,
    isGone: (holder: NodeName) => boolean,
  ): Takeover {
    const redirect = async (callSid: string, url: string): Promise<CarrierAnswer> => {
      const epoch = Number(new URL(url).searchParams.get('move'));
      this.redirected.push(callSid);
      await this.onRedirect(callSid, epoch);
      return (this.answers.length > 1 ? this.answers.shift() : this.answers[0]) ?? 'done';
    };
    return createTakeover({
      link,
      node,
      calls,
      carrier: fakeCarrier({ redirect }),
      moveUrl,
      isGone,
      log: createLog('silent'),
      metrics,
      tracing: noTracing,
      now: Date.now,
      limits: { ...takeoverLimits, ownQuestionMs: 50, askedMs: 100, askedPollMs: 10, againMs: [10], triesMax: 4 },
    });
  }
}

/** A link that reaches nothing once its process is dead. */
function cutOff(whole: RedisLink, isDead: () => boolean): RedisLink {
  const refused = () => Promise.reject(new DirectoryError('unavailable', 'planted'));
  return {
    ready: true,
    run: (...args) => (isDead() ? refused() : whole.run(...args)),
    command: (...args) => (isDead() ? refused() : whole.command(...args)),
    onRestored: (listener) => whole.onRestored(listener),
    close: () => whole.close(),
  };
}

async function mailboxOf(
  link: RedisLink,
  blocking: RedisLink,
  node: NodeName,
  { calls, warm, tracing }: { calls: Calls; warm(ask: WarmAsk): void; tracing: Tracing },
  metrics: Metrics,
): Promise<Mailbox> {
  const take = taker({ calls, warm });
  const remade = () => calls.wasForgotten();
  const mailbox = new Mailbox({
    link,
    blocking,
    node,
    take,
    remade,
    now: Date.now,
    log: createLog('silent'),
    metrics,
    tracing,
  });
  await mailbox.start();
  return mailbox;
}

async function written(calls: Calls): Promise<void> {
  while (calls.waiting > 0) await new Promise((resolve) => setImmediate(resolve));
}
