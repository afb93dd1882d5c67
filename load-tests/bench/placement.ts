import { heartbeat } from '../../src/directory/fleet.ts';
import { append } from '../../src/directory/journal.ts';
import type { RedisLink } from '../../src/directory/redis.ts';
import { reserve } from '../../src/directory/reservations.ts';
import { claimArrival, dueInMs, newCallSid } from './claimed.ts';
import { figure, type Measure, type Outcome } from './figure.ts';
import { askSteadily } from './post-rate.ts';
import { measureRuns } from './measure-runs.ts';
import { type Percentiles, percentiles } from './statistics.ts';
import { withRedis } from './with-redis.ts';

const p99MsTarget = 10;
const load = { rate: 500, durationMs: 6_000 };
const runs = { wanted: 3, triesMax: 6 };
const nodes = 20;
const capacity = 100_000;
/** Well within the 2.5 s after which a node is silent. */
const beatMs = 1_000;

async function beat(link: RedisLink): Promise<void> {
  for (let i = 1; i <= nodes; i++) {
    const node = `node-${i}`;
    await heartbeat(link, {
      self: {
        node,
        incarnation: 'i1',
        nodeUrl: `http://${node}`,
        mediaUrl: `wss://${node}/media-stream`,
        version: '1',
      },
      capacity,
      liveCalls: 0,
      held: [],
      starting: false,
      spentMicros: 0,
      telling: 0,
      model: null,
    });
  }
}

/** What one webhook of a new caller asks of Redis; gives the milliseconds that its place took. */
async function arrive(link: RedisLink): Promise<number> {
  const callSid = newCallSid();
  const self = { node: 'node-1', incarnation: 'i1' };
  const from = `+1207${String(Number.parseInt(callSid.slice(2, 9), 16) % 10_000_000).padStart(7, '0')}`;
  const to = '+12075550142';
  const startedAt = performance.now();
  const place = await reserve(link, { callSid, class: 'new', preferredNode: null, ceiling: Number.POSITIVE_INFINITY });
  const tookMs = performance.now() - startedAt;
  if (place.kind !== 'placed') throw new Error(`a caller was ${place.kind}`);
  const { epoch, at } = await claimArrival(link, { callSid, node: self, from, to, idempotencyToken: callSid });
  const facts = [{ type: 'carrier.arrived', at, from, to, node: place.node.node } as const];
  const answer = { idempotencyToken: callSid, text: 'x'.repeat(400) };
  await append(link, { callSid, epoch, firstSeq: 1, facts, state: 'ringing', dueAt: at + dueInMs, answer });
  return tookMs;
}

async function measure(link: RedisLink): Promise<Percentiles> {
  const timesMs: number[] = [];
  // Nodes that nobody has heard of while a better moment was waited for would get no call.
  await beat(link);
  const beating = setInterval(() => void beat(link), beatMs);
  try {
    const { wrong, examples } = await askSteadily(load, async () => {
      timesMs.push(await arrive(link));
      return null;
    });
    if (wrong > 0) throw new Error(`${wrong} callers were not placed: ${examples.join('; ')}`);
  } finally {
    clearInterval(beating);
  }
  return percentiles(timesMs);
}

function run(say: (line: string) => void): Promise<Outcome> {
  return withRedis(async (link, pid) => {
    const { of, isTrusted, outcome } = await measureRuns({
      runs,
      pids: [process.pid, pid],
      work: () => measure(link),
      tell: ({ p50, p99, p999 }) => `${p50.toFixed(2)} / ${p99.toFixed(2)} / ${p999.toFixed(2)} ms (p50 / p99 / p99.9)`,
      say,
    });
    const target = { is: '<', value: p99MsTarget } as const;
    return outcome([
      figure({ name: 'a place, p50', value: of(({ p50 }) => p50), unit: 'ms' }, isTrusted),
      figure({ name: 'a place, p99', value: of(({ p99 }) => p99), unit: 'ms', target }, isTrusted),
      figure({ name: 'a place, p99.9', value: of(({ p999 }) => p999), unit: 'ms' }, isTrusted),
    ]);
  });
}

export const placement: Measure = {
  name: 'placement',
  title: `${load.rate} new callers a second over ${nodes} nodes, each with its place, claim and first fact: how long the place takes`,
  run,
};
