import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { DataSource } from 'typeorm';
import packageJson from '../package.json' with { type: 'json' };
import { carryOut, Refusal, say, withRedis } from './command.ts';
import { readKafkaSettings, readRedisUrl, readSome } from './config.ts';
import type { RedisLink } from './directory/redis.ts';
import { createKafkaLink } from './kafka/client.ts';
import { createNumberKey } from './privacy/number-key.ts';
import { type KeptJournal, journalText } from './replay/journal-file.ts';
import { differences, type Made } from './replay/made.ts';
import { differencePage, page } from './replay/page.ts';
import { replayed, type Replayed } from './replay/replayed.ts';
import { scoreOf } from './replay/score.ts';
import {
  findJournal,
  isCallSid,
  journalsInKafka,
  journalsInRedis,
  madeByService,
  readFromFile,
  refuseErased,
  refuseErasedNumber,
} from './replay/sources.ts';
import { openDatabase } from './services/database.ts';

/** Folds the journal of a call again and tells it as a score. */

const USAGE = `npm run replay -- CALLSID|FILE
  a CallSid: from REDIS_URL for a day after the call, later from KAFKA_BROKERS; with DATABASE_URL, and ERASURE_SECRET,
             erased calls are known, and --diff compares with what was kept
  a file: what --save wrote, or a journal of machines/golden; needs nothing
  --diff        what this release makes of it otherwise than the one that wrote it; exit code 1 if there is anything
  --json        for programs
  --save FILE   keeps it, with what this release makes of it`;

interface Order {
  what: string;
  isDiff: boolean;
  isJson: boolean;
  saveAs: string | undefined;
}

function readOrder(): Order {
  const options = { diff: { type: 'boolean' }, json: { type: 'boolean' }, save: { type: 'string' } } as const;
  try {
    const { positionals, values } = parseArgs({ options, allowPositionals: true });
    const [what] = positionals;
    if (what !== undefined && positionals.length === 1)
      return { what, isDiff: values.diff ?? false, isJson: values.json ?? false, saveAs: values.save };
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
  throw new Refusal(`usage: ${USAGE}`);
}

async function withDatabase(work: (dataSource: DataSource | null) => Promise<void>): Promise<void> {
  const { DATABASE_URL: url } = readSome(process.env, ['DATABASE_URL']);
  if (url === undefined) return work(null);
  const dataSource = await openDatabase(url, { poolMax: 1, migrates: false });
  try {
    await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

function fold(callSid: string, journal: KeptJournal['journal']): Replayed {
  try {
    return replayed(callSid, journal);
  } catch (error) {
    throw new Refusal(`this release cannot fold ${callSid}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function tell(
  order: Order,
  { callSid, journal }: KeptJournal,
  madeBy: (now: Replayed) => Promise<Made | null>,
): Promise<void> {
  const now = fold(callSid, journal);
  const score = scoreOf(now);
  const made = order.isDiff ? await madeBy(now) : null;
  const found = made && differences(now, made);
  if (order.saveAs !== undefined)
    await writeFile(order.saveAs, journalText(now, journal, { release: packageJson.version, savedAt: new Date() }));
  if (order.isJson) {
    const { end, missed, corrupt, claims } = now;
    say(
      JSON.stringify({
        ...score,
        end,
        missed,
        corrupt,
        claims,
        ...(made && { comparedWith: made.by, differences: found }),
      }),
    );
  } else {
    say(page(score));
    if (made && found) say(`\n${differencePage(found, made)}`);
  }
  if (found && found.length > 0) process.exitCode = 1;
}

async function ofCall(link: RedisLink, order: Order): Promise<void> {
  await withDatabase(async (dataSource) => {
    const callSid = order.what;
    if (dataSource) await refuseErased(dataSource, callSid);
    const settings = readKafkaSettings(process.env);
    const log = { warn: (_: object, said?: string) => void process.stderr.write(`${said ?? ''}\n`) };
    const kafka = settings ? [journalsInKafka(createKafkaLink(settings, 'aida-replay', log))] : [];
    const journal = await findJournal(callSid, [journalsInRedis(link), ...kafka]);
    const { ERASURE_SECRET: secret } = readSome(process.env, ['ERASURE_SECRET']);
    if (dataSource && secret) await refuseErasedNumber(dataSource, createNumberKey(secret), fold(callSid, journal));
    await tell(order, { callSid, journal, made: null }, (now) => madeByService(now, { link, dataSource }));
  });
}

await carryOut(async () => {
  const order = readOrder();
  if (isCallSid(order.what)) return withRedis(readRedisUrl(process.env), (link) => ofCall(link, order));
  const kept = await readFromFile(order.what);
  if (order.isDiff && !kept.made) throw new Refusal(`${order.what} does not say what was made of it`);
  return tell(order, kept, async () => kept.made);
});
