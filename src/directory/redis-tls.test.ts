import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { findPart } from '../embedded/parts.ts';
import { freePort, type RedisServer, startRedis } from '../embedded/redis.ts';
import { selfSigned } from '../model/web-socket/certificate.fixture.ts';
import { connectRedis, type RedisLink } from './redis.ts';

const PRIMARY = 'calls';
const PASSWORD = 'p@ss/word';
const WAIT = { timeout: 15_000, interval: 50 };

let dir: string;
let redis: RedisServer;
let sentinel: ChildProcess;
let tlsPort: number;
let sentinelPort: number;
let link: RedisLink | null = null;

/** Nothing here listens without TLS. */
async function tlsArgs(): Promise<string[]> {
  const { cert, key } = selfSigned(['localhost', '127.0.0.1']);
  setDefaultCACertificates([...getCACertificates('bundled'), cert]);
  for (const [name, text] of Object.entries({ cert, key })) await writeFile(join(dir, `${name}.pem`), text);
  const files = ['--tls-cert-file', join(dir, 'cert.pem'), '--tls-key-file', join(dir, 'key.pem')];
  return [
    ...files,
    '--tls-ca-cert-file',
    join(dir, 'cert.pem'),
    '--tls-auth-clients',
    'no',
    '--tls-replication',
    'yes',
  ];
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aida-redis-tls-'));
  const args = await tlsArgs();
  [tlsPort, sentinelPort] = [await freePort(), await freePort()];
  redis = await startRedis({ dir, port: 0, args: ['--tls-port', String(tlsPort), '--requirepass', PASSWORD, ...args] });
  const { bin, env } = await findPart('redis');
  const config = join(dir, 'sentinel.conf');
  const lines = [`sentinel monitor ${PRIMARY} 127.0.0.1 ${tlsPort} 1`, `sentinel auth-pass ${PRIMARY} ${PASSWORD}`];
  await writeFile(config, `${lines.join('\n')}\n`);
  const places = ['--port', '0', '--tls-port', String(sentinelPort), '--dir', dir];
  sentinel = spawn(bin, [config, '--sentinel', ...places, ...args], { env, stdio: 'ignore' });
});
afterEach(async () => {
  await link?.close();
  link = null;
});
afterAll(async () => {
  sentinel.kill('SIGKILL');
  await once(sentinel, 'exit');
  await redis.stop();
  await rm(dir, { recursive: true, force: true });
});

const connected = async (url: string): Promise<RedisLink> => {
  link = await connectRedis(url);
  const made = link;
  await vi.waitFor(() => expect(made.ready).toBe(true), WAIT);
  return made;
};
const user = `:${encodeURIComponent(PASSWORD)}`;

describe('Redis by TLS', () => {
  test('one server, with a password that needs escaping', async () => {
    const one = await connected(`rediss://${user}@127.0.0.1:${tlsPort}/0`);
    expect(await one.command('ping')).toBe('PONG');
    expect(String(await one.command('config', 'get', 'port'))).toBe('port,0');
  });

  test('by Sentinel: the Sentinels and the server that they name', async () => {
    const one = await connected(`rediss+sentinel://${user}@127.0.0.1:${sentinelPort}/${PRIMARY}/0`);
    expect(await one.command('role')).toEqual(['master', expect.anything(), []]);
  });

  test('a server that nobody vouches for is not spoken to', async () => {
    setDefaultCACertificates(getCACertificates('bundled'));
    const errors: string[] = [];
    link = await connectRedis(`rediss://${user}@127.0.0.1:${tlsPort}`, {
      onError: ({ message }) => errors.push(message),
    });
    expect(link.ready).toBe(false);
    expect(errors.join()).toContain('self-signed');
  });
});
