import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { HttpRequest } from '../http/message.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { webhookRoutes } from './routes.ts';
import { sign } from './signature.ts';

const PUBLIC_URL = 'https://voice.example.com';
/** What the carrier waits for an answer. */
const READ_TIMEOUT_MS = 2_500;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => vi.useRealTimers());

const form: [string, string][] = [
  ['CallSid', `CA${'0'.repeat(32)}`],
  ['CallStatus', 'ringing'],
];
const headers = new Map([
  ['content-type', 'application/x-www-form-urlencoded'],
  ['x-twilio-signature', sign('token', `${PUBLIC_URL}/voice`, form)],
]);
const request: HttpRequest = {
  method: 'POST',
  target: '/voice',
  path: '/voice',
  query: '',
  header: (name) => headers.get(name) ?? '',
  body: Buffer.from(new URLSearchParams(form).toString()),
};
const never = () => new Promise<never>(() => undefined);

test('a caller is answered within what the carrier waits, though neither place nor call are to be had', async () => {
  const routes = webhookRoutes({
    publicUrl: PUBLIC_URL,
    authTokens: ['token'],
    streamTokenSecret: 'secret',
    door: { answer: never, tell: never, preferredNode: never, streamFailed: () => undefined },
    admission: { reserve: never, release: never, ended: never },
    waitingRoom: { stand: never, leave: never },
    placedCall: () => undefined,
    facts: () => ({
      name: 'Mangy Dog Coffee',
      hours: () => '',
      staffNumbers: [],
      promotions: () => [],
      callback: () => null,
    }),
    now: () => 0,
    log: createLog('silent'),
    metrics: createMetrics(),
  });
  const answered = vi.fn();
  void Promise.resolve(routes.find(({ path }) => path === '/voice')?.handler(request)).then(answered);
  await vi.advanceTimersByTimeAsync(READ_TIMEOUT_MS - 1);
  expect(answered).toHaveBeenCalledWith(
    expect.objectContaining({ status: 200, body: expect.stringContaining('technical trouble') }),
  );
});
