import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CallEvent } from '../../machines/call-events.ts';
import { claimStream, ownerOf } from '../directory/claims.ts';
import { readJournal } from '../directory/journal.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { freePort, type RedisServer, startRedis } from '../embedded/redis.ts';
import { startTcpProxy, type TcpProxy } from '../sim/parts/tcp-proxy.ts';
import type { Calls } from './calls.ts';
import { arrive, createCalls, epochIn, FakePort, newSid, node } from './calls.fixture.ts';
import type { ResidentCall } from './stream-port.ts';

const callsMax = 100;

interface Talk {
  callSid: string;
  call: ResidentCall;
  port: FakePort;
  /** Digits pressed, each of them a fact of its own. */
  told: string[];
}

let dir: string;
let port: number;
let redis: RedisServer;
let proxy: TcpProxy;
let link: RedisLink;
let calls: Calls;
let talks: Talk[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aida-outage-'));
  port = await freePort();
  // What was acknowledged is on disk: a killed server loses nothing.
  redis = await startRedis({ dir, port, args: ['--appendfsync', 'always'] });
  proxy = await startTcpProxy(port);
  link = await connectRedis(`redis://127.0.0.1:${proxy.port}`);
  calls = createCalls(link);
  talks = [];
});

afterEach(async () => {
  await proxy.heal();
  await calls.close();
  await link.close();
  await proxy.close();
  await redis.stop();
  await rm(dir, { recursive: true, force: true });
});

async function talk(): Promise<Talk> {
  const callSid = newSid();
  const stream = new FakePort();
  const epoch = epochIn(await arrive(calls, callSid));
  const call = await calls.attach({ callSid, epoch, streamSid: 'MZ1', port: stream });
  if (typeof call === 'string') throw new Error(call);
  call.begin();
  return { callSid, call, port: stream, told: [] };
}

/** Every call tells something that no other fact of it says. */
function tellAll(): void {
  for (const { call, told } of talks) {
    const itemId = `u${told.length}`;
    told.push(itemId);
    call.tell({ type: 'caller.said', itemId, text: itemId, after: null });
  }
}

const written = () => vi.waitFor(() => expect(calls.waiting).toBe(0), 15_000);
/** What decides over the call; the sentences of its own clocks go by the time that an outage takes. */
const leads = ({ asked }: FakePort) => asked.filter((what) => /^(open|end|deliver|say)/.test(what));
const said = (facts: CallEvent[]) => facts.flatMap((fact) => (fact.type === 'caller.said' ? [fact.itemId] : []));

/** Nothing lost, nothing twice, in order, by the owner that it always had; and no caller heard of it. */
async function expectWhole(): Promise<void> {
  for (const { callSid, call, port: stream, told } of talks) {
    const entries = await readJournal(link, callSid);
    const facts = entries.flatMap((entry) => (entry.kind === 'fact' ? [entry.fact] : []));
    expect(facts.slice(0, 2).map(({ type }) => type)).toEqual(['carrier.arrived', 'carrier.streamStarted']);
    expect(said(facts)).toEqual(told);
    const ids = entries.map(({ epoch, seq }) => epoch * 1_000_000 + seq);
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    expect(await ownerOf(link, callSid)).toMatchObject({ owner: node, epoch: call.epoch, ended: null });
    expect(leads(stream)).toEqual(['open greeting']);
  }
  expect(calls.live).toBe(talks.length);
}

async function begin(count: number): Promise<void> {
  talks = await Promise.all(Array.from({ length: count }, talk));
  tellAll();
  await written();
}

describe('an outage of Redis under live calls', () => {
  test('row 9: killed and started again from its file, every acknowledged fact is there once, and none is missing', async () => {
    await begin(callsMax);
    process.kill(redis.pid, 'SIGKILL');
    await vi.waitFor(() => expect(link.ready).toBe(false), 5_000);
    for (let round = 0; round < 5; round += 1) tellAll();
    expect(calls.waiting).toBe(5 * callsMax);
    redis = await startRedis({ dir, port });
    await written();
    tellAll();
    await written();
    await expectWhole();
  });

  test('row 9: what was acknowledged and is gone when it comes back is written again by its owner', async () => {
    await begin(20);
    await redis.stop();
    await rm(join(dir, 'appendonlydir'), { recursive: true, force: true });
    redis = await startRedis({ dir, port });
    await vi.waitFor(() => expect(link.ready).toBe(true), 5_000);
    await written();
    await vi.waitFor(expectWhole, 5_000);
  });

  test('row 11: on a half-open line calls go on, and nothing of them is lost or fenced', async () => {
    await begin(20);
    await proxy.set({ drop: 'both' });
    for (let round = 0; round < 3; round += 1) tellAll();
    await vi.waitFor(() => expect(link.ready).toBe(false), 5_000);
    tellAll();
    await proxy.heal();
    await written();
    await expectWhole();
  });

  test('row 12: a batch that was applied while its reply was lost is written once', async () => {
    await begin(20);
    const cut = proxy.cutReply();
    tellAll();
    await cut;
    tellAll();
    await written();
    await expectWhole();
  });

  test('row 12: replies that are all lost for a second', async () => {
    await begin(20);
    await proxy.set({ drop: 'toClient' });
    for (let round = 0; round < 3; round += 1) tellAll();
    await vi.waitFor(() => expect(link.ready).toBe(false), 5_000);
    await proxy.heal();
    await written();
    await expectWhole();
  });

  test('row 13: out of memory, calls go on and their facts wait', async () => {
    await begin(20);
    const direct = await connectRedis(redis.url);
    await direct.command('config', 'SET', 'maxmemory-policy', 'noeviction');
    await direct.command('config', 'SET', 'maxmemory', 1);
    for (let round = 0; round < 3; round += 1) tellAll();
    expect(calls.waiting).toBe(60);
    const { callSid, told } = talks[0] as Talk;
    const facts = (await readJournal(direct, callSid)).flatMap((entry) => (entry.kind === 'fact' ? [entry.fact] : []));
    expect(said(facts)).toEqual(told.slice(0, 1));
    await direct.command('config', 'SET', 'maxmemory', 0);
    await written();
    await direct.close();
    await expectWhole();
  });

  test('a server that sleeps for longer than a command may take', async () => {
    await begin(20);
    const direct = await connectRedis(redis.url);
    const slept = direct.command('debug', 'sleep', '0.8').catch(() => undefined);
    tellAll();
    await slept;
    tellAll();
    await written();
    await direct.close();
    await expectWhole();
  });

  test('a stream of another process is not given to a call that was only cut off from Redis', async () => {
    await begin(1);
    const { callSid, call, port: stream } = talks[0] as Talk;
    await proxy.set({ drop: 'both' });
    tellAll();
    const direct = await connectRedis(redis.url);
    const attempt = { callSid, tokenEpoch: call.epoch - 1, attempt: 'a', dueInMs: 1_000, machineVersion: 1 };
    const claim = await claimStream(direct, { ...attempt, owner: { node: 'n2', incarnation: 'i2' } });
    expect(claim.kind).toBe('refused');
    await proxy.heal();
    await written();
    await direct.close();
    expect(leads(stream)).toEqual(['open greeting']);
    await expectWhole();
  });
});
