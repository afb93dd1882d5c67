import { expect, test } from 'vitest';
import type { Rung } from '../../machines/call-events.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { WaitingRoom } from './waiting-room.ts';

test('where no new caller comes to the assistant nobody waits for it any more but conversations that go on', async () => {
  let aside: Rung | null = 'menu';
  const asked: string[] = [];
  const room = new WaitingRoom({
    link: {
      ready: true,
      run: async ({ name }) => {
        asked.push(name);
        return ['waiting', '7', 1, 1, 1_000, ''];
      },
      command: () => Promise.reject(new Error('not asked here')),
      onRestored: () => () => undefined,
      close: () => Promise.resolve(),
    },
    node: 'n1',
    ceiling: () => Infinity,
    aside: () => aside,
    warm: () => undefined,
    now: () => 1,
    log: createLog('silent'),
    metrics: createMetrics(),
  });
  expect(await room.stand('CA1', { kind: 'new', ticket: 7 })).toEqual({ kind: 'aside', rung: 'menu' });
  expect(asked).toEqual([]);
  expect(await room.stand('CA2', { kind: 'live', ticket: 7 })).toMatchObject({ kind: 'waiting', ticket: 7 });
  aside = null;
  expect(await room.stand('CA1', { kind: 'new', ticket: 7 })).toMatchObject({ kind: 'waiting', ticket: 7 });
  expect(asked).toEqual(['pollQueue', 'pollQueue']);
});

test('whoever leaves the line for a place finds a session there', async () => {
  const warmed: unknown[] = [];
  const record = JSON.stringify({ nodeUrl: 'http://n2', mediaUrl: 'wss://n2', version: '1' });
  const room = new WaitingRoom({
    link: {
      ready: true,
      run: () => Promise.resolve(['placed', 'n2', `i2 ${record}`]),
      command: () => Promise.reject(new Error('not asked here')),
      onRestored: () => () => undefined,
      close: () => Promise.resolve(),
    },
    node: 'n1',
    ceiling: () => Infinity,
    aside: () => null,
    warm: ({ node, incarnation }, ask) => void warmed.push([node, incarnation, ask]),
    now: () => 7_000,
    log: createLog('silent'),
    metrics: createMetrics(),
  });
  expect(await room.stand('CA1', { kind: 'new', ticket: 7 })).toEqual({ kind: 'placed', mediaUrl: 'wss://n2' });
  await room.stand('CA2', { kind: 'live', ticket: 8 });
  expect(warmed).toEqual([
    ['n2', 'i2', { callSid: 'CA1', at: 7_000, isNew: true }],
    ['n2', 'i2', { callSid: 'CA2', at: 7_000, isNew: false }],
  ]);
});
