import { expect, test } from 'vitest';
import { createRedactor } from '../redact/redactor.ts';
import { createNotices } from '../services/notices.ts';
import { oldMax, type Recordings } from '../services/recordings.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Jobs } from './queue.ts';
import { recordingJobs } from './recording-jobs.ts';

const never = () => Promise.reject(new Error('not asked for'));
const NOW = Date.UTC(2026, 10, 16);

/** The round of a store with so many recordings that are old; `room` jobs may be noted. */
async function round(count: number, room = Infinity) {
  const asked: string[] = [];
  const noted: string[] = [];
  const recordings: Recordings = {
    ...{ enter: never, keep: never, audio: never, message: never, writeDown: never, told: never },
    ...{ heard: never, giveUp: never, remove: never },
    async old(before, offset = 0) {
      asked.push(`${before.toISOString().slice(0, 10)} from ${offset}`);
      const length = Math.min(oldMax, Math.max(0, count - offset));
      return Array.from({ length }, (_, index) => ({ of: 'call' as const, recordingSid: `RE${offset + index}` }));
    },
  };
  const jobs: Jobs = {
    async enqueue(_, key) {
      if (noted.length >= room) return 'full';
      noted.push(key);
      return 'enqueued';
    },
  };
  const { retention } = recordingJobs({
    recordings,
    jobs,
    notices: createNotices({ smtpUrl: null, notifyUrl: null, notifySecret: '' }),
    transcription: { apiUrl: null, apiKey: '' },
    redactor: () => createRedactor({ phone: false, mail: false }),
    recipient: () => ({ storeName: '', timeZone: 'UTC', to: '' }),
    days: () => 30,
    consoleUrl: '',
    journalOf: never,
    now: () => NOW,
    metrics: createMetrics(),
  });
  await retention({}, { key: '1', tries: 1, isLastTry: false, signal: new AbortController().signal });
  return { asked, noted };
}

test('all that is old is deleted in one round, whatever stands before it', async () => {
  const { asked, noted } = await round(oldMax * 2 + 3);
  expect(asked).toEqual([0, 1, 2, 3].map((page) => `2026-10-17 from ${page * oldMax}`));
  expect([noted.length, new Set(noted).size, noted.at(-1)]).toEqual([1_003, 1_003, 'call:RE1002']);
});

test('where there is no room for more jobs, the next round goes on', async () => {
  const { asked, noted } = await round(oldMax * 2, 7);
  expect([asked.length, noted.length]).toEqual([1, 7]);
});
