import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readBlocks } from './directory/callers.ts';
import { connectRedis, type RedisLink } from './directory/redis.ts';
import { readSwitches, setSwitch } from './directory/switches.ts';
import { type RedisServer, startRedis } from './embedded/redis.ts';

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

beforeEach(async () => {
  await link.command('flushall');
});

/** Runs the command with REDIS_URL alone; times are left out of what it prints. */
function command(line: string[], redisUrl: string | undefined = redis.url) {
  const argv = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'switch.ts'), ...line];
  const env = { PATH: process.env['PATH'], ...(redisUrl !== '' && { REDIS_URL: redisUrl }) };
  return new Promise<{ code: number; out: string[]; err: string }>((resolve) => {
    const child = execFile(process.execPath, argv, { env }, (_error, stdout, stderr) => {
      const out = stdout
        .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')
        .split('\n')
        .slice(0, -1);
      resolve({ code: child.exitCode ?? -1, out, err: stderr.trim() });
    });
  });
}

const done = (...out: string[]) => ({ code: 0, out, err: '' });
const why = ['--reason', 'a drill', '--by', 'ann'];

test('sets, lists, clears, and keeps a log of who did what and why', async () => {
  expect(await command(['list'])).toEqual(done('nothing is switched, nobody is blocked'));
  expect(await command(['set', 'admission', 'off', ...why])).toEqual(done('admission is off'));
  expect(await command(['set', 'tool:get_menu', 'off', ...why])).toEqual(done('tool:get_menu is off'));
  expect(await readSwitches(link)).toMatchObject({
    admission: { value: 'off', by: 'ann', reason: 'a drill' },
    'tool:get_menu': { value: 'off' },
  });
  expect(await command(['list'])).toEqual(
    done('admission off  TIME ann: a drill', 'tool:get_menu off  TIME ann: a drill'),
  );
  expect(await command(['clear', 'admission', '--reason', 'over'])).toEqual(done('admission is cleared'));
  expect(await command(['clear', 'admission', '--reason', 'sure'])).toEqual(done('admission was not set'));
  expect(Object.keys(await readSwitches(link))).toEqual(['tool:get_menu']);
  expect(await command(['log', '3'])).toEqual(
    done(
      `TIME ${userInfo().username}: admission cleared: sure`,
      `TIME ${userInfo().username}: admission cleared: over`,
      'TIME ann: tool:get_menu off: a drill',
    ),
  );
});

test('blocks a number for a while, and unblocks it', async () => {
  expect(await command(['block', '+15035550199', '--hours', '2', ...why])).toEqual(
    done('+15035550199 is blocked for 2 hours'),
  );
  expect(await readBlocks(link)).toMatchObject([{ caller: '+15035550199', by: 'ann', reason: 'a drill' }]);
  expect(await command(['list'])).toEqual(done('blocked +15035550199  until TIME ann: a drill'));
  expect(await command(['unblock', '+15035550199', ...why])).toEqual(done('+15035550199 is unblocked'));
  expect(await command(['unblock', '+15035550199', ...why])).toEqual(done('+15035550199 was not blocked'));
});

test('says what is wrong, and then changes nothing', async () => {
  const refusals: [string[], RegExp][] = [
    [['set', 'admission', 'off'], /^say why, for the log: --reason/],
    [['set', 'admission', 'on', ...why], /^admission can be set to off/],
    [['set', 'voice', 'off', ...why], /^there is no switch "voice": admission, calls-max, rung, tool:NAME$/],
    [['set', 'tool:get_meni', 'off', ...why], /^there is no tool get_meni: get_menu, /],
    [['clear', 'voice', ...why], /^there is no switch "voice"/],
    [['block', 'anonymous', ...why], /^"anonymous" is no number of a caller/],
    [['block', '+15035550199', '--hours', '0', ...why], /^--hours is "0": must be 1 to 87600$/],
    [['log', 'all'], /^the number of entries is "all"/],
    [['set', 'admission', 'off', 'now', ...why], /^usage: npm run switch/],
    [['list', '--all'], /Unknown option '--all'/],
    [[], /^usage: npm run switch -- COMMAND\n {2}set NAME VALUE/],
  ];
  for (const [line, message] of refusals) {
    const { code, err } = await command(line);
    expect({ line, code, err }).toEqual({ line, code: 1, err: expect.stringMatching(message) });
  }
  expect(await readSwitches(link)).toEqual({});
  expect(await readBlocks(link)).toEqual([]);
});

test('what a newer release has set can be cleared', async () => {
  await setSwitch(link, { name: 'voice', value: 'alto', by: 'ann', reason: 'new' });
  expect(await command(['clear', 'voice', ...why])).toEqual(done('voice is cleared'));
});

test('needs a Redis that answers', async () => {
  expect(await command(['list'], '')).toMatchObject({ code: 1, err: expect.stringMatching(/^REDIS_URL is not set/) });
  const away = await command(['list'], 'redis://127.0.0.1:1');
  expect(away).toMatchObject({ code: 1, err: expect.stringMatching(/^Redis (cannot be reached|did not answer)/) });
});
