import { DirectoryError } from '../directory/errors.ts';
import {
  buryJob,
  enqueueJob,
  finishJob,
  keepJobs,
  prepareJobs,
  retryJob,
  takeJobs,
  type TakenJob,
  tidyJobs,
} from '../directory/jobs.ts';
import type { JobLane } from '../directory/keys.ts';
import { directoryLimits } from '../directory/limits.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { backOff, type JobKind, jobKinds, type JobName, type JobPayload } from './kinds.ts';
import { jobId, parseJobId } from './queue.ts';

const limits = {
  /** Jobs of one lane that run at once in one process. */
  runningMax: 8,
  idleMs: 50,
  idleMaxMs: 500,
  troubleMaxMs: 5_000,
  keepMs: directoryLimits.jobLeaseMs / 4,
  tidyMs: 5_000,
  /** What runs at the end of a process gets this long; then another process begins it anew. */
  drainMs: 3_000,
} as const;

/** Of a kind that nobody here handles: another release may. */
const strangeBackOffMs = 30_000;
const strangeTriesMax = 20;

/** Thrown by a handler: another try would end the same way. */
export class HopelessJob extends Error {
  override readonly name = 'HopelessJob';
}

/** Thrown by a handler: it is not the time yet, and nothing has failed. It counts as a try. */
export class PostponedJob extends Error {
  override readonly name = 'PostponedJob';
}

export interface JobContext {
  key: string;
  /** Times that it was begun, this one included. */
  tries: number;
  isLastTry: boolean;
  /** Aborts when the time for one try is over, or the process ends. */
  signal: AbortSignal;
}

/**
 * Does the work; may be given the same job more than once, also at the same time by two processes. A rejection is a
 * failed try: it is begun again later, or never after `HopelessJob` or the last one.
 */
export type JobHandler<N extends JobName> = (payload: JobPayload<N>, context: JobContext) => Promise<void>;
export type JobHandlers = { [N in JobName]: JobHandler<N> };

/** A kind with what does it; null for a kind that this release does not know. */
export type FindWork = (kind: string) => Work | null;
export interface Work {
  kind: JobKind;
  run(payload: unknown, context: JobContext): Promise<void>;
}

export function workOf(handlers: JobHandlers): FindWork {
  return (name) => {
    if (!isJobName(name)) return null;
    const kind: JobKind = jobKinds[name];
    // Each handler takes what the schema of its own kind has let through.
    return { kind, run: handlers[name] };
  };
}

export interface JobWorkerOptions {
  link: RedisLink;
  lane: JobLane;
  find: FindWork;
  /** Kinds that begin by themselves, and how often, ms. */
  recurring: readonly { kind: string; everyMs: number }[];
  /** Unlike that of any other process. */
  reader: string;
  /** Nothing is begun while it is false: others may, or it waits. */
  isReady?: () => boolean;
  log: Pick<Log, 'warn' | 'error'>;
  metrics: Pick<Metrics, 'jobs' | 'jobsOldest' | 'jobRuns'>;
}

interface Running extends TakenJob {
  cancel: AbortController;
}

/**
 * Does the jobs of one lane, a few at a time. A job is leased for as long as this process says so; whoever takes a job
 * that another has left begins it anew, so that a process may die at any point.
 */
export class JobWorker {
  private readonly options: JobWorkerOptions;
  private readonly running = new Map<string, Running>();
  private readonly ends = new Set<Promise<void>>();
  private loop: Promise<void> | null = null;
  private isStopping = false;
  private isTroubled = false;
  private wakeUp: (() => void) | null = null;
  private timers: NodeJS.Timeout[] = [];
  private tidying: Promise<void> = Promise.resolve();

  constructor(options: JobWorkerOptions) {
    this.options = options;
  }

  start(): void {
    if (this.loop) return;
    this.loop = this.run();
    this.timers = [
      setInterval(() => void this.keep(), limits.keepMs),
      setInterval(() => {
        this.tidying = this.tidying.then(() => this.tidy());
      }, limits.tidyMs),
    ];
  }

  /** Begins nothing more; what runs may end within a bound. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.wakeUp?.();
    await this.loop;
    const bound = setTimeout(() => this.cancelAll(), limits.drainMs);
    await Promise.all(this.ends);
    clearTimeout(bound);
    for (const timer of this.timers) clearInterval(timer);
    await this.tidying;
  }

  /** Begins what begins by itself, counts and forgets; alarms. Never rejects. */
  async tidy(): Promise<void> {
    const { link, lane, recurring, log, metrics } = this.options;
    try {
      // Of one period only the first is taken, whichever process asks.
      for (const { kind, everyMs } of recurring)
        await enqueueJob(link, lane, jobId(kind, String(Math.floor(Date.now() / everyMs))), '{}', 0);
      const { open, later, running, failing, dead, oldestMs } = await tidyJobs(link, lane);
      metrics.jobs.set({ lane, state: 'waiting' }, Math.max(0, open - running));
      metrics.jobs.set({ lane, state: 'later' }, later);
      metrics.jobs.set({ lane, state: 'running' }, running);
      metrics.jobs.set({ lane, state: 'failing' }, failing);
      metrics.jobs.set({ lane, state: 'dead' }, dead);
      metrics.jobsOldest.set({ lane }, oldestMs / 1_000);
      const { jobsOpenMax, jobsDeadMax, jobsAlarmShare } = directoryLimits;
      const share = Math.max(open / jobsOpenMax, dead / jobsDeadMax);
      if (share >= jobsAlarmShare) log.error({ lane, open, dead, share }, 'jobs are piling up');
    } catch (error) {
      log.warn({ err: error, lane }, 'jobs not counted');
    }
  }

  private async run(): Promise<void> {
    let isPrepared = false;
    let pauseMs: number = limits.idleMs;
    while (!this.isStopping) {
      try {
        if (!isPrepared) await prepareJobs(this.options.link, this.options.lane);
        isPrepared = true;
        const taken = await this.round();
        this.isTroubled = false;
        pauseMs = taken > 0 ? 0 : Math.min(Math.max(pauseMs * 2, limits.idleMs), limits.idleMaxMs);
      } catch (error) {
        isPrepared = false;
        this.trouble(error);
        pauseMs = Math.min(Math.max(pauseMs * 2, limits.idleMs), limits.troubleMaxMs);
      }
      if (pauseMs > 0 || this.running.size >= limits.runningMax) await this.pause(Math.max(pauseMs, limits.idleMs));
    }
  }

  private trouble(error: unknown): void {
    if (!this.isTroubled) this.options.log.warn({ err: error, lane: this.options.lane }, 'jobs cannot be had');
    this.isTroubled = true;
  }

  /** Begins what is due and fits; the number of jobs. */
  private async round(): Promise<number> {
    const { link, lane, reader, isReady } = this.options;
    const free = limits.runningMax - this.running.size;
    if (free <= 0 || isReady?.() === false) return 0;
    const taken = await takeJobs(link, lane, reader, free);
    for (const job of taken) this.begin(job);
    return taken.length;
  }

  private begin(job: TakenJob): void {
    // Given to us once more because we were silent for too long: the older run has lost it.
    this.running.get(job.id)?.cancel.abort();
    const running = { ...job, cancel: new AbortController() };
    this.running.set(job.id, running);
    const end = this.work(running).finally(() => {
      if (this.running.get(job.id) === running) this.running.delete(job.id);
      this.ends.delete(end);
      this.wakeUp?.();
    });
    this.ends.add(end);
  }

  /** Runs the handler and tells Redis; never rejects. What cannot be told comes again when the lease is over. */
  private async work(job: Running): Promise<void> {
    const { link, lane, log, metrics } = this.options;
    const { kind: name, key } = parseJobId(job.id);
    const work = this.options.find(name);
    const triesMax = work?.kind.triesMax ?? strangeTriesMax;
    let result: string;
    try {
      if (job.tries > triesMax) result = await this.bury(job, 'the process that ran it ended each time');
      else {
        const fault = work ? await this.attempt(job, key, work) : new TypeError(`this release does not know ${name}`);
        if (fault === null) result = await finishJob(link, lane, job);
        else if (fault instanceof HopelessJob || job.tries >= triesMax) result = await this.bury(job, reasonOf(fault));
        else {
          const delayMs = work ? backOff(work.kind, job.tries) : strangeBackOffMs;
          result = await retryJob(link, lane, job, { delayMs, reason: reasonOf(fault) });
          if (!(fault instanceof PostponedJob))
            log.warn({ kind: name, tries: job.tries, fault: fault.name }, 'job failed and is tried again');
        }
      }
    } catch (error) {
      log.warn({ err: error, kind: name, tries: job.tries }, 'what came of a job was not noted');
      result = 'unknown';
    }
    metrics.jobRuns.inc({ kind: work ? name : 'unknown', result });
  }

  /** Null where it was done. */
  private async attempt(job: Running, key: string, { kind, run }: Work): Promise<Error | null> {
    const payload = parsePayload(kind, job.payload);
    if (payload === malformed) return new HopelessJob('malformed payload');
    const signal = AbortSignal.any([job.cancel.signal, AbortSignal.timeout(kind.timeoutMs)]);
    const context = { key, tries: job.tries, isLastTry: job.tries >= kind.triesMax, signal };
    try {
      await untilAborted(run(payload, context), signal);
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  private async bury(job: Running, reason: string): Promise<string> {
    const { link, lane, log } = this.options;
    const { kind, key } = parseJobId(job.id);
    const result = await buryJob(link, lane, job, reason);
    if (result === 'buried') log.error({ kind, key, tries: job.tries, reason }, 'job failed for good');
    return result;
  }

  /** Never rejects: what is not kept is begun anew by another process, and handlers take that. */
  private async keep(): Promise<void> {
    const { link, lane, reader } = this.options;
    const jobs = [...this.running.values()];
    if (jobs.length === 0) return;
    try {
      const kept = await keepJobs(link, lane, reader, jobs);
      for (const { id, cancel } of jobs) if (!kept.has(id)) cancel.abort();
    } catch (error) {
      this.trouble(error);
    }
  }

  private cancelAll(): void {
    for (const { cancel } of this.running.values()) cancel.abort();
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.wakeUp = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.wakeUp = done;
    });
  }
}

const malformed = Symbol('malformed');

function parsePayload(kind: JobKind, text: string): unknown {
  try {
    const result = kind.payload.safeParse(JSON.parse(text));
    return result.success ? result.data : malformed;
  } catch {
    return malformed;
  }
}

function isJobName(name: string): name is JobName {
  return Object.hasOwn(jobKinds, name);
}

function reasonOf(fault: Error): string {
  const code = fault instanceof DirectoryError ? ` ${fault.code}` : '';
  return `${fault.name}${code}: ${fault.message}`;
}

/** The work, or a rejection once the signal aborts; what the work does after that counts no more. */
async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (signal.aborted) onAbort();
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
