import { afterEach, expect, test } from 'vitest';
import { Operator } from './operator.ts';

let operator: Operator | null = null;
afterEach(async () => {
  await operator?.close();
});

/** Nodes that end when they are told to. */
function fleet(count: number, code = 0) {
  const told: string[] = [];
  const nodes = Array.from({ length: count }, (_, index) => {
    const { promise: exited, resolve } = Promise.withResolvers<number | null>();
    const kill = (signal: NodeJS.Signals): void => {
      told.push(`${signal} ${index}`);
      resolve(signal === 'SIGKILL' ? null : code);
    };
    return { kill, exited };
  });
  const restart = async (index: number): Promise<void> => void told.push(`start ${index}`);
  return { told, ground: { nodes, restart } };
}

async function listening(ground: ConstructorParameters<typeof Operator>[0]): Promise<Operator> {
  operator = new Operator(ground, 1);
  await operator.listen();
  return operator;
}

const order = async (path: string, method = 'POST'): Promise<number> =>
  (await fetch(`${operator?.url}${path}`, { method })).status;

test('a rolling restart replaces one node after the other, each after the one before takes calls', async () => {
  const { told, ground } = fleet(2);
  const { happenings } = await listening(ground);
  expect(await order('/roll')).toBe(202);
  await expect.poll(() => told.length).toBe(4);
  expect(told).toEqual(['SIGTERM 0', 'start 0', 'SIGTERM 1', 'start 1']);
  expect(happenings.map(({ what }) => what)).toContain('node 2 is replaced');
});

test('a node is killed, another one by the next order, and each comes back', async () => {
  const { told, ground } = fleet(2);
  await listening(ground);
  expect(await order('/kill')).toBe(202);
  await expect.poll(() => told).toEqual(['SIGKILL 0', 'start 0']);
});

test('a node that does not end well is told, and nothing else is done', async () => {
  const { told, ground } = fleet(2, 1);
  const one = await listening(ground);
  await order('/roll');
  await expect.poll(() => one.troubles).toEqual(['Error: node 1 ended with 1']);
  expect(told).toEqual(['SIGTERM 0']);
});

test('anything else is not known', async () => {
  const { told, ground } = fleet(1);
  await listening(ground);
  expect([await order('/kill', 'GET'), await order('/stop')]).toEqual([404, 404]);
  expect(told).toEqual([]);
});
