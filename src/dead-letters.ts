import { carryOut, Refusal, say, when, withRedis } from './command.ts';
import { readRedisUrl } from './config.ts';
import { type DeadJob, deadJobs, replayJob, tidyJobs } from './directory/jobs.ts';
import { jobLanes } from './directory/keys.ts';
import { directoryLimits } from './directory/limits.ts';
import type { RedisLink } from './directory/redis.ts';

/** What has failed for good, and what waits. Needs REDIS_URL alone. */

const USAGE = `npm run jobs -- COMMAND
  list [KIND]             how many jobs wait, and what failed for good, newest first
  replay ENTRY|KIND|all   begins it anew: one entry of the list, all of a kind, or all`;
const ENTRY = /^\d+-\d+$/;

const kindOf = ({ id }: DeadJob): string => id.split('|')[0] ?? '';

async function letters(link: RedisLink, isMeant: (job: DeadJob) => boolean): Promise<DeadJob[]> {
  const lists = await Promise.all(jobLanes.map((lane) => deadJobs(link, lane, directoryLimits.jobsDeadMax)));
  return lists.flat().filter(isMeant);
}

async function list(link: RedisLink, kind: string | undefined): Promise<void> {
  for (const lane of jobLanes) {
    const { open, later, running, failing, dead, oldestMs } = await tidyJobs(link, lane);
    const age = `${Math.round(oldestMs / 1_000)} s overdue`;
    say(`${lane}: ${open} open (${later} later, ${running} running, ${failing} failing, ${age}), ${dead} dead`);
  }
  for (const job of await letters(link, (each) => kind === undefined || kindOf(each) === kind)) {
    const { entry, id, tries, reason, buriedAt } = job;
    say(`${entry}  ${when(buriedAt)}  ${id}  after ${tries} tries: ${reason}`);
  }
}

async function replay(link: RedisLink, which: string): Promise<void> {
  const isMeant = (job: DeadJob) => which === 'all' || (ENTRY.test(which) ? job.entry : kindOf(job)) === which;
  const meant = await letters(link, isMeant);
  if (meant.length === 0) throw new Refusal(`nothing of ${JSON.stringify(which)} has failed for good`);
  for (const { lane, entry } of meant) {
    const id = await replayJob(link, lane, entry);
    if (id !== null) say(`${id} begins anew`);
  }
}

function run(link: RedisLink, words: readonly string[]): Promise<void> {
  const [command, which, ...more] = words;
  if (command === 'list' && more.length === 0) return list(link, which);
  if (command === 'replay' && which !== undefined && more.length === 0) return replay(link, which);
  throw new Refusal(`usage: ${USAGE}`);
}

await carryOut(() => withRedis(readRedisUrl(process.env), (link) => run(link, process.argv.slice(2))));
