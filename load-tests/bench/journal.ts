import type { CallEvent } from '../../machines/call-events.ts';
import { append } from '../../src/directory/journal.ts';
import type { NodeName } from '../../src/directory/keys.ts';
import type { RedisLink } from '../../src/directory/redis.ts';
import { type Beside, inTurns, nsEachAwaited } from './beside.ts';
import { claimArrival, claimStart, dueInMs, newCallSid } from './claimed.ts';
import { figure, type Figure, type Measure, type Outcome } from './figure.ts';
import { measureRuns, type Runs } from './measure-runs.ts';
import { redisCpuMs, spent } from './spent.ts';
import { median } from './statistics.ts';
import { factsOf } from './ten-minutes.ts';
import { withRedis } from './with-redis.ts';

const runs = { wanted: 2, triesMax: 4 };
const rounds = 5;
/** One is the usual; more come together when Redis was away for a moment, and when a call ends. */
const batchSizes = [1, 5, 20, 100];
/** Facts of one round, for each size of batch. */
const roundFacts = 4_000;
const self: NodeName = { node: 'node-1', incarnation: 'i1' };

interface Cost {
  /** Wall time of one fact; the reference is a bare XADD of the same text. */
  time: Beside;
  redisUs: number;
  redisUsBare: number;
  commands: number;
  requests: number;
}

/** A call with a stream, and where its journal ends. */
class Journaled {
  private readonly link: RedisLink;
  private readonly callSid = newCallSid();
  private epoch = 0;
  private seq = 0;

  constructor(link: RedisLink) {
    this.link = link;
  }

  async start(): Promise<void> {
    const { callSid } = this;
    const { epoch: tokenEpoch } = await claimArrival(this.link, { callSid, node: self });
    this.epoch = (await claimStart(this.link, { callSid, tokenEpoch, owner: self })).epoch;
  }

  async write(facts: readonly CallEvent[]): Promise<void> {
    const { callSid, epoch } = this;
    const standing = { state: 'conversation', dueAt: epoch + dueInMs };
    const wrote = await append(this.link, { callSid, epoch, firstSeq: this.seq + 1, facts, ...standing });
    if (wrote.kind !== 'ok' || wrote.written !== facts.length) throw new Error(`a journal was ${wrote.kind}`);
    this.seq = wrote.lastSeq;
  }
}

const bareKey = 'bare';

/** Facts of a conversation in batches of one size, over and over. */
function batchesOf(size: number): CallEvent[][] {
  const facts = factsOf(1_760_000_000_000);
  const many = Array.from({ length: roundFacts }, (_, i) => facts[i % facts.length]).filter(
    (fact) => fact !== undefined,
  );
  return Array.from({ length: roundFacts / size }, (_, i) => many.slice(i * size, (i + 1) * size));
}

async function costOf(link: RedisLink, size: number): Promise<Cost> {
  const batches = batchesOf(size);
  const texts = batches.flat().map((fact) => JSON.stringify(fact));
  const cpuUs = { ours: [] as number[], bare: [] as number[] };
  const counted = { commands: 0, requests: 0 };
  const withCpu = async (into: number[], work: () => Promise<number>): Promise<number> => {
    await link.command('flushall');
    const beforeMs = await redisCpuMs(link);
    const ns = await work();
    into.push((1_000 * ((await redisCpuMs(link)) - beforeMs)) / roundFacts);
    return ns;
  };
  const ours = (): Promise<number> =>
    withCpu(cpuUs.ours, async () => {
      const call = new Journaled(link);
      await call.start();
      const before = (await spent(link)).commands;
      const ns = (await nsEachAwaited(batches.length, (i) => call.write(batches[i] ?? []))) / size;
      const after = (await spent(link)).commands;
      const ran = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
      counted.requests = ran('evalsha') / roundFacts;
      counted.commands = (after.keys().reduce((sum, name) => sum + ran(name), 0) - ran('info')) / roundFacts;
      return ns;
    });
  const bare = (): Promise<number> =>
    withCpu(cpuUs.bare, () =>
      nsEachAwaited(texts.length, (i) => link.command('xadd', bareKey, '*', 'f', texts[i] ?? '')),
    );
  const time = await inTurns(rounds, ours, bare);
  return { time, redisUs: median(cpuUs.ours), redisUsBare: median(cpuUs.bare), ...counted };
}

type Costs = Record<number, Cost>;

async function measure(link: RedisLink): Promise<Costs> {
  const costs: Costs = {};
  for (const size of batchSizes) costs[size] = await costOf(link, size);
  return costs;
}

const plural = (size: number): string => (size === 1 ? 'one at a time' : `${size} at a time`);

function figuresOf({ of: median, isTrusted }: Runs<Costs>): Figure[] {
  const of = (size: number, pick: (cost: Cost) => number): number =>
    median((costs) => (costs[size] ? pick(costs[size]) : Number.NaN));
  return batchSizes.flatMap((size) => {
    const name = `a fact, ${plural(size)}`;
    const bareUs = of(size, ({ time }) => time.referenceNs) / 1e3;
    const beside = `a bare XADD: ${bareUs.toFixed(0)} µs`;
    const commands = of(size, (cost) => cost.commands).toFixed(2);
    const requests = of(size, (cost) => cost.requests);
    return [
      figure({ name, value: of(size, ({ time }) => time.oursNs) / 1e3, unit: 'µs', beside }, isTrusted),
      figure({ name: `${name}, beside a bare XADD`, value: of(size, ({ time }) => time.ratio), unit: '×' }, true),
      figure(
        {
          name: `${name}: CPU of Redis`,
          value: of(size, (cost) => cost.redisUs),
          unit: 'µs',
          beside: `a bare XADD: ${of(size, (cost) => cost.redisUsBare).toFixed(1)} µs`,
        },
        isTrusted,
      ),
      figure({ name: `${name}: requests`, value: requests, unit: '', beside: `${commands} commands in them` }, true),
    ];
  });
}

function run(say: (line: string) => void): Promise<Outcome> {
  return withRedis(async (link, pid) => {
    const measured = await measureRuns({
      runs,
      pids: [process.pid, pid],
      work: () => measure(link),
      tell: (costs) =>
        `${batchSizes.map((size) => `${((costs[size]?.time.oursNs ?? 0) / 1e3).toFixed(0)} µs`).join(', ')} a fact in batches of ${batchSizes.join(', ')}`,
      say,
    });
    return measured.outcome(figuresOf(measured));
  });
}

export const journal: Measure = {
  name: 'journal',
  title:
    'a fact from the call into its journal and the outbox, by the script that fences and counts, one request at a time',
  run,
};
