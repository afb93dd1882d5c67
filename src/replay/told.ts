import { readJournal } from '../directory/journal.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Score } from '../services/call-score.ts';
import type { Log } from '../telemetry/log.ts';
import { withRedactions } from './redacted.ts';
import { replayed } from './replayed.ts';
import { scoreOf } from './score.ts';

/** A call as its journal in Redis tells it; null without one, or where it cannot be read. */
export async function toldByJournal(link: RedisLink, callSid: string, log: Pick<Log, 'warn'>): Promise<Score | null> {
  try {
    const journal = await readJournal(link, callSid);
    return journal.some(({ kind }) => kind === 'fact') ? scoreOf(replayed(callSid, withRedactions(journal))) : null;
  } catch (error) {
    log.warn({ err: error, callSid }, 'a journal cannot be told');
    return null;
  }
}
