import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { HttpRequest } from '../http/message.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { noTracing } from '../telemetry/tracing.ts';
import { createHoldAudio } from './hold-audio.ts';
import { noKeypadFacts } from './menu-words.ts';
import { noSounds } from './lines.fixture.ts';
import { webhookRoutes } from './routes.ts';
import { sign } from './signature.ts';

const PUBLIC_URL = 'https://voice.example.com';
/** What the carrier waits for an answer. */
const READ_TIMEOUT_MS = 2_500;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => vi.useRealTimers());

function request(path: string, parameters: Record<string, string>): HttpRequest {
  const form = Object.entries({ CallSid: `CA${'0'.repeat(32)}`, ...parameters });
  const headers = new Map([
    ['content-type', 'application/x-www-form-urlencoded'],
    ['x-twilio-signature', sign('token', `${PUBLIC_URL}${path}`, form)],
  ]);
  const body = Buffer.from(new URLSearchParams(form).toString());
  const header = (name: string): string => headers.get(name) ?? '';
  return { method: 'POST', target: path, path, query: '', header, address: '127.0.0.1', body };
}
const never = () => new Promise<never>(() => undefined);

test.each([
  ['/voice', { CallStatus: 'ringing' }, 'technical trouble'],
  ['/voice/next', { CallStatus: 'in-progress' }, '/voice/next?n=1'],
  ['/voice/wait', { CallStatus: 'in-progress' }, '/voice/wait?'],
  ['/voice/wait', { CallStatus: 'in-progress', Digits: '1' }, '<Record'],
  ['/voice/dial-result', { CallStatus: 'in-progress', DialCallStatus: 'busy' }, '<Record'],
  ['/voice/dial-result', { CallStatus: 'completed', DialCallStatus: 'busy' }, '<Response/>'],
  ['/voice/voicemail', { CallStatus: 'completed', RecordingSid: `RE${'0'.repeat(32)}` }, '<Response/>'],
  ['/voice/menu', { CallStatus: 'in-progress', Digits: '1' }, '<Gather'],
])('%s %j is answered within what the carrier waits, though nothing else answers', async (path, form, words) => {
  const routes = webhookRoutes({
    publicUrl: PUBLIC_URL,
    authTokens: ['token'],
    streamTokenSecret: 'secret',
    door: { answer: never, tell: never, preferredNode: never, look: never, streamFailed: () => undefined },
    staff: { ring: never, ringNext: never, accepted: never, ended: never, hungUp: never, leave: never },
    admission: { reserve: never, warm: () => undefined, release: never, ended: never },
    waitingRoom: { stand: never, leave: never },
    placedCall: () => undefined,
    holdAudio: createHoldAudio(),
    sounds: noSounds,
    facts: () => ({
      greeting: '',
      languages: ['en'],
      name: 'Mangy Dog Coffee',
      keypad: noKeypadFacts,
      closed: () => null,
      recording: () => 'off',
      callMsMax: 1_800_000,
      staffNumbers: [],
      promotions: () => [],
      callback: () => null,
    }),
    now: () => 0,
    log: createLog('silent'),
    metrics: createMetrics(),
    tracing: noTracing,
  });
  const answered = vi.fn();
  void Promise.resolve(routes.find((route) => route.path === path)?.handler(request(path, form))).then(answered);
  await vi.advanceTimersByTimeAsync(READ_TIMEOUT_MS - 1);
  expect(answered).toHaveBeenCalledWith(expect.objectContaining({ status: 200, body: expect.stringContaining(words) }));
});
