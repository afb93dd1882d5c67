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
