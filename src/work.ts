import type { RecordingConsumerDeps } from './analytics/recording-consumer.ts';
import { readJournal } from './directory/journal.ts';
import { jobLanes } from './directory/keys.ts';
import { accountOf, type Ground } from './ground.ts';
import { createJobs } from './jobs/queue.ts';
import { enterRecording, recordingJobs } from './jobs/recording-jobs.ts';
import { recurringOf } from './jobs/kinds.ts';
import { JobWorker, workOf } from './jobs/worker.ts';
import { createRedactor } from './redact/redactor.ts';
import { createNotices } from './services/notices.ts';
import { createRecordingStore } from './services/recording-store.ts';
import { createRecordings } from './services/recordings.ts';

/** Delayed and retried work of this process. */
export interface Work {
  start(): void;
  stop(): Promise<void>;
  enterRecording: RecordingConsumerDeps['enter'];
}

export function createWork(ground: Ground, reader: string): Work {
  const { config, log, metrics, link, clock, dataSource, services } = ground;
  const store = config.recordings && createRecordingStore(config.recordings);
  const parts = {
    recordings: createRecordings(dataSource, { account: accountOf(config), store, log }),
    jobs: createJobs(link),
    notices: createNotices(config.notices),
  };
  const handlers = {
    ...recordingJobs({
      ...parts,
      transcription: config.openai,
      redactor() {
        const { redactPhone, redactEmail } = services.assistant();
        return createRedactor({
          phone: config.redact.phone || redactPhone,
          mail: config.redact.mail || redactEmail,
        });
      },
      recipient() {
        const { name, email } = services.store();
        const { timeZone, noticeEmail } = services.recording();
        return { storeName: name, timeZone, to: noticeEmail || email };
      },
      days: () => services.recording().days,
      consoleUrl: config.consoleUrl,
      journalOf: async (callSid) =>
        (await readJournal(link, callSid)).flatMap((entry) => (entry.kind === 'fact' ? [entry.fact] : [])),
      now: Date.now,
      metrics,
    }),
  };
  const workers = jobLanes.map(
    (lane) => new JobWorker({ link, lane, find: workOf(handlers), recurring: recurringOf(lane), reader, log, metrics }),
  );
  return {
    enterRecording: (news) => enterRecording(parts, news, clock.now()),
    start() {
      for (const worker of workers) worker.start();
    },
    async stop() {
      await Promise.all(workers.map((worker) => worker.stop()));
    },
  };
}
