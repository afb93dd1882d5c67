import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacksPart } from '../embedded/parts.ts';
import type { DatabaseServer } from '../embedded/postgres.ts';
import { selfSigned } from '../model/web-socket/certificate.fixture.ts';
import { startPostgres } from '../sim/parts/postgres.ts';
import { openDatabase } from './database.ts';

describe.skipIf(await lacksPart('postgres'))('PostgreSQL by TLS', () => {
  let server: DatabaseServer;

  beforeAll(async () => {
    const { cert, key } = selfSigned(['localhost', '127.0.0.1']);
    setDefaultCACertificates([...getCACertificates('bundled'), cert]);
    server = await startPostgres({ tls: { cert, key } });
  });
  afterAll(() => server?.stop());

  test('is what sslmode=verify-full asks for, migrations too', async () => {
    const source = await openDatabase(`${server.url}?sslmode=verify-full`, { poolMax: 1 });
    const rows = await source.query<{ ssl: boolean }[]>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    expect(rows).toEqual([{ ssl: true }]);
    expect(await source.query('SELECT 1 FROM migration LIMIT 1')).toHaveLength(1);
    await source.destroy();
  });

  test('a server that nobody vouches for is not signed in to, nor one that wants TLS without it', async () => {
    await expect(openDatabase(server.url, { migrates: false })).rejects.toThrow('no pg_hba.conf entry');
    setDefaultCACertificates(getCACertificates('bundled'));
    await expect(openDatabase(`${server.url}?sslmode=verify-full`, { migrates: false })).rejects.toThrow('self-signed');
  });
});
