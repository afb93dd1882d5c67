import type { DataSource } from 'typeorm';
import { renderLines } from '../services/line-renderer.ts';
import type { Speech } from '../services/speech.ts';
import { type LineSource, sha256, wantedLines } from '../services/wanted-lines.ts';
import type { Log } from '../telemetry/log.ts';
import type { Jobs } from './queue.ts';
import { HopelessJob, type JobHandlers } from './worker.ts';

export interface LineJobsDeps {
  dataSource: DataSource;
  /** Null where there is nothing that speaks. */
  speech: Speech | null;
  source: LineSource;
  /** Tells every node that there are new lines. */
  announce(): Promise<void>;
  log: Pick<Log, 'warn' | 'info'>;
}

/** Renders what is missing; what could not be had is tried again, by the job or an hour later. */
export function lineJobs({
  dataSource,
  speech,
  source,
  announce,
  log,
}: LineJobsDeps): Pick<JobHandlers, 'lines.render'> {
  return {
    async 'lines.render'(_, { signal }) {
      if (speech === null) return;
      const { voice } = source.assistant();
      const report = await renderLines({ dataSource, speech, wanted: wantedLines(source), voice, signal, log });
      if (report.rendered > 0) await announce();
      if (report.failure === null) return;
      throw report.failure.isRetryable ? report.failure : new HopelessJob(report.failure.message);
    },
  };
}

/** Has the lines rendered that what the store says of itself now asks for; once however many processes ask. */
export async function requestLines(jobs: Jobs, source: LineSource): Promise<void> {
  const { voice } = source.assistant();
  const words = wantedLines(source).map(({ language, textHash }) => `${language} ${textHash}`);
  await jobs.enqueue('lines.render', sha256([voice, ...words].join('\n')), {});
}
