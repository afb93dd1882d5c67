import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blockCaller, unblockCaller } from '../directory/callers.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { callerKey } from '../services/caller-number.ts';
import { createSyntheticCheck, syntheticSid } from '../telemetry/synthetic-sid.ts';
import { Fairness, fairnessLimits } from './fairness.ts';

let redis: RedisServer;
let link: RedisLink;
let fairness: Fairness;
const office = '+15035550100';
const secret = 'a secret that webhooks are signed with';

beforeAll(async () => {
  redis = await startRedis();
  link = await connectRedis(redis.url);
  fairness = new Fairness({ link, sharedNumbers: () => [office], isSynthetic: createSyntheticCheck([secret]) });
});

afterAll(async () => {
  await link.close();
  await redis.stop();
});

test('who withholds the number, or has none that is one, is not one caller with all others', () => {
  expect(callerKey('+15035550199')).toBe('+15035550199');
  const none = ['', 'anonymous', 'Restricted', '+266696687', '+7378742833', '+2562533', '+8656696', '+86282452253'];
  const malformed = ['sip:ann@example.com', 'client:ann', '15035550199', '+0123456789', '+1503555', '+1 503 555 0199'];
  for (const from of [...none, ...malformed.slice(0, 4), '+1 503 555 0199']) expect(callerKey(from), from).toBe(null);
});

describe('limits', () => {
  test('a number has so many calls at once; a repeat of one counts once, one that is over not at all', async () => {
    const from = '+15035550101';
    const admit = (n: number) => fairness.admit(from, `CA${n}`);
    for (let n = 1; n <= fairnessLimits.callsMax; n += 1) expect(await admit(n)).toBe('admitted');
    expect(await admit(1)).toBe('admitted');
    expect(await admit(9)).toBe('tooMany');
    await fairness.leave(from, 'CA1');
    expect(await admit(9)).toBe('admitted');
  });

  test('a number calls so often within the window', async () => {
    const from = '+15035550102';
    for (let n = 1; n <= fairnessLimits.arrivalsMax; n += 1) {
      expect(await fairness.admit(from, `CA${n}`)).toBe('admitted');
      await fairness.leave(from, `CA${n}`);
    }
    expect(await fairness.admit(from, 'CA99')).toBe('tooMany');
  });

  test('none holds for a number that many share, or for those who withhold theirs', async () => {
    for (const from of [office, 'anonymous', '+266696687']) {
      for (let n = 1; n <= 2 * fairnessLimits.arrivalsMax; n += 1)
        expect(await fairness.admit(from, `CA${from}${n}`)).toBe('admitted');
      await fairness.leave(from, `CA${from}1`);
    }
  });
});

test('the synthetic caller calls from one number as often as it likes', async () => {
  const from = '+15005550006';
  for (let n = 0; n <= fairnessLimits.arrivalsMax; n += 1)
    expect(await fairness.admit(from, syntheticSid(secret))).toBe('admitted');
  const admitted = await Promise.all(
    Array.from({ length: fairnessLimits.callsMax + 1 }, () => fairness.admit(from, syntheticSid('of somebody else'))),
  );
  expect(admitted.filter((outcome) => outcome === 'tooMany')).toHaveLength(1);
});

test('a blocked number comes in no more until it is unblocked, shared or not', async () => {
  for (const caller of ['+15035550103', office]) {
    await blockCaller(link, { caller, lifeMs: 60_000, by: 'ann', reason: 'robot' });
    expect(await fairness.admit(caller, 'CAb')).toBe('blocked');
    await unblockCaller(link, { caller, by: 'ann', reason: 'sorry' });
    expect(await fairness.admit(caller, 'CAb')).toBe('admitted');
  }
});
