import { expect, test } from 'vitest';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createBounded } from './bounded.ts';
import { CALL_SID } from './carrier.fixture.ts';

const lines: string[] = [];
const log = createLog('info', { destination: { write: (line) => void lines.push(line) } });
const bounded = createBounded(60_000, { log, metrics: createMetrics() });

test('what throws is replaced, and logged with the call that it was for', async () => {
  const failing = (): Promise<string> => Promise.reject(new Error('planted'));
  expect(await bounded(CALL_SID, failing, (trouble) => trouble)).toBe('threw');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { level: 'error', callSid: CALL_SID, traceId: expect.stringMatching(/^[0-9a-f]{32}$/) },
  ]);
});

test('what is late is replaced', async () => {
  const never = (): Promise<string> => new Promise(() => {});
  expect(await bounded(CALL_SID, never, (trouble) => trouble, 0)).toBe('late');
});
