import { parseArgs } from 'node:util';
import type { DataSource } from 'typeorm';
import { StoreSettingsEntity } from '../entities/store-settings.ts';
import { factsInKafka, factsInRedis, withoutSyntheticCalls } from './analytics/fact-sources.ts';
import { type FactSource, rebuild, type Rebuilt } from './analytics/rebuild.ts';
import { ShadowTaken } from './analytics/shadow.ts';
import { carryOut, Refusal, say, withRedis } from './command.ts';
import { readKafkaSettings, readRedisUrl, readSome } from './config.ts';
import { createKafkaLink } from './kafka/client.ts';
import { createNumberKey, type NumberKey } from './privacy/number-key.ts';
import { emptyCatalog } from './services/catalog.ts';
import { openDatabase } from './services/database.ts';
import { createSyntheticCheck } from './telemetry/synthetic-sid.ts';

/** Makes the tables that are learned from calls anew, from the facts. */

const USAGE = `npm run rebuild [-- --check]
  makes what is learned from calls anew from Kafka (KAFKA_BROKERS), or without it from the journals of the last day in
  Redis (REDIS_URL), and puts what differs in its place in one transaction; DATABASE_URL and TWILIO_AUTH_TOKEN, by which
  synthetic calls are known, are needed
  --check   only tells what differs; exit code 1 if there is anything`;
const STATEMENT_MS = 600_000;
const TOLD_EVERY = 50_000;

function readOrder(): { isCheck: boolean } {
  try {
    const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
    return { isCheck: values.check };
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

async function policyOf(dataSource: DataSource) {
  const settings = await dataSource.getRepository(StoreSettingsEntity).findOneBy({ id: 1 });
  return settings ? { transcriptDays: settings.transcriptDays, callDays: settings.callDays } : emptyCatalog.retention;
}

function keyOf(): NumberKey | null {
  const { ERASURE_SECRET: secret } = readSome(process.env, ['ERASURE_SECRET']);
  return secret === undefined ? null : createNumberKey(secret);
}

function tell({ facts, refused, calls, kept, wrong }: Rebuilt, isCheck: boolean): void {
  say(`${facts} facts, ${calls} calls made anew, ${kept} calls left as they were: older or younger than what was read`);
  if (refused > 0) say(`${refused} facts were refused by the database: calls were made without them`);
  const tables = Object.entries(wrong);
  for (const [table, { removed, added }] of tables)
    say(
      `  ${table}: ${removed} rows ${isCheck ? 'are wrong or too many' : 'removed'}, ${added} ${isCheck ? 'wrong or missing' : 'written'}`,
    );
  if (tables.length === 0) say('every row was as the facts say');
  if (isCheck && tables.length > 0) process.exitCode = 1;
}

async function run(facts: FactSource, isCheck: boolean): Promise<void> {
  const { TWILIO_AUTH_TOKEN: tokens } = readSome(process.env, ['TWILIO_AUTH_TOKEN']);
  const source = withoutSyntheticCalls(facts, createSyntheticCheck(tokens));
  const { DATABASE_URL: url } = readSome(process.env, ['DATABASE_URL']);
  if (url === undefined) throw new Refusal('DATABASE_URL is not set: postgres://…');
  const dataSource = await openDatabase(url, { poolMax: 2, statementMs: STATEMENT_MS, migrates: false });
  let told = 0;
  const onProgress = (facts: number): void => {
    if (facts < told + TOLD_EVERY) return;
    told = facts;
    say(`${facts} facts so far`);
  };
  try {
    const policy = await policyOf(dataSource);
    tell(await rebuild({ dataSource, source, key: keyOf(), policy, isCheck, now: Date.now, onProgress }), isCheck);
  } catch (error) {
    throw error instanceof ShadowTaken ? new Refusal(error.message) : error;
  } finally {
    await dataSource.destroy();
  }
}

await carryOut(async () => {
  const { isCheck } = readOrder();
  const settings = readKafkaSettings(process.env);
  if (settings === null) return withRedis(readRedisUrl(process.env), (link) => run(factsInRedis(link), isCheck));
  const skipped = new Map<string, number>();
  const log = { warn: (_: object, said?: string) => void process.stderr.write(`${said ?? ''}\n`) };
  const kafka = createKafkaLink(settings, 'aida-rebuild', log);
  await run(
    factsInKafka(kafka, (why) => skipped.set(why, (skipped.get(why) ?? 0) + 1)),
    isCheck,
  );
  for (const [why, count] of skipped) process.stderr.write(`${count} messages were passed over: ${why}\n`);
});
