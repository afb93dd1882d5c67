import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CallEpochEntity } from '../../entities/call-epoch.ts';
import { lacksPart } from '../embedded/parts.ts';
import { freePort } from '../embedded/redis.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { startPostgres } from '../sim/parts/postgres.ts';
import { openDatabase } from './database.ts';

await onBothDatabases((database) => {
  test('a full pool of transactions and single queries loses and mixes nothing', async () => {
    const { source } = database;
    const epochs = source.getRepository(CallEpochEntity);
    await epochs.insert({ callSid: 'CA1', epoch: 0 });
    const transactions = Array.from({ length: 20 }, () =>
      source.transaction(async (manager) => {
        const row = await manager.findOneOrFail(CallEpochEntity, {
          where: { callSid: 'CA1' },
          lock: { mode: 'pessimistic_write' },
        });
        await manager.update(CallEpochEntity, { callSid: 'CA1' }, { epoch: row.epoch + 1 });
      }),
    );
    const queries = Array.from({ length: 60 }, async (_, index) => {
      const rows: unknown = await source.query(`SELECT $1::int AS n${index % 9}, $2::bytea AS b`, [
        index,
        Buffer.alloc(index * 2_000, index),
      ]);
      expect(rows).toEqual([{ [`n${index % 9}`]: index, b: Buffer.alloc(index * 2_000, index) }]);
    });
    await Promise.all([...transactions, ...queries]);
    expect(await epochs.find()).toEqual([{ callSid: 'CA1', epoch: 20 }]);
  });

  test('a transaction that fails leaves nothing behind', async () => {
    const { source } = database;
    const failing = source.transaction(async (manager) => {
      await manager.insert(CallEpochEntity, { callSid: 'CA2', epoch: 1 });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await source.getRepository(CallEpochEntity).countBy({ callSid: 'CA2' })).toBe(0);
  });

  test('who finds no free connection is told so', async () => {
    const source = await openDatabase(database.url, { poolMax: 1 });
    const holder = source.createQueryRunner();
    await holder.connect();
    await expect(source.query('SELECT 1')).rejects.toThrow('timeout');
    await holder.release();
    expect(await source.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await source.destroy();
  });

  test('a late statement rejects, and its connection is not used again', async () => {
    const source = await openDatabase(database.url, { poolMax: 1, statementMs: 200 });
    const pid = async () => JSON.stringify(await source.query('SELECT pg_backend_pid() AS pid'));
    await expect(source.query('SELECT pg_sleep(1.5)')).rejects.toThrow(/timeout/);
    await expect.poll(pid).toMatch(/pid/);
    await expect(source.transaction((manager) => manager.query('SELECT pg_sleep(1.5)'))).rejects.toThrow(/timeout/);
    await expect.poll(pid).toMatch(/pid/);
    await source.destroy();
  });
});

describe.skipIf(await lacksPart('postgres'))('a PostgreSQL that goes away', () => {
  test('nothing to connect to: opening rejects', async () => {
    await expect(openDatabase(`postgres://postgres@127.0.0.1:${await freePort()}/postgres`)).rejects.toThrow(
      'ECONNREFUSED',
    );
  });

  test('queries reject while it is away and work again afterwards', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'aida-restart-'));
    const first = await startPostgres({ dir });
    const errors: Error[] = [];
    const source = await openDatabase(first.url, { onError: (error) => errors.push(error) });
    await Promise.all(Array.from({ length: 5 }, () => source.query('SELECT pg_sleep(0.01)')));
    await first.stop();
    await expect(source.query('SELECT 1')).rejects.toThrow();
    const second = await startPostgres({ dir, port: first.port });
    expect(await source.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(errors).toHaveLength(5);
    await source.destroy();
    await second.stop();
    await rm(dir, { recursive: true });
  });

  test('a frozen server: the statement rejects in time, its successor finds a live connection', async () => {
    const server = await startPostgres();
    const source = await openDatabase(server.url, { poolMax: 1, statementMs: 200 });
    const [{ pid }]: [{ pid: number }] = await source.query('SELECT pg_backend_pid() AS pid');
    process.kill(pid, 'SIGSTOP');
    await expect(source.query('SELECT 1')).rejects.toThrow('Query read timeout');
    const [after]: [{ pid: number }] = await source.query('SELECT pg_backend_pid() AS pid');
    expect(after.pid).not.toBe(pid);
    process.kill(pid, 'SIGCONT');
    await source.destroy();
    await server.stop();
  });
});
