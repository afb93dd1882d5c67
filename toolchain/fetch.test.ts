import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT } from './programs.ts';

/** A machine that has these and nothing else: no apt, no Redis, no network tool. */
const COMMANDS = [
  ...[
    'bash',
    'basename',
    'cat',
    'cmp',
    'cp',
    'cut',
    'dirname',
    'du',
    'env',
    'find',
    'flock',
    'grep',
    'head',
    'mkdir',
    'mv',
  ],
  ...['printf', 'readlink', 'rm', 'sed', 'sleep', 'sort', 'tail', 'uname', 'wc'],
];

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aida-fetch-'));
  await cp(join(ROOT, 'toolchain'), join(dir, 'project/toolchain'), { recursive: true });
  await mkdir(join(dir, 'bin'));
  for (const name of COMMANDS) await symlink(await whereIs(name), join(dir, 'bin', name));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

interface Run {
  code: number | null;
  output: string;
}

function run(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<Run> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

async function whereIs(name: string): Promise<string> {
  return (await run('bash', ['-c', `type -P ${name}`], process.env)).output.trim();
}

const fetchPart = (name: string): Promise<Run> =>
  run(join(dir, 'project/toolchain/fetch'), [name], { PATH: join(dir, 'bin') });

async function pretendRedis(version: string): Promise<string> {
  const path = join(dir, 'bin/redis-server');
  await writeFile(path, `#!/usr/bin/env bash\necho "Redis server v=${version} sha=0:0 bits=64"\n`);
  await chmod(path, 0o755);
  return path;
}

const noted = async (name: string): Promise<string> => readFile(join(dir, `project/.toolchain/${name}.part`), 'utf8');

test('what the system has is used, by several runs at once', async () => {
  const path = await pretendRedis('7.2.1');
  const runs = await Promise.all([fetchPart('redis'), fetchPart('redis'), fetchPart('redis')]);
  expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(await noted('redis')).toBe(`${path}\n`);
});

test('a second run has nothing to do', async () => {
  await pretendRedis('7.2.1');
  expect((await fetchPart('redis')).output).toContain('fetching redis');
  expect(await fetchPart('redis')).toEqual({ code: 0, output: '' });
});

test('a part that went away is found again', async () => {
  const path = await pretendRedis('7.2.1');
  await mkdir(join(dir, 'project/.toolchain'));
  await writeFile(join(dir, 'project/.toolchain/redis.part'), '/gone/redis-server\nLD_LIBRARY_PATH=/gone\n');
  expect((await fetchPart('redis')).code).toBe(0);
  expect(await noted('redis')).toBe(`${path}\n`);
});

test.each(['6.2.14', null])(
  'without apt and with Redis %s, one line says what is missing and what helps',
  async (version) => {
    if (version) await pretendRedis(version);
    const { code, output } = await fetchPart('redis');
    expect(code).toBe(1);
    expect(output.trimEnd().split('\n')).toEqual([
      'aida: fetching redis into .toolchain/',
      expect.stringMatching(/^aida: redis can't be had here: no apt-get .*docker compose --env-file \.env\.demo up$/),
    ]);
    await expect(noted('redis')).rejects.toThrow('ENOENT');
  },
);

test('toolchain/run becomes the program: arguments, signals and exit code are its own', async () => {
  const script = `process.on('SIGTERM', () => process.exit(7)); setInterval(() => {}, 1000); console.log(process.argv[1])`;
  const child = spawn(join(ROOT, 'toolchain/run'), ['-e', script, 'first word'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = new Promise<string>((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
  );
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  expect(await said).toBe('first word\n');
  child.kill('SIGTERM');
  expect(await ended).toEqual({ code: 7, signal: null });
});
