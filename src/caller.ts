import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import type { DataSource } from 'typeorm';
import { PrivacyRecordEntity } from '../entities/privacy-record.ts';
import { carryOut, Refusal, say, when, withRedis } from './command.ts';
import { readRedisUrl, readSome } from './config.ts';
import type { RedisLink, RedisScan } from './directory/redis.ts';
import { createJobs } from './jobs/queue.ts';
import { eraseCaller } from './privacy/erase.ts';
import { exportCaller } from './privacy/export.ts';
import { createNumberKey } from './privacy/number-key.ts';
import { callerKey } from './services/caller-number.ts';
import { openDatabase } from './services/database.ts';

/** What is known of one caller, and how it is erased. Needs REDIS_URL and DATABASE_URL; erasing needs ERASURE_SECRET. */

const USAGE = `npm run caller -- COMMAND
  export NUMBER --reason WHY [--to FILE]   everything that is known of the number, as JSON; caller.json unless given
  erase NUMBER --reason WHY                erases all of it, up to now; may be repeated
  log [N]                                  what was exported, erased and deleted by age, newest first; 20 unless given
  --by WHO                                 instead of the name of this system's user`;
const FILE_DEFAULT = 'caller.json';
/** Nobody else's on the machine. */
const FILE_MODE = 0o600;
const LOG_DEFAULT = 20;
const LOG_MAX = 1_000;
const STATEMENT_MS = 60_000;

interface Order {
  words: readonly string[];
  by: string;
  reason: string;
  to: string;
}

function readOrder(): Order {
  const text = { type: 'string' } as const;
  try {
    const { positionals, values } = parseArgs({
      options: { by: text, reason: text, to: text },
      allowPositionals: true,
    });
    const { by, reason = '', to = FILE_DEFAULT } = values;
    return { words: positionals, by: by || userInfo().username, reason: reason.trim(), to };
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

function numberOf(text: string): string {
  const number = callerKey(text);
  if (number === null) throw new Refusal(`${JSON.stringify(text)} is no number of a caller: +, country, number`);
  return number;
}

function reasonOf({ reason }: Order): string {
  if (reason === '') throw new Refusal('say why, for the log: --reason "…"');
  return reason;
}

interface Stores {
  link: RedisLink & RedisScan;
  dataSource: DataSource;
}

function keyOrNull() {
  const { ERASURE_SECRET: secret } = readSome(process.env, ['ERASURE_SECRET']);
  return secret === undefined ? null : createNumberKey(secret);
}

async function write({ link, dataSource }: Stores, order: Order, number: string): Promise<void> {
  const deps = { link, dataSource, key: keyOrNull() };
  const made = await exportCaller(deps, { number, by: order.by, reason: reasonOf(order) });
  await writeFile(order.to, `${JSON.stringify(made, null, 2)}\n`, { mode: FILE_MODE });
  const { calls, voicemails, recordings, callbacks, current } = made;
  say(
    `${order.to}: ${calls.length} calls, ${voicemails.length} messages, ${recordings.length} recordings, ` +
      `${callbacks.length} call-backs`,
  );
  const live = current.filter(({ ended }) => ended === null).map(({ callSid }) => callSid);
  if (live.length > 0) say(`still going on, and not complete: ${live.join(', ')}`);
}

async function erase({ link, dataSource }: Stores, order: Order, number: string): Promise<void> {
  const key = keyOrNull();
  if (key === null) throw new Refusal('ERASURE_SECRET is not set: without it the caller could not be known again');
  const jobs = createJobs(link);
  const deleteRecording = async (of: 'voicemail' | 'call', recordingSid: string): Promise<void> => {
    // Where there is no room for the job, the hourly look for what is given up finds it.
    await jobs.enqueue('recording.delete', `${of}:${recordingSid}`, { of, recordingSid });
  };
  const reason = reasonOf(order);
  const { erasureId, until, calls, live, counts } = await eraseCaller(
    { link, dataSource, key, deleteRecording },
    { number, by: order.by, reason },
  );
  say(`${erasureId}: ${calls} calls up to ${when(until)} are erased`);
  for (const [what, count] of Object.entries(counts))
    say(`  ${what} ${count}${what === 'recordings' ? ', their sound within minutes' : ''}`);
  for (const callSid of live)
    say(`  ${callSid} still goes on: nothing more of it is kept, its journal goes within minutes of its end`);
}

async function log({ dataSource }: Stores, text: string): Promise<void> {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > LOG_MAX)
    throw new Refusal(`the number of entries is ${JSON.stringify(text)}: must be 1 to ${LOG_MAX}`);
  const records = await dataSource
    .getRepository(PrivacyRecordEntity)
    .find({ order: { at: 'DESC', id: 'ASC' }, take: count });
  for (const { at, act, subject, by, reason, counts } of records) {
    const whose = subject === null ? '' : ` of ${subject.slice(0, 12)}`;
    const what = Object.entries(counts)
      .map(([name, number]) => `${name} ${number}`)
      .join(', ');
    say(
      `${when(at.getTime())} ${by || 'by age'}: ${act}${whose}: ${what || 'nothing'}${reason === '' ? '' : ` (${reason})`}`,
    );
  }
}

function run(stores: Stores, order: Order): Promise<void> {
  const [command, first, ...more] = order.words;
  if (command === 'export' && first !== undefined && more.length === 0) return write(stores, order, numberOf(first));
  if (command === 'erase' && first !== undefined && more.length === 0) return erase(stores, order, numberOf(first));
  if (command === 'log' && more.length === 0) return log(stores, first ?? String(LOG_DEFAULT));
  throw new Refusal(`usage: ${USAGE}`);
}

await carryOut(() => {
  const order = readOrder();
  const redisUrl = readRedisUrl(process.env);
  const { DATABASE_URL: databaseUrl } = readSome(process.env, ['DATABASE_URL']);
  if (databaseUrl === undefined) throw new Refusal('DATABASE_URL is not set: postgres://…');
  return withRedis(redisUrl, async (link) => {
    const dataSource = await openDatabase(databaseUrl, { poolMax: 1, statementMs: STATEMENT_MS, migrates: false });
    try {
      await run({ link, dataSource }, order);
    } finally {
      await dataSource.destroy();
    }
  });
});
