import { afterAll, beforeAll, expect, test } from 'vitest';
import { placementKeys } from '../directory/keys.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { walk, type Walked, type Walker } from './waiting-walk.fixture.ts';

/** The longest piece near the head of the line: a freed place may wait so long for whoever is next. */
const HEAD_PIECE_MS = 7_000;
const CAPACITY = 100;

let redis: RedisServer;
let link: RedisLink;
beforeAll(async () => {
  redis = await startRedis();
  link = await connectRedis(redis.url);
});
afterAll(async () => {
  await link.close();
  await redis.stop();
});

const talksMs = (index: number) => 10_000 + ((index * 7_919) % 20_000);

test('1,000 callers at once against 100 places, and 50 more a minute later: in order, nobody overtaken, nobody lost', async () => {
  const crowd = Array.from({ length: 1_000 }, (_, index): Walker => {
    const walker = { arrivesMs: index, talksMs: talksMs(index) };
    if (index % 50 === 49) return { ...walker, hangsUpMs: 40_000 };
    if (index % 100 === 70) return { ...walker, presses: { key: '1', afterMs: 30_000 } };
    return index % 100 === 80 ? { ...walker, presses: { key: '2', afterMs: 50_000 } } : walker;
  });
  const newcomers = Array.from({ length: 50 }, (_, index) => ({
    arrivesMs: 60_000 + index * 10,
    talksMs: talksMs(index),
  }));
  const { callers, perSecond } = await walk(link, [...crowd, ...newcomers], CAPACITY);

  const by = (end: Walked['end']) => callers.filter((caller) => caller.end === end);
  const talked = by('talked');
  expect(callers.filter(({ placedMs, ticket }) => placedMs !== null && ticket === Infinity)).toHaveLength(CAPACITY);
  // Whoever was placed before the hand was on the key or the hook talked after all.
  const waited = (change: keyof Walker) =>
    callers.filter((caller) => caller[change] !== undefined && caller.placedMs === null);
  expect(by('hung up')).toEqual(waited('hangsUpMs'));
  expect(by('hung up').map(({ outcome }) => outcome)).toEqual(by('hung up').map(() => 'abandoned'));
  expect(by('recording').map(({ presses }) => presses?.key)).toEqual(by('recording').map(() => '1'));
  expect(by('hangingUp').map(({ presses }) => presses?.key)).toEqual(by('hangingUp').map(() => '2'));
  expect([...by('recording'), ...by('hangingUp')].length).toBe(waited('presses').length);
  expect(talked.length + by('hung up').length + waited('presses').length).toBe(1_050);
  expect(by('recording').length * by('hangingUp').length * by('hung up').length).toBeGreaterThan(0);

  const inLine = talked.filter(({ ticket }) => ticket < Infinity).toSorted((a, b) => a.ticket - b.ticket);
  let latestMs = 0;
  for (const { placedMs } of inLine) {
    expect(latestMs - (placedMs ?? 0)).toBeLessThanOrEqual(HEAD_PIECE_MS);
    latestMs = Math.max(latestMs, placedMs ?? 0);
  }
  expect(inLine.slice(-50).every(({ arrivesMs }) => arrivesMs >= 60_000)).toBe(true);

  const moments = talked.flatMap(({ placedMs, talksMs: ms }) => [
    { atMs: placedMs ?? 0, change: 1 },
    { atMs: (placedMs ?? 0) + ms, change: -1 },
  ]);
  let live = 0;
  for (const { change } of moments.toSorted((a, b) => a.atMs - b.atMs || a.change - b.change))
    expect((live += change)).toBeLessThanOrEqual(CAPACITY);

  const seconds = [...perSecond.values()];
  expect(Math.max(...seconds)).toBeLessThanOrEqual(200);
  expect(seconds.reduce((sum, polls) => sum + polls, 0) / seconds.length).toBeLessThanOrEqual(900 / 16 + 65);

  expect(await link.command('zcard', placementKeys.queue)).toBe(0);
  expect(await link.command('zcard', placementKeys.reservation)).toBe(0);
  expect(await link.command('zrange', placementKeys.load, 0, -1, 'WITHSCORES')).toEqual(['n1', '0', 'n2', '0']);
}, 60_000);
