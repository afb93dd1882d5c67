import { expect, test } from 'vitest';
import { connectRedis } from '../../directory/redis.ts';
import { openDatabase } from '../../services/database.ts';
import { startMortalPostgres, startMortalRedis } from './mortal.ts';

test('a Redis that was killed comes back with what it knew', async () => {
  const redis = await startMortalRedis();
  const before = await connectRedis(redis.url);
  await before.command('set', 'a', '1');
  await before.close();
  const { pid } = redis;
  await redis.kill('SIGKILL');
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  await redis.revive();
  const after = await connectRedis(redis.url);
  expect(await after.command('get', 'a')).toBe('1');
  await after.close();
  await redis.stop();
});

test('a database that was stopped at once comes back with what it knew', async () => {
  const database = await startMortalPostgres();
  const before = await openDatabase(database.url, { poolMax: 1, onError: () => undefined });
  await before.query('CREATE TABLE a (b integer)');
  await before.destroy();
  await database.kill('SIGQUIT');
  await database.revive();
  const after = await openDatabase(database.url, { poolMax: 1, onError: () => undefined });
  expect(await after.query('SELECT b FROM a')).toEqual([]);
  await after.destroy();
  await database.stop();
});
