import { type JobLane, jobKeys } from './keys.ts';
import { directoryLimits } from './limits.ts';
import type { RedisLink } from './redis.ts';
import { readReply, readStreamEntries, readTexts, unknownKind } from './reply.ts';
import type { Script } from './scripts/script.ts';
import {
  buryJobScript,
  enqueueJobScript,
  finishJobScript,
  keepJobsScript,
  prepareJobsScript,
  replayJobScript,
  retryJobScript,
  takeJobsScript,
  tidyJobsScript,
} from './scripts/jobs.ts';

/** A job that this worker has been given. */
export interface TakenJob {
  /** The stream's entry. */
  entry: string;
  id: string;
  payload: string;
  /** Times that it was begun, this one included. */
  tries: number;
  /** From when on it was to be run, Redis-clock ms. */
  since: number;
}

export type JobSeat = Pick<TakenJob, 'entry' | 'id' | 'tries'>;

export interface DeadJob {
  lane: JobLane;
  entry: string;
  id: string;
  payload: string;
  tries: number;
  reason: string;
  /** Redis-clock ms. */
  buriedAt: number;
}

export interface JobStats {
  /** Neither done nor dead. */
  open: number;
  /** Of them: put off until a time. */
  later: number;
  /** Of them: given to a worker. */
  running: number;
  /** Of them: failed at least once. */
  failing: number;
  dead: number;
  /** How long the oldest open job has been to be run. */
  oldestMs: number;
}

const { jobKeyLifeMs } = directoryLimits;

function run(link: RedisLink, lane: JobLane, script: Script, args: readonly (string | number)[]): Promise<unknown> {
  const keys: Record<string, string> = jobKeys(lane);
  return link.run(
    script,
    script.keys.map((name) => keys[name] ?? name),
    args,
  );
}

/** What came of a wish for a job. */
export type Enqueued = 'enqueued' | 'sooner' | 'known' | 'full';
const enqueuedKinds: ReadonlySet<string> = new Set<Enqueued>(['enqueued', 'sooner', 'known', 'full']);

/**
 * Notes a job; `at` is Redis-clock ms, 0 for now. `known`: one of that id is open, or was over within `jobOverLifeMs`.
 * `sooner`: it was put off to a later time and not begun yet, its payload stays. `full`: too many are open, ask later.
 * @throws RangeError for an id or a payload that is too long
 */
export async function enqueueJob(
  link: RedisLink,
  lane: JobLane,
  id: string,
  payload: string,
  at: number,
): Promise<Enqueued> {
  const { jobNameChars, jobPayloadChars, jobsOpenMax } = directoryLimits;
  if (id.length > jobNameChars) throw new RangeError(`a job's name of ${id.length} characters`);
  if (payload.length > jobPayloadChars) throw new RangeError(`a job's payload of ${payload.length} characters`);
  const reply = readReply(await run(link, lane, enqueueJobScript, [id, payload, at, jobsOpenMax, jobKeyLifeMs]));
  if (isEnqueued(reply.kind)) return reply.kind;
  throw unknownKind(reply);
}

const isEnqueued = (kind: string): kind is Enqueued => enqueuedKinds.has(kind);

/** Before the first `takeJobs`, and after Redis said `noGroup`. */
export async function prepareJobs(link: RedisLink, lane: JobLane): Promise<void> {
  await run(link, lane, prepareJobsScript, [jobKeyLifeMs]);
}

/** At most so many jobs that are due, without waiting: what others left first. `reader`: unlike any other process's. */
export async function takeJobs(link: RedisLink, lane: JobLane, reader: string, max: number): Promise<TakenJob[]> {
  const { jobLeaseMs, jobsPromotedMax } = directoryLimits;
  const args = [reader, jobLeaseMs, max, jobsPromotedMax, jobKeyLifeMs];
  const value = await run(link, lane, takeJobsScript, args);
  const reply = readReply(value);
  if (reply.kind !== 'ok') throw unknownKind(reply);
  const list: unknown = Array.isArray(value) ? value[1] : null;
  return (Array.isArray(list) ? list : []).map((each: unknown) => {
    const [entry = '', id = '', payload = '', tries = '', since = ''] = readTexts(each);
    return { entry, id, payload, tries: Number(tries), since: Number(since) };
  });
}

const seat = ({ id, entry, tries }: JobSeat): (string | number)[] => [id, entry, tries];

/** To be repeated well within `jobLeaseMs` while jobs run; the ids of those that are still this worker's. */
export async function keepJobs(
  link: RedisLink,
  lane: JobLane,
  reader: string,
  jobs: readonly JobSeat[],
): Promise<Set<string>> {
  const args = [reader, ...jobs.flatMap(({ entry, id, tries }) => [entry, id, tries])];
  return new Set(readTexts(await run(link, lane, keepJobsScript, args)).slice(1));
}

/** `lost`: another worker has begun it since. */
export async function finishJob(link: RedisLink, lane: JobLane, job: JobSeat): Promise<'finished' | 'lost'> {
  const args = [...seat(job), directoryLimits.jobOverLifeMs, jobKeyLifeMs];
  const reply = readReply(await run(link, lane, finishJobScript, args));
  return reply.kind === 'finished' ? 'finished' : 'lost';
}

export async function retryJob(
  link: RedisLink,
  lane: JobLane,
  job: JobSeat,
  { delayMs, reason }: { delayMs: number; reason: string },
): Promise<'waits' | 'lost'> {
  const args = [...seat(job), Math.round(delayMs), bounded(reason), jobKeyLifeMs];
  const reply = readReply(await run(link, lane, retryJobScript, args));
  return reply.kind === 'waits' ? 'waits' : 'lost';
}

export async function buryJob(
  link: RedisLink,
  lane: JobLane,
  job: JobSeat,
  reason: string,
): Promise<'buried' | 'lost'> {
  const { jobsDeadMax, jobOverLifeMs } = directoryLimits;
  const args = [...seat(job), bounded(reason), jobsDeadMax, jobOverLifeMs, jobKeyLifeMs];
  const reply = readReply(await run(link, lane, buryJobScript, args));
  return reply.kind === 'buried' ? 'buried' : 'lost';
}

/** Newest first. */
export async function deadJobs(link: RedisLink, lane: JobLane, max: number): Promise<DeadJob[]> {
  const value = await link.command('xrevrange', jobKeys(lane).dead, '+', '-', 'COUNT', max);
  return readStreamEntries(value).map(({ id: entry, fields }) => ({
    lane,
    entry,
    id: fields.get('j') ?? '',
    payload: fields.get('p') ?? '',
    tries: Number(fields.get('n') ?? '0'),
    reason: fields.get('r') ?? '',
    buriedAt: Number(entry.split('-')[0]),
  }));
}

/** Begins a dead job anew; its id, or null if there is no such entry. */
export async function replayJob(link: RedisLink, lane: JobLane, entry: string): Promise<string | null> {
  const reply = readReply(await run(link, lane, replayJobScript, [entry, jobKeyLifeMs]));
  return reply.kind === 'replayed' ? reply.text(1) : null;
}

/** Forgets what is over long enough; how the lane stands. Any number of processes may do it at once. */
export async function tidyJobs(link: RedisLink, lane: JobLane): Promise<JobStats> {
  const { jobsOverMax, jobReaderLifeMs } = directoryLimits;
  const reply = readReply(await run(link, lane, tidyJobsScript, [jobKeyLifeMs, jobsOverMax, jobReaderLifeMs]));
  if (reply.kind !== 'ok') throw unknownKind(reply);
  return {
    open: reply.number(1),
    later: reply.number(2),
    running: reply.number(3),
    failing: reply.number(4),
    dead: reply.number(5),
    oldestMs: reply.number(6),
  };
}

const bounded = (reason: string): string => reason.slice(0, directoryLimits.jobReasonChars);
