import type { RecordingConsumerDeps } from './analytics/recording-consumer.ts';
import { messageTopics, noteConsoleChanges } from './directory/console-changes.ts';
import { readJournal } from './directory/journal.ts';
import { jobLanes } from './directory/keys.ts';
import type { RedisLink } from './directory/redis.ts';
import { accountOf, type Ground, redactSettings } from './ground.ts';
import { createJobs } from './jobs/queue.ts';
import { lineJobs, requestLines } from './jobs/line-jobs.ts';
import { privacyJobs } from './jobs/privacy-jobs.ts';
import { enterRecording, recordingJobs } from './jobs/recording-jobs.ts';
import { recurringOf } from './jobs/kinds.ts';
import { JobWorker, workOf } from './jobs/worker.ts';
import { isErased } from './privacy/erasure-gate.ts';
import { createRedactor } from './redact/redactor.ts';
import { createNotices } from './services/notices.ts';
import { CATALOG_CHANNEL } from './services/catalog-keeper.ts';
import { createRecordingStore } from './services/recording-store.ts';
import { createRecordings, type Recordings } from './services/recordings.ts';
import { createSpeech } from './services/speech.ts';

/** Delayed and retried work of this process. */
export interface Work {
  start(): void;
  stop(): Promise<void>;
  enterRecording: RecordingConsumerDeps['enter'];
}

/** Messages and recordings of calls, wherever this installation keeps them. */
export function recordingsOf({ config, dataSource, log }: Ground): Recordings {
  const store = config.recordings && createRecordingStore(config.recordings);
  return createRecordings(dataSource, { account: accountOf(config), store, log });
}

/** Pages that list messages follow what becomes of them. */
function shown(recordings: Recordings, link: RedisLink): Recordings {
  const tell = <T>(outcome: T): T => {
    void noteConsoleChanges(link, messageTopics);
    return outcome;
  };
  return {
    ...recordings,
    enter: (news) => recordings.enter(news).then(tell),
    keep: (of, recordingSid, signal) => recordings.keep(of, recordingSid, signal).then(tell),
    writeDown: (recordingSid, transcript) => recordings.writeDown(recordingSid, transcript).then(tell),
    giveUp: (of, recordingSid) => recordings.giveUp(of, recordingSid).then(tell),
  };
}

export function createWork(ground: Ground, reader: string): Work {
  const { config, log, metrics, link, clock, dataSource, services } = ground;
  const { apiUrl, apiKey } = config.openai;
  const speech = apiUrl === null ? null : createSpeech({ apiUrl, apiKey });
  const parts = {
    recordings: shown(recordingsOf(ground), link),
    jobs: createJobs(link),
    notices: createNotices(config.notices),
  };
  const handlers = {
    ...recordingJobs({
      ...parts,
      transcription: config.openai,
      redactor: () => createRedactor(redactSettings(ground)),
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
    ...privacyJobs({
      dataSource,
      link,
      jobs: parts.jobs,
      policy: () => services.retention(),
      now: Date.now,
      log,
    }),
    ...lineJobs({
      dataSource,
      speech,
      source: services,
      announce: async () => void (await link.command('publish', CATALOG_CHANNEL, 'lines')),
      log,
    }),
  };
  const askForLines = (): void =>
    void requestLines(parts.jobs, services).catch((error: unknown) => log.warn({ err: error }, 'lines not asked for'));
  // What the store decides (how long recordings are kept, what is redacted, who is told) must be known, not assumed.
  const isReady = () => services.isLoaded();
  const common = { link, find: workOf(handlers), reader, isReady, log, metrics };
  const workers = jobLanes.map((lane) => new JobWorker({ ...common, lane, recurring: recurringOf(lane) }));
  let stopAsking: (() => void) | null = null;
  return {
    enterRecording: (news) =>
      enterRecording({ ...parts, isErased: (callSid) => isErased(dataSource, callSid) }, news, clock.now()),
    start() {
      if (speech) {
        askForLines();
        stopAsking = services.watchPersona(askForLines);
      }
      for (const worker of workers) worker.start();
    },
    async stop() {
      stopAsking?.();
      await Promise.all(workers.map((worker) => worker.stop()));
    },
  };
}
