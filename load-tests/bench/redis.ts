import { randomBytes } from 'node:crypto';
import { addCall, callsOf } from '../../src/directory/inbox.ts';
import { append } from '../../src/directory/journal.ts';
import { callKeys, callsKey, dueKey, type NodeName, outboxKey, partitionCount } from '../../src/directory/keys.ts';
import type { RedisLink } from '../../src/directory/redis.ts';
import { reserve } from '../../src/directory/reservations.ts';
import { heartbeat } from '../../src/directory/fleet.ts';
import { claimArrival, claimStart, dueInMs, newCallSid } from './claimed.ts';
import { figure, type Figure, type Measure, type Outcome } from './figure.ts';
import { describe, repeated, watched } from './quiet.ts';
import { info, type Spent, spent } from './spent.ts';
import { factsOf, tenMinutes } from './ten-minutes.ts';
import { withRedis } from './with-redis.ts';

const runs = { wanted: 1, triesMax: 3 };
const calls = 200;
const callSeconds = 600;
const bytesTarget = 40 * 1024;
/** The fleet that the arithmetic is made for, and what one core of Redis is trusted with. */
const fleetCalls = 100_000;
const coreShareMax = 0.5;
const shardMemoryBytes = 8 * 1024 ** 3;
/** Where nothing reads the outbox for so long, its facts are still there. */
const outboxLagS = 5;

const self: NodeName = { node: 'node-1', incarnation: '0b9a7f6e-7c1d-4f0e-9d53-1f5d3f2a6c11' };

/** Everything that a call asks of Redis from its first webhook to its tenth minute, one append for each fact. */
async function live(link: RedisLink, callSid: string): Promise<void> {
  const idempotencyToken = randomBytes(16).toString('hex');
  const claimed = await claimArrival(link, { callSid, node: self, idempotencyToken });
  const [arrived, ...facts] = factsOf(claimed.at);
  if (!arrived) throw new Error('there are no facts');
  await reserve(link, { callSid, class: 'new', preferredNode: null, ceiling: Number.POSITIVE_INFINITY });
  const twiml = `<?xml version="1.0" encoding="UTF-8"?>${'x'.repeat(tenMinutes.twimlBytes)}`;
  await append(link, {
    callSid,
    epoch: claimed.epoch,
    firstSeq: 1,
    facts: [arrived],
    state: 'ringing',
    dueAt: claimed.at + dueInMs,
    answer: { idempotencyToken, text: twiml },
  });
  const { epoch, at } = await claimStart(link, { callSid, tokenEpoch: claimed.epoch, owner: self });
  await addCall(link, self, callSid);
  for (const [index, fact] of facts.entries()) {
    const standing = { state: 'conversation', dueAt: at + dueInMs };
    await append(link, { callSid, epoch, firstSeq: index + 1, facts: [fact], ...standing });
  }
}

const usedMemory = async (link: RedisLink): Promise<number> => Number((await info(link, 'memory')).get('used_memory'));

/** Bytes for one call, as Redis gives them back when the keys are deleted: what it says of a stream's size is too much. */
interface Parts {
  hash: number;
  journal: number;
  due: number;
  callSet: number;
  outbox: number;
}

async function parts(link: RedisLink, callSids: readonly string[]): Promise<Parts> {
  const freed = async (keys: readonly string[]): Promise<number> => {
    const before = await usedMemory(link);
    for (const key of keys) await link.command('del', key);
    return (before - (await usedMemory(link))) / callSids.length;
  };
  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
  return {
    hash: await freed(callSids.map((sid) => callKeys(sid).call)),
    journal: await freed(callSids.map((sid) => callKeys(sid).log)),
    due: await freed(partitions.map(dueKey)),
    callSet: await freed([callsKey(self)]),
    outbox: await freed(partitions.map(outboxKey)),
  };
}

async function entriesOf(link: RedisLink, callSids: readonly string[]): Promise<number> {
  const lengths = await Promise.all(callSids.map(async (sid) => Number(await link.command('xlen', callKeys(sid).log))));
  return lengths.reduce((all, length) => all + length, 0) / callSids.length;
}

const beat = (link: RedisLink) =>
  heartbeat(link, {
    self: { ...self, nodeUrl: 'http://10.0.0.11:3001', mediaUrl: 'wss://a.example/media-stream', version: '1' },
    capacity: 2 * calls,
    liveCalls: 0,
    held: [],
    starting: true,
    spentMicros: 0,
    telling: 1,
    model: null,
  });

interface Measured {
  share: Parts;
  perCall: Spent;
  usedPerCall: number;
  entries: number;
}

async function measure(link: RedisLink): Promise<Measured> {
  await link.command('flushall');
  await beat(link);
  await live(link, newCallSid());
  const usedBefore = await usedMemory(link);
  const before = await spent(link);
  const callSids = Array.from({ length: calls }, newCallSid);
  for (const callSid of callSids) await live(link, callSid);
  const after = await spent(link);
  const usedPerCall = ((await usedMemory(link)) - usedBefore) / calls;
  if ((await callsOf(link, self)).length !== calls + 1) throw new Error('calls are missing');
  const entries = await entriesOf(link, callSids);
  return { share: await parts(link, callSids), perCall: perCallOf(before, after), usedPerCall, entries };
}

function run(say: (line: string) => void): Promise<Outcome> {
  return withRedis(async (link, pid) => {
    const measured = await repeated(runs, async () => {
      const one = await watched([process.pid, pid], () => measure(link));
      say(`CPU of Redis for a call ${one.result.perCall.cpuMs.toFixed(1)} ms; ${describe(one)}`);
      return one;
    });
    // Counts and bytes are the same each time; of the CPU the run in the middle is shown.
    const byCpu = measured.kept.map(({ result }) => result).toSorted((a, b) => a.perCall.cpuMs - b.perCall.cpuMs);
    const shown = byCpu[Math.floor(byCpu.length / 2)];
    if (!shown) throw new Error('nothing was measured');
    const { share, perCall, entries } = shown;
    say(`${tenMinutes.words}; ${entries.toFixed(0)} entries in its journal`);
    for (const [name, count] of perCall.commands) say(`${count.toFixed(2).padStart(8)} × ${name} a call`);
    return {
      figures: figuresOf(shown, measured.isTrusted),
      runs: measured.runs,
      details: {
        calls,
        mix: tenMinutes,
        perCall: { ...perCall, commands: Object.fromEntries(perCall.commands) },
        share,
        noise: measured.all.map(({ noise, isQuiet }) => ({ ...noise, isQuiet })),
      },
    };
  });
}

/** What one call took, on the average. */
function perCallOf(before: Spent, after: Spent): Spent {
  const counted = [...after.commands].map(([name, count]): [string, number] => [
    name,
    (count - (before.commands.get(name) ?? 0)) / calls,
  ]);
  return {
    commands: new Map(counted.filter(([, count]) => count >= 0.5)),
    cpuMs: (after.cpuMs - before.cpuMs) / calls,
    bytesIn: (after.bytesIn - before.bytesIn) / calls,
    bytesOut: (after.bytesOut - before.bytesOut) / calls,
  };
}

function figuresOf({ share, perCall, usedPerCall }: Measured, isTrusted: boolean): Figure[] {
  const kib = (name: string, bytes: number): Figure => figure({ name, value: bytes / 1024, unit: 'KiB' }, true);
  const lagging = (share.outbox * outboxLagS) / callSeconds;
  const bytes = usedPerCall - share.outbox + lagging;
  const cores = (fleetCalls * perCall.cpuMs) / callSeconds / 1_000;
  const memory = fleetCalls * bytes;
  const shards = Math.max(Math.ceil(cores / coreShareMax), Math.ceil(memory / shardMemoryBytes));
  const megabits = (way: number): number => (fleetCalls * way * 8) / callSeconds / 1e6;
  const commands = perCall.commands.values().reduce((sum, count) => sum + count, 0);
  const scripts = (perCall.commands.get('evalsha') ?? 0) + (perCall.commands.get('eval') ?? 0);
  return [
    figure(
      {
        name: 'Redis memory for a live call of ten minutes',
        value: bytes,
        unit: 'bytes',
        target: { is: '≤', value: bytesTarget },
        beside: `with ${outboxLagS} s of its facts in the outbox`,
      },
      true,
    ),
    kib('of it the journal', share.journal),
    kib('of it the hash', share.hash),
    kib('of it the deadline', share.due),
    kib('of it the set of calls with a stream', share.callSet),
    kib('beside it all of its facts in the outbox, where nobody reads them', share.outbox),
    figure({ name: 'requests for a call', value: scripts, unit: '', beside: `${commands.toFixed(0)} commands` }, true),
    kib('sent to Redis for a call', perCall.bytesIn),
    kib('received from it for a call', perCall.bytesOut),
    figure({ name: 'CPU of Redis for a call', value: perCall.cpuMs, unit: 'ms' }, isTrusted),
    figure(
      { name: `${fleetCalls} live calls: requests`, value: (fleetCalls * scripts) / callSeconds, unit: '/s' },
      true,
    ),
    figure({ name: `${fleetCalls} live calls: memory`, value: memory / 1024 ** 3, unit: 'GiB' }, true),
    figure({ name: `${fleetCalls} live calls: CPU`, value: cores, unit: 'cores' }, true),
    figure(
      {
        name: `${fleetCalls} live calls: network`,
        value: megabits(perCall.bytesIn),
        unit: 'Mbit/s in',
        beside: `${megabits(perCall.bytesOut).toFixed(0)} Mbit/s out`,
      },
      true,
    ),
    figure(
      {
        name: `${fleetCalls} live calls: shards`,
        value: shards,
        unit: '',
        beside: `at ${coreShareMax * 100} % of a core and ${shardMemoryBytes / 1024 ** 3} GiB each`,
      },
      true,
    ),
  ];
}

export const redis: Measure = {
  name: 'redis',
  title: `what ${calls} calls of ten minutes take of Redis, and the arithmetic for ${fleetCalls}`,
  run,
};
