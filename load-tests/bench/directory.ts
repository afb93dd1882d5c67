import { admitCaller } from '../../src/directory/callers.ts';
import { type Heartbeat, heartbeat } from '../../src/directory/fleet.ts';
import { append } from '../../src/directory/journal.ts';
import type { NodeName } from '../../src/directory/keys.ts';
import { joinQueue, pollQueue } from '../../src/directory/queue.ts';
import type { RedisLink } from '../../src/directory/redis.ts';
import { releaseReservation, renewReservation, reserve } from '../../src/directory/reservations.ts';
import { claimArrival, claimStart, newCallSid } from './claimed.ts';
import { figure, type Figure, type Measure, type Outcome } from './figure.ts';
import { measureRuns } from './measure-runs.ts';
import { redisCpuMs } from './spent.ts';
import { median } from './statistics.ts';
import { withRedis } from './with-redis.ts';

/** One run measures each script in so many batches that another on a quiet machine would say the same. */
const runs = { wanted: 1, triesMax: 3 };
const fleets = [3, 20, 100];
const reserveTargetUs = 80;
const waiters = 10_000;
/** What so many ask for in a second, at most. */
const pollsTarget = 700;
/** Scripts of one batch, and batches: the median of the batches counts. */
const batch = 500;
const batches = 7;
/** Calls that a node takes: more than are placed. */
const capacity = 100_000;
const self: NodeName = { node: 'node-1', incarnation: 'i1' };
const ask = { class: 'new', preferredNode: null, ceiling: Number.POSITIVE_INFINITY } as const;

type Costs = Record<string, number>;
type Ask = (index: number) => Promise<{ kind: string }>;

/** A Redis with so many nodes, all alive. */
class Bench {
  readonly link: RedisLink;
  private readonly nodes: number;
  private tellings = 0;
  private readonly callSids = Array.from({ length: batch * batches }, newCallSid);

  constructor(link: RedisLink, nodes: number) {
    this.link = link;
    this.nodes = nodes;
  }

  callSid(index: number): string {
    return this.callSids[index] ?? '';
  }

  beat(index: number, takes: number): Promise<Heartbeat> {
    const name = `node-${index % this.nodes}`;
    return heartbeat(this.link, {
      self: { node: name, incarnation: 'i1', nodeUrl: `http://${name}`, mediaUrl: `wss://${name}`, version: '1' },
      capacity: takes,
      liveCalls: 0,
      held: [],
      starting: false,
      spentMicros: 1,
      telling: (this.tellings += 1),
      model: null,
    });
  }

  async beatAll(takes: number): Promise<void> {
    for (let node = 0; node < this.nodes; node += 1) await this.beat(node, takes);
  }

  /** µs of Redis' CPU for one run of a script, its socket included. Throws where a script answers something else. */
  async cost(expected: string, takes: number, run: Ask): Promise<number> {
    const costs: number[] = [];
    for (let at = 0; at < batches; at += 1) {
      await this.beatAll(takes);
      const beforeMs = await redisCpuMs(this.link);
      for (let i = 0; i < batch; i += 1) {
        const { kind } = await run(at * batch + i);
        if (kind !== expected) throw new Error(`the answer is ${kind}, not ${expected}`);
      }
      costs.push((1_000 * ((await redisCpuMs(this.link)) - beforeMs)) / batch);
    }
    return median(costs);
  }
}

async function placing(bench: Bench): Promise<Costs> {
  const { link } = bench;
  const nodeOf: string[] = [];
  const place: Ask = async (index) => {
    const got = await reserve(link, { ...ask, callSid: bench.callSid(index) });
    nodeOf[index] = got.kind === 'placed' ? got.node.node : '';
    return got;
  };
  const renew: Ask = async (index) => ({
    kind: await renewReservation(link, bench.callSid(index), nodeOf[index] ?? ''),
  });
  const release: Ask = async (index) => ({ kind: String(await releaseReservation(link, bench.callSid(index))) });
  return {
    'a ping, to compare': await bench.cost('PONG', capacity, async () => ({
      kind: String(await link.command('ping')),
    })),
    reserve: await bench.cost('placed', capacity, place),
    'reserve again': await bench.cost('placed', capacity, place),
    renew: await bench.cost('renewed', capacity, renew),
    release: await bench.cost('true', capacity, release),
    heartbeat: await bench.cost('ok', capacity, (index) => bench.beat(index, capacity)),
  };
}

/** So many wait; each of them asks once. Returns how often all of them ask in a second. */
async function crowd(bench: Bench): Promise<number> {
  const { link } = bench;
  const inLine: { callSid: string; ticket: number }[] = [];
  for (let i = 0; i < waiters; i += 1) {
    const callSid = newCallSid();
    const place = await joinQueue(link, { callSid, class: 'new', ticket: null });
    if (place.kind === 'waiting') inLine.push({ callSid, ticket: place.ticket });
  }
  let perSecond = 0;
  for (const [index, waiter] of inLine.entries()) {
    if (index % batch === 0) await bench.beatAll(0);
    const place = await pollQueue(link, { ...ask, ...waiter });
    if (place.kind !== 'waiting') throw new Error(`who should wait is ${place.kind}`);
    perSecond += 1_000 / place.pieceMs;
  }
  return perSecond;
}

async function waiting(bench: Bench): Promise<Costs> {
  const { link } = bench;
  const tickets: number[] = [];
  const join: Ask = async (index) => {
    const place = await joinQueue(link, { callSid: bench.callSid(index), class: 'new', ticket: null });
    tickets[index] = place.kind === 'waiting' ? place.ticket : 0;
    return place;
  };
  const poll: Ask = (index) => pollQueue(link, { ...ask, callSid: bench.callSid(index), ticket: tickets[index] ?? 0 });
  return {
    'join the waiting room': await bench.cost('waiting', 0, join),
    'poll the waiting room': await bench.cost('waiting', 0, poll),
  };
}

async function calling(bench: Bench): Promise<Costs> {
  const { link } = bench;
  const epochs: number[] = [];
  const arrive: Ask = async (index) => {
    const { epoch } = await claimArrival(link, { callSid: bench.callSid(index), node: self });
    epochs[index] = epoch;
    return { kind: 'claimed' };
  };
  const stream: Ask = async (index) => {
    const callSid = bench.callSid(index);
    const { epoch } = await claimStart(link, { callSid, tokenEpoch: epochs[index] ?? 0, owner: self });
    epochs[index] = epoch;
    return { kind: 'claimed' };
  };
  const write: Ask = (index) =>
    append(link, {
      callSid: bench.callSid(index),
      epoch: epochs[index] ?? 0,
      firstSeq: 1,
      facts: [{ type: 'carrier.dtmf', at: 1, digit: '1' }],
      state: 'conversation',
    });
  const bounds = { callsMax: 3, arrivalsMax: 10, windowMs: 60_000, exempt: false };
  const admit: Ask = async (index) => {
    const callSid = bench.callSid(index);
    return { kind: await admitCaller(link, { ...bounds, caller: callSid, callSid }) };
  };
  return {
    'admit a caller': await bench.cost('admitted', capacity, admit),
    'claim for a webhook': await bench.cost('claimed', capacity, arrive),
    'claim for a stream': await bench.cost('claimed', capacity, stream),
    'append one fact': await bench.cost('ok', capacity, write),
  };
}

interface Fleet {
  nodes: number;
  costs: Costs;
  /** How often all who wait ask in a second. */
  polls: number;
}

interface Measured {
  fleets: Fleet[];
  calls: Costs;
}

async function measure(link: RedisLink, say: (line: string) => void): Promise<Measured> {
  const measured: Fleet[] = [];
  for (const nodes of fleets) {
    await link.command('flushall');
    const bench = new Bench(link, nodes);
    const places = await placing(bench);
    const polls = await crowd(bench);
    const costs = { ...places, ...(await waiting(bench)) };
    measured.push({ nodes, costs, polls });
    say(
      `${nodes} nodes: reserve ${costs['reserve']?.toFixed(0)} µs; ${waiters} who wait ask ${polls.toFixed(0)} times a second`,
    );
  }
  await link.command('flushall');
  return { fleets: measured, calls: await calling(new Bench(link, 1)) };
}

function figuresOf(kept: readonly Measured[], isTrusted: boolean): Figure[] {
  const [first] = kept;
  if (!first) return [];
  const target = { is: '≤', value: reserveTargetUs } as const;
  const cost = (name: string, beside: string, costsOf: (one: Measured) => Costs | undefined): Figure => {
    const value = median(kept.map((one) => costsOf(one)?.[name] ?? Number.NaN));
    const input = { name: `${name}: CPU of Redis`, value, unit: 'µs', beside };
    return figure(name.startsWith('reserve') ? { ...input, target } : input, isTrusted);
  };
  const ofFleets = first.fleets.flatMap(({ nodes, costs, polls }, index) => {
    const crowded = `${nodes} nodes, ${waiters} wait`;
    const bound = { is: '≤', value: pollsTarget } as const;
    const ask = { name: 'all who wait ask again', value: polls, unit: 'per second', beside: crowded, target: bound };
    const names = Object.keys(costs);
    const beside = (name: string): string => (name.includes('waiting room') ? crowded : `${nodes} nodes`);
    return [figure(ask, true), ...names.map((name) => cost(name, beside(name), (one) => one.fleets[index]?.costs))];
  });
  const ofCalls = Object.keys(first.calls).map((name) =>
    cost(name, 'whatever the number of nodes', ({ calls }) => calls),
  );
  return [...ofFleets, ...ofCalls];
}

function run(say: (line: string) => void): Promise<Outcome> {
  return withRedis(async (link, pid) => {
    const { kept, isTrusted, outcome } = await measureRuns({
      runs,
      pids: [process.pid, pid],
      work: () => measure(link, say),
      tell: ({ calls }) => `a fact appended ${calls['append one fact']?.toFixed(0)} µs`,
      say,
    });
    return outcome(figuresOf(kept, isTrusted));
  });
}

export const directory: Measure = {
  name: 'directory',
  title: 'what each script costs Redis, by the number of nodes',
  run,
};
