import type { CallEvent } from '../../machines/call-events.ts';
import { append } from '../../src/directory/journal.ts';
import { type NodeName, outboxKey, partitionCount, partitionOf } from '../../src/directory/keys.ts';
import { directoryLimits } from '../../src/directory/limits.ts';
import { ackOutbox, type OutboxSeat, readOutbox, registerGroups } from '../../src/directory/outbox.ts';
import type { RedisLink } from '../../src/directory/redis.ts';
import { type Beside, inTurns } from './beside.ts';
import { claimArrival, newCallSid } from './claimed.ts';
import { figure, type Figure, type Measure, type Outcome } from './figure.ts';
import { measureRuns, type Runs } from './measure-runs.ts';
import { redisCpuMs } from './spent.ts';
import { median } from './statistics.ts';
import { factsOf } from './ten-minutes.ts';
import { withRedis } from './with-redis.ts';

const runs = { wanted: 2, triesMax: 4 };
const rounds = 5;

interface Batch {
  name: string;
  /** Facts in each partition when the group asks. */
  facts: number;
  /** Partitions that are read; of a trickle one after the other, of a backlog at once. */
  partitions: number;
  atOnce: boolean;
  sweeps: number;
}

/** A trickle, and what gathered while the group was away. */
const batches: readonly Batch[] = [
  { name: 'one at a time', facts: 1, partitions: partitionCount, atOnce: false, sweeps: 40 },
  { name: '500 at a time', facts: 125, partitions: 4, atOnce: true, sweeps: 8 },
];
const self: NodeName = { node: 'node-1', incarnation: 'i1' };
const group = 'bench';
const bareGroup = 'bare';
const consumer = 'reader';
const fact: CallEvent | undefined = factsOf(1_760_000_000_000).find(({ type }) => type === 'assistant.said');

/** A call in each partition, for what is written. */
class Writers {
  private readonly link: RedisLink;
  private readonly calls = new Map<number, { callSid: string; epoch: number; seq: number }>();

  constructor(link: RedisLink) {
    this.link = link;
  }

  async start(): Promise<void> {
    while (this.calls.size < partitionCount) {
      const callSid = newCallSid();
      const partition = partitionOf(callSid);
      if (this.calls.has(partition)) continue;
      const { epoch } = await claimArrival(this.link, { callSid, node: self });
      this.calls.set(partition, { callSid, epoch, seq: 0 });
    }
  }

  async write(partition: number, count: number): Promise<void> {
    const call = this.calls.get(partition);
    if (!call || !fact) throw new Error('there is nothing to write');
    const { callSid, epoch } = call;
    const facts = Array.from({ length: count }, () => fact);
    const wrote = await append(this.link, { callSid, epoch, firstSeq: call.seq + 1, facts });
    if (wrote.kind !== 'ok') throw new Error(`a journal was ${wrote.kind}`);
    call.seq = wrote.lastSeq;
  }
}

/** Reads and acknowledges what lies in a partition; the number of facts. */
type Read = (link: RedisLink, partition: number) => Promise<number>;

/** As the outbox's reader does: under a lease, and every fact is parsed. */
const readOurs: Read = async (link, partition) => {
  const seat: OutboxSeat = { partition, group, holder: 'bench' };
  const read = await readOutbox(link, seat, false);
  if (read.kind === 'leased') throw new Error('another reads');
  const ids = read.entries.filter((entry) => entry.fact !== null).map(({ id }) => id);
  if ((await ackOutbox(link, seat, ids)) !== 'acked') throw new Error('the lease was lost');
  return ids.length;
};

/** The least that a group takes: no lease, and nothing of what is read is looked into. */
const readBare: Read = async (link, partition) => {
  const key = outboxKey(partition);
  const words = ['GROUP', bareGroup, consumer, 'COUNT', directoryLimits.outboxReadMax, 'STREAMS', key, '>'];
  const [stream] = (await link.command('xreadgroup', ...words)) as [[string, [string, unknown][]]];
  return Number(await link.command('xack', key, bareGroup, ...stream[1].map(([id]) => id)));
};

interface Cost {
  /** Wall time of one fact. */
  time: Beside;
  redisUs: number;
  redisUsBare: number;
}

/** Nanoseconds of wall time and µs of Redis' CPU for one fact. */
async function timed(link: RedisLink, { facts, partitions, atOnce, sweeps }: Batch, read: Read) {
  await link.command('flushall');
  await registerGroups(link, [group, bareGroup]);
  const writers = new Writers(link);
  await writers.start();
  const which = Array.from({ length: partitions }, (_, partition) => partition);
  let [ns, cpuMs, seen] = [0, 0, 0];
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const partition of which) await writers.write(partition, facts);
    const beforeMs = await redisCpuMs(link);
    const startedAt = process.hrtime.bigint();
    const counts: number[] = [];
    if (atOnce) counts.push(...(await Promise.all(which.map((partition) => read(link, partition)))));
    else for (const partition of which) counts.push(await read(link, partition));
    ns += Number(process.hrtime.bigint() - startedAt);
    cpuMs += (await redisCpuMs(link)) - beforeMs;
    seen += counts.reduce((sum, count) => sum + count, 0);
  }
  const written = sweeps * partitions * facts;
  if (seen !== written) throw new Error(`${seen} facts were read, ${written} were written`);
  return { ns: ns / written, redisUs: (1_000 * cpuMs) / written };
}

async function costOf(link: RedisLink, batch: Batch): Promise<Cost> {
  const redisUs = { ours: [] as number[], bare: [] as number[] };
  const side = (name: keyof typeof redisUs, read: Read) => async (): Promise<number> => {
    const one = await timed(link, batch, read);
    redisUs[name].push(one.redisUs);
    return one.ns;
  };
  const time = await inTurns(rounds, side('ours', readOurs), side('bare', readBare));
  return { time, redisUs: median(redisUs.ours), redisUsBare: median(redisUs.bare) };
}

type Costs = Record<string, Cost>;

async function measure(link: RedisLink): Promise<Costs> {
  const costs: Costs = {};
  for (const batch of batches) costs[batch.name] = await costOf(link, batch);
  return costs;
}

function figuresOf({ of: median, isTrusted }: Runs<Costs>): Figure[] {
  return batches.flatMap(({ name }) => {
    const of = (pick: (cost: Cost) => number): number =>
      median((costs) => (costs[name] ? pick(costs[name]) : Number.NaN));
    const us = of(({ time }) => time.oursNs) / 1e3;
    const bareUs = of(({ time }) => time.referenceNs) / 1e3;
    const cpu = of(({ redisUs }) => redisUs);
    const bareCpu = of(({ redisUsBare }) => redisUsBare);
    const beside = (value: number): string => `bare XREADGROUP and XACK: ${value.toFixed(1)} µs`;
    return [
      figure({ name: `a fact, ${name}`, value: us, unit: 'µs', beside: beside(bareUs) }, isTrusted),
      figure({ name: `a fact, ${name}, beside a bare group`, value: of(({ time }) => time.ratio), unit: '×' }, true),
      figure({ name: `a fact, ${name}: CPU of Redis`, value: cpu, unit: 'µs', beside: beside(bareCpu) }, isTrusted),
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
        Object.entries(costs)
          .map(([name, { time }]) => `${(time.oursNs / 1e3).toFixed(1)} µs ${name}`)
          .join(', '),
      say,
    });
    return measured.outcome(figuresOf(measured));
  });
}

export const relay: Measure = {
  name: 'relay',
  title: 'a fact out of the outbox by a consumer group: leased, read, parsed, acknowledged',
  run,
};
