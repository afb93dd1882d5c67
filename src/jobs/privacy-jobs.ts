import { deleteOld } from '../privacy/retention.ts';
import { type FinishDeps, finishErasures } from '../privacy/finish-erasures.ts';
import type { RetentionPolicy } from '../services/catalog.ts';
import type { Log } from '../telemetry/log.ts';
import type { Jobs } from './queue.ts';
import type { JobHandlers } from './worker.ts';

export interface PrivacyJobsDeps extends Pick<FinishDeps, 'dataSource' | 'link'> {
  jobs: Jobs;
  policy(): RetentionPolicy;
  /** Ms since the epoch. */
  now(): number;
  log: Pick<Log, 'info'>;
}

/** What is too old goes, and so does what is left of callers who had everything erased. */
export function privacyJobs({
  dataSource,
  link,
  jobs,
  policy,
  now,
  log,
}: PrivacyJobsDeps): Pick<JobHandlers, 'rows.retain' | 'erasure.finish'> {
  return {
    async 'rows.retain'(_, { signal }) {
      const deleted = await deleteOld(dataSource, policy(), now(), signal);
      if (Object.keys(deleted).length > 0) log.info({ deleted }, 'rows deleted by age');
    },
    async 'erasure.finish'(_, { signal }) {
      const deleteRecording = async (of: 'voicemail' | 'call', recordingSid: string): Promise<void> => {
        await jobs.enqueue('recording.delete', `${of}:${recordingSid}`, { of, recordingSid });
      };
      const deleted = await finishErasures({ dataSource, link, deleteRecording }, signal);
      if (Object.keys(deleted).length > 0) log.info({ deleted }, 'rows of erased calls deleted');
    },
  };
}
