import { PGlite, protocol } from '@electric-sql/pglite';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { PgliteDoor } from './pglite-door.ts';
import { startPglite } from './postgres.ts';

const { serialize } = protocol;

async function openClient(port: number): Promise<pg.Client> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
  client.on('error', () => {});
  await client.connect();
  return client;
}

test('kept data outlives the process, data in memory does not', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'aida-pglite-'));
  const data = join(dir, 'data');
  const first = await startPglite({ dir: data });
  const client = await openClient(first.port);
  await client.query('CREATE TABLE kept AS SELECT 7 AS seven');
  await client.end();
  await first.stop();
  const second = await startPglite({ dir: data });
  const again = await openClient(second.port);
  expect((await again.query('SELECT * FROM kept')).rows).toEqual([{ seven: 7 }]);
  await again.end();
  await second.stop();
  await rm(dir, { recursive: true });
  const fresh = await startPglite();
  const other = await openClient(fresh.port);
  await expect(other.query('SELECT * FROM kept')).rejects.toThrow('does not exist');
  await other.end();
  await fresh.stop();
  expect(() => process.kill(fresh.pid, 0)).toThrow('ESRCH');
});

test('connections never meet: neither in a half-sent query nor in a transaction', async () => {
  const server = await startPglite();
  const slow = connect(server.port, '127.0.0.1');
  let answer = '';
  slow.on('data', (bytes: Buffer) => {
    answer += bytes.toString('latin1');
  });
  const answered = async (what: string) => {
    await expect.poll(() => answer).toContain(what);
  };
  slow.write(serialize.startup({ user: 'postgres', database: 'postgres' }));
  await answered('Z');
  const other = await openClient(server.port);

  answer = '';
  slow.write(serialize.parse({ text: 'SELECT $1::text AS first' }));
  expect((await other.query('SELECT $1::text AS second', ['b'])).rows).toEqual([{ second: 'b' }]);
  slow.write(
    Buffer.concat([
      serialize.bind({ values: ['a'] }),
      serialize.describe({ type: 'P' }),
      serialize.execute({}),
      serialize.sync(),
    ]),
  );
  await answered('first');
  expect(answer).not.toContain('second');

  const owner = await openClient(server.port);
  await owner.query('BEGIN');
  await owner.query('CREATE TABLE draft (id int)');
  let waited = true;
  const waiting = other.query(`SELECT to_regclass('draft') AS draft`).then(({ rows }) => {
    waited = false;
    return rows;
  });
  await owner.query('SELECT 1');
  expect(waited).toBe(true);
  slow.write(Buffer.concat([serialize.parse({ text: 'SELECT 1 AS left' }), serialize.flush()]));
  slow.destroy();
  await owner.end();
  expect(await waiting).toEqual([{ draft: null }]);
  await other.end();
  await server.stop();
});

test('an error in a batch skips its rest and nothing of the next one', async () => {
  const server = await startPglite();
  const client = await openClient(server.port);
  await expect(client.query('SELECT $1::int / 0', [1])).rejects.toThrow('division by zero');
  expect((await client.query('SELECT $1::int AS n', [1])).rows).toEqual([{ n: 1 }]);
  await client.query('BEGIN');
  await expect(client.query('SELEC')).rejects.toThrow('syntax error');
  await expect(client.query('SELECT 1')).rejects.toThrow('current transaction is aborted');
  await client.query('ROLLBACK');
  expect((await client.query('SELECT 2 AS n')).rows).toEqual([{ n: 2 }]);
  await client.end();
  await server.stop();
});

test('a transaction that falls silent while others wait is rolled back', async () => {
  const db = await PGlite.create();
  const door = new PgliteDoor(db, { idleOwnerMs: 50, onFailure: (error) => expect.unreachable(String(error)) });
  const port = await door.listen();
  const silent = await openClient(port);
  const other = await openClient(port);
  await silent.query('BEGIN');
  await silent.query('CREATE TABLE draft (id int)');
  expect((await other.query(`SELECT to_regclass('draft') AS draft`)).rows).toEqual([{ draft: null }]);
  await expect(silent.query('COMMIT')).rejects.toThrow();
  await other.end();
  await door.close();
  await db.close();
});
