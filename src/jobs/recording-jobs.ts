import type { CallEvent } from '../../machines/call-events.ts';
import type { Redactor } from '../redact/redactor.ts';
import { noticeOf, type Notices, type Recipient } from '../services/notices.ts';
import { oldMax, type RecordingNews, type RecordingOf, type Recordings } from '../services/recordings.ts';
import { transcribe, TranscriptionRefused, type TranscriptionSettings } from '../services/transcription.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { fateOf } from './message-fate.ts';
import type { Jobs } from './queue.ts';
import { HopelessJob, type JobContext, type JobHandlers, PostponedJob } from './worker.ts';

const DAY_MS = 86_400_000;
/** Who is told waits for the words so long; with the mail's own way it is less than a minute. */
const toldAfterMs = 40_000;
/** Of each kind, looked at in one round; each is one job. */
const retentionMax = 10_000;

export interface RecordingJobsDeps {
  recordings: Recordings;
  jobs: Jobs;
  notices: Notices;
  transcription: TranscriptionSettings;
  redactor(): Redactor;
  recipient(): Recipient;
  /** Recordings are kept for so many days. */
  days(): number;
  consoleUrl: string;
  /** Facts of the call, none where they are gone. Rejects when they cannot be read now. */
  journalOf(callSid: string): Promise<readonly CallEvent[]>;
  /** Ms since the epoch. */
  now(): number;
  metrics: Pick<Metrics, 'recordingsLost' | 'noticesSent'>;
}

type Enqueuing = Pick<RecordingJobsDeps, 'recordings' | 'jobs' | 'notices'>;

export interface EnterDeps extends Enqueuing {
  /** Nothing of the call is kept: its caller had everything erased. */
  isErased(callSid: string): Promise<boolean>;
}

/**
 * Makes the row of a recording and has it fetched; the store is told of a message by then, whatever became of its
 * sound and words. `later`: there is no room for its jobs now. Harmless to repeat. `redisNow`: Redis-clock ms.
 */
export async function enterRecording(
  deps: EnterDeps,
  told: RecordingNews,
  redisNow: number,
): Promise<'taken' | 'later'> {
  const { recordings, jobs } = deps;
  const { of, recordingSid } = told;
  const isErased = await deps.isErased(told.callSid);
  const news = isErased ? { ...told, fromNumber: '', topic: '' } : told;
  if ((await recordings.enter(news)) !== 'entered') return 'taken';
  if (isErased || (of === 'call' && news.declined)) {
    await recordings.giveUp(of, recordingSid);
    const noted = await jobs.enqueue('recording.delete', `${of}:${recordingSid}`, { of, recordingSid });
    return noted === 'full' ? 'later' : 'taken';
  }
  const kind = of === 'voicemail' ? 'message.fetch' : 'call.fetch';
  if ((await jobs.enqueue(kind, recordingSid, { recordingSid })) === 'full') return 'later';
  if (of === 'call') return 'taken';
  return (await tellOf(deps, recordingSid, redisNow + toldAfterMs)) ? 'taken' : 'later';
}

/** Has the store told of a message, not before that time; asked again with an earlier one, sooner. */
async function tellOf({ jobs, notices }: Enqueuing, recordingSid: string, at = 0): Promise<boolean> {
  const kinds = [...(notices.mail ? ['notice.mail' as const] : []), ...(notices.hook ? ['notice.hook' as const] : [])];
  const noted = await Promise.all(kinds.map((kind) => jobs.enqueue(kind, recordingSid, { recordingSid }, { at })));
  return !noted.includes('full');
}

type RecordingJob =
  | 'message.fetch'
  | 'call.fetch'
  | 'message.transcribe'
  | 'recording.delete'
  | 'notice.mail'
  | 'notice.hook'
  | 'retention';

/** From the carrier to where it is kept, written down, told of, and in the end deleted. */
export function recordingJobs(deps: RecordingJobsDeps): Pick<JobHandlers, RecordingJob> {
  const { recordings, jobs, notices, metrics, now } = deps;

  /** The message as it is to be told of; null where nobody is to be told. */
  async function toBeTold(recordingSid: string) {
    const message = await recordings.message(recordingSid);
    if (!message) return null;
    const fate = fateOf(await deps.journalOf(message.callSid), recordingSid);
    if (fate === 'open') throw new PostponedJob('the caller has not decided yet');
    if (fate === 'kept') return message;
    await recordings.giveUp('voicemail', recordingSid);
    await jobs.enqueue('recording.delete', `voicemail:${recordingSid}`, { of: 'voicemail', recordingSid });
    return null;
  }

  /** False where there is no such recording any more. */
  async function fetched(of: RecordingOf, recordingSid: string, { signal, isLastTry }: JobContext): Promise<boolean> {
    const outcome = await recordings.keep(of, recordingSid, signal);
    if (outcome === 'none' || outcome === 'kept') return outcome === 'kept';
    const isLost = outcome === 'lost';
    if (isLost || isLastTry) metrics.recordingsLost.inc({ of });
    if (isLost && of === 'voicemail') await tellOf(deps, recordingSid);
    throw isLost ? new HopelessJob('the carrier has nothing that can be kept') : new Error(`recording ${outcome}`);
  }

  return {
    async 'message.fetch'({ recordingSid }, context) {
      const isKept = await fetched('voicemail', recordingSid, context);
      if (!isKept) return;
      // Nothing is there that listens.
      if (deps.transcription.apiUrl === null) await tellOf(deps, recordingSid);
      else await jobs.enqueue('message.transcribe', recordingSid, { recordingSid });
    },

    async 'call.fetch'({ recordingSid }, context) {
      await fetched('call', recordingSid, context);
    },

    async 'message.transcribe'({ recordingSid }, { signal, isLastTry }) {
      let isOver = isLastTry;
      try {
        const sound = await recordings.audio('voicemail', recordingSid, signal);
        const text = sound && (await transcribe(sound, deps.transcription, signal));
        if (text !== null) await recordings.writeDown(recordingSid, deps.redactor().text(text));
        isOver = true;
      } catch (error) {
        if (!(error instanceof TranscriptionRefused)) throw error;
        isOver = true;
        throw new HopelessJob(error.message, { cause: error });
      } finally {
        if (isOver) await tellOf(deps, recordingSid);
      }
    },

    async 'recording.delete'({ of, recordingSid }, { signal }) {
      await recordings.remove(of, recordingSid, signal);
    },

    async 'notice.mail'({ recordingSid }) {
      const message = await toBeTold(recordingSid);
      if (!message || message.mailedAt || !notices.mail) return;
      const recipient = deps.recipient();
      if (recipient.to === '') throw new HopelessJob('the store has no mail address');
      await notices.mail(noticeOf(message, deps.consoleUrl), recipient);
      metrics.noticesSent.inc({ by: 'mail' });
      await recordings.told(recordingSid, 'mailedAt', new Date(now()));
    },

    async 'notice.hook'({ recordingSid }, { signal }) {
      const message = await toBeTold(recordingSid);
      if (!message || message.hookedAt || !notices.hook) return;
      const at = new Date(now());
      await notices.hook(noticeOf(message, deps.consoleUrl), at, signal);
      metrics.noticesSent.inc({ by: 'hook' });
      await recordings.told(recordingSid, 'hookedAt', at);
    },

    async retention(_, { signal }) {
      const before = new Date(now() - deps.days() * DAY_MS);
      // Those that cannot be deleted must not stand before the others.
      for (let offset = 0; offset < retentionMax && !signal.aborted; offset += oldMax) {
        const found = await recordings.old(before, offset);
        if (found.length === 0) return;
        for (const each of found)
          if ((await jobs.enqueue('recording.delete', `${each.of}:${each.recordingSid}`, each)) === 'full') return;
      }
    },
  };
}
