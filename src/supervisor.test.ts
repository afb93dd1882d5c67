import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { Supervisor } from './supervisor.ts';
import { createLog } from './telemetry/log.ts';

/** Lives until it is told to end, and then ends well; on SIGUSR1 it dies, on SIGUSR2 it ends by itself. */
const NODE =
  "process.on('SIGTERM', () => process.exit(0)).on('SIGUSR1', () => process.exit(3)).on('SIGUSR2', () => process.exit(0));" +
  "setInterval(() => {}, 1e6); console.log('up'); process.send('ready');";
const WAIT = { timeout: 10_000, interval: 10 };

let children: ChildProcess[] = [];
let started: number[] = [];
/** How many lived when each was started. */
let beside: number[] = [];
let lines: { msg: string; pauseMs?: number }[] = [];

afterEach(() => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  children = [];
  started = [];
  beside = [];
  lines = [];
});

function supervise(count: number, limits: { steadyMs: number } = { steadyMs: 60_000 }, code = NODE): Supervisor {
  const log = createLog('info', {
    destination: { write: (line) => lines.push(JSON.parse(line) as (typeof lines)[0]) },
  });
  const start = (index: number): ChildProcess => {
    started.push(index);
    beside.push(children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null).length);
    const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    children.push(child);
    return child;
  };
  return new Supervisor({ count, start, log, limits: { pauseMs: 10, pauseMsMax: 40, ...limits } });
}

const up = async (index: number): Promise<void> => {
  await vi.waitFor(() => expect(children[index]).toBeDefined(), WAIT);
  const output = children[index]?.stdout;
  if (output) await once(output, 'data');
};
const pauses = () => lines.flatMap(({ pauseMs }) => pauseMs ?? []);

test('all are told to end, and it is over when the last one is gone', async () => {
  const supervisor = supervise(3);
  await Promise.all([up(0), up(1), up(2)]);
  supervisor.leave('SIGTERM');
  expect(await supervisor.over).toBe(0);
  expect([children.map(({ exitCode }) => exitCode), started]).toEqual([
    [0, 0, 0],
    [0, 1, 2],
  ]);
});

test('one that dies is started again, the others are left alone; one that ends well stays away', async () => {
  const supervisor = supervise(2);
  await Promise.all([up(0), up(1)]);
  children[1]?.kill('SIGUSR1');
  await up(2);
  expect([started, children[0]?.exitCode, pauses()]).toEqual([[0, 1, 1], null, [10]]);
  children[0]?.kill('SIGUSR2');
  await vi.waitFor(() => expect(lines.at(-1)?.msg).toBe('a node has ended'), WAIT);
  children[2]?.kill('SIGUSR2');
  expect(await supervisor.over).toBe(0);
  expect(started).toEqual([0, 1, 1]);
});

test('pauses grow to their bound, and shrink again for one that had lived', async () => {
  const dying = supervise(1, { steadyMs: 60_000 }, 'process.exit(3)');
  await vi.waitFor(() => expect(pauses().length).toBeGreaterThanOrEqual(5), WAIT);
  dying.leave('SIGTERM');
  await dying.over;
  expect(pauses().slice(0, 5)).toEqual([10, 20, 40, 40, 40]);
  lines = [];
  const steady = supervise(1, { steadyMs: 0 }, 'process.exit(3)');
  await vi.waitFor(() => expect(pauses().length).toBeGreaterThanOrEqual(3), WAIT);
  steady.leave('SIGTERM');
  await steady.over;
  expect(pauses().slice(0, 3)).toEqual([10, 10, 10]);
});

test('one that does not end well when told to makes it a failure', async () => {
  const supervisor = supervise(1, { steadyMs: 60_000 }, NODE.replace('process.exit(0)', 'process.exit(4)'));
  await up(0);
  supervisor.leave('SIGTERM');
  expect(await supervisor.over).toBe(1);
});

test('nodes are renewed one after the other, the next when the successor is ready; one that stayed away comes back', async () => {
  const supervisor = supervise(3);
  await Promise.all([up(0), up(1), up(2)]);
  children[1]?.kill('SIGUSR2');
  await vi.waitFor(() => expect(lines.at(-1)?.msg).toBe('a node has ended'), WAIT);
  const renewed = supervisor.renew();
  await supervisor.renew();
  await renewed;
  expect(started).toEqual([0, 1, 2, 0, 1, 2]);
  expect(beside.slice(3)).toEqual([1, 2, 2]);
  expect(children.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, null, null, null]);
  supervisor.leave('SIGTERM');
  expect(await supervisor.over).toBe(0);
});

test('told to end in the middle of a renewal, all end', async () => {
  const supervisor = supervise(2, { steadyMs: 60_000 }, NODE.replace(" process.send('ready');", ''));
  await Promise.all([up(0), up(1)]);
  const renewed = supervisor.renew();
  await up(2);
  supervisor.leave('SIGTERM');
  await renewed;
  expect(await supervisor.over).toBe(0);
  expect(started).toEqual([0, 1, 0]);
});
