import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort, type RedisServer, startRedis } from '../embedded/redis.ts';
import { claimed, dtmf, newCallSid, webhook } from './calls.fixture.ts';
import { ownerOf } from './claims.ts';
import { toDirectoryError } from './errors.ts';
import { append, readJournal } from './journal.ts';
import { connectRedis, type RedisLink, subscribe } from './redis.ts';
import { script } from './scripts/script.ts';
import { startTcpProxy, type TcpProxy } from '../sim/parts/tcp-proxy.ts';

let server: RedisServer;
let direct: RedisLink;
let proxy: TcpProxy;
let link: RedisLink;

beforeAll(async () => {
  server = await startRedis();
  proxy = await startTcpProxy(server.port);
  direct = await connectRedis(server.url);
  link = await connectRedis(`redis://127.0.0.1:${proxy.port}`);
});

afterAll(async () => {
  await link.close();
  await direct.close();
  await proxy.close();
  await server.stop();
});

const restored = (of: RedisLink): Promise<void> =>
  new Promise((resolve) => {
    const stop = of.onRestored(() => {
      stop();
      resolve();
    });
  });

test('an append whose reply is lost, sent again, is there exactly once', async () => {
  const callSid = newCallSid();
  const { epoch } = await claimed(link, webhook(callSid));
  const batch = { callSid, epoch, firstSeq: 1, facts: [dtmf('1'), dtmf('2')], state: 'conversation' };
  await append(link, { ...batch, facts: [dtmf('1')] });
  await proxy.set({ drop: 'toClient' });
  const back = restored(link);
  await expect(append(link, batch)).rejects.toMatchObject({ code: 'unanswered', retryable: true, applied: 'maybe' });
  expect((await readJournal(direct, callSid)).map((entry) => entry.seq)).toEqual([0, 1, 2]);
  proxy.reset();
  await proxy.heal();
  await back;
  expect(await append(link, batch)).toEqual({ kind: 'ok', lastSeq: 2, written: 0, ended: false });
  expect((await readJournal(direct, callSid)).map((entry) => entry.seq)).toEqual([0, 1, 2]);
});

test('a half-open line fails commands in time, is given up, and is restored without sending anything again', async () => {
  const callSid = newCallSid();
  const { epoch } = await claimed(link, webhook(callSid));
  const back = restored(link);
  await proxy.set({ drop: 'both' });
  await expect(append(link, { callSid, epoch, firstSeq: 1, facts: [dtmf('1')] })).rejects.toMatchObject({
    code: 'unanswered',
  });
  await vi.waitFor(() => expect(link.ready).toBe(false));
  proxy.reset();
  await proxy.heal();
  await back;
  expect(link.ready).toBe(true);
  expect(await append(link, { callSid, epoch, firstSeq: 1, facts: [] })).toEqual({
    kind: 'ok',
    lastSeq: 0,
    written: 0,
    ended: false,
  });
});

test('without Redis commands fail at once, nothing queues, and the link comes back by itself', async () => {
  const port = await freePort();
  let errors = 0;
  const early = await connectRedis(`redis://127.0.0.1:${port}`, { onError: () => (errors += 1) });
  expect(early.ready).toBe(false);
  expect(errors).toBeGreaterThan(0);
  await expect(ownerOf(early, 'CA1')).rejects.toMatchObject({ code: 'unavailable', applied: 'no' });
  const late = await startRedis({ port });
  await expect.poll(() => early.ready, { timeout: 5_000 }).toBe(true);
  expect(await ownerOf(early, 'CA1')).toBeNull();
  await early.close();
  await expect(ownerOf(early, 'CA1')).rejects.toMatchObject({ code: 'unavailable' });
  await late.stop();
});

test('a link is closed at once, whatever it was doing', async () => {
  const short = await startRedis();
  const its = await connectRedis(short.url);
  await short.stop();
  await vi.waitFor(() => expect(its.ready).toBe(false));
  await its.close();
  await its.close();
  const never = await connectRedis(`redis://127.0.0.1:${await freePort()}`);
  await never.close();
});

test('Redis out of memory refuses an append whole', async () => {
  const small = await startRedis({ args: ['--maxmemory-policy', 'noeviction'] });
  const its = await connectRedis(small.url);
  const callSid = newCallSid();
  const { epoch } = await claimed(its, webhook(callSid));
  await its.command('config', 'set', 'maxmemory', 1);
  const batch = { callSid, epoch, firstSeq: 1, facts: [dtmf('1'), dtmf('2')] };
  await expect(append(its, batch)).rejects.toMatchObject({ code: 'memory', retryable: true, applied: 'no' });
  expect(await readJournal(its, callSid)).toHaveLength(1);
  await its.command('config', 'set', 'maxmemory', 0);
  expect(await append(its, batch)).toMatchObject({ kind: 'ok', written: 2 });
  await its.close();
  await small.stop();
});

test('a script that Redis forgot is sent again by its source', async () => {
  const callSid = newCallSid();
  await claimed(direct, webhook(callSid));
  await direct.command('script', 'flush');
  expect((await claimed(direct, webhook(callSid, { kind: 'next' }))).epoch).toBeGreaterThan(0);
});

test('the clock of scripts is whole milliseconds, and large numbers keep their digits', async () => {
  const ask = script('ask', [], `return { whole(clock()), whole(1763800000123) }`);
  const reply = await direct.run(ask, [], []);
  expect(reply).toEqual([expect.stringMatching(/^1\d{12}$/), '1763800000123']);
});

test('a channel is heard, and again after Redis was away', async () => {
  const port = await freePort();
  let heard = 0;
  let wake: () => void = () => {};
  const atLeast = async (count: number) => {
    while (heard < count) await new Promise<void>((resolve) => (wake = resolve));
  };
  const stop = subscribe(`redis://127.0.0.1:${port}`, 'news', () => {
    heard += 1;
    wake();
  });
  const first = await startRedis({ port });
  const its = await connectRedis(first.url);
  while (Number(await its.command('publish', 'news', 'x')) === 0) await its.command('ping');
  await atLeast(1);
  await first.stop();
  const second = await startRedis({ port });
  // What was said meanwhile is lost: the listener is called once to look for itself.
  await atLeast(2);
  stop();
  await its.close();
  await second.stop();
});

test('errors are of the table', () => {
  const code = (message: string) => toDirectoryError(new Error(message)).code;
  expect(code('OOM command not allowed')).toBe('memory');
  expect(code('LOADING Redis is loading the dataset in memory')).toBe('loading');
  expect(code("READONLY You can't write against a read only replica.")).toBe('loading');
  expect(code('Command timed out')).toBe('unanswered');
  expect(code('Connection is closed.')).toBe('unavailable');
  expect(code('Too many Cluster redirections. Last error: Error: x')).toBe('unavailable');
  expect(code('WRONGTYPE Operation against a key')).toBe('script');
  expect(toDirectoryError('x')).toMatchObject({ code: 'script', retryable: false, applied: 'maybe' });
});
