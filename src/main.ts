import { ConfigError, readConfig, type Config } from './config.ts';
import { defaultNodeUrl } from './config-addresses.ts';
import { startPglite } from './embedded/postgres.ts';
import { startRedis } from './embedded/redis.ts';
import { seed } from '../entities/seed/index.ts';
import { nativeServer } from './http/native.ts';
import { startNode } from './node.ts';
import { openDatabase } from './services/database.ts';
import { createLog } from './telemetry/log.ts';

/** Streams that were told to end get this long to hear it before the process is gone. */
const ABANDON_MS = 200;
/** What does not close by then, once no call is left, is left to the system. */
const CLOSE_MS = 15_000;

function configOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

if (process.argv.includes('--faults')) (await import('./faults.ts')).obeyFaults();
const config = configOrExit();
const log = createLog(config.logLevel, {
  nodeId: config.nodeId,
  secrets: secretsOf(config),
});
const redis = config.redisUrl === null ? await startRedis() : null;
const database = config.databaseUrl === null ? await startPglite() : null;
const redisUrl = config.redisUrl ?? redis?.url ?? '';
const databaseUrl = config.databaseUrl ?? database?.url ?? '';
if (database) await seedDatabase(databaseUrl);
const node = await startNode(
  { ...config, redisUrl, databaseUrl },
  { log, amnesia: process.argv.includes('--amnesia') },
).catch((error: unknown) => {
  log.fatal({ err: error }, 'the node could not start');
  log.flush(() => process.exit(1));
  return new Promise<never>(() => {});
});

/** Never written to the log, wherever they turn up. */
function secretsOf(config: Config): string[] {
  const { twilio, streamTokenSecret, openai, fallback, adminToken, erasureSecret, recordings, notices, traces } =
    config;
  const mailPassword = notices.smtpUrl === null ? '' : decodeURIComponent(new URL(notices.smtpUrl).password);
  const bucketKey = recordings?.kind === 's3' ? recordings.secretAccessKey : '';
  const models = [openai.apiKey, fallback?.apiKey ?? ''];
  const kafkaPassword = config.kafka?.sasl?.password ?? '';
  const passwords = [mailPassword, kafkaPassword];
  const own = [streamTokenSecret, adminToken ?? '', erasureSecret ?? '', notices.notifySecret, bucketKey];
  return [...twilio.authTokens, ...models, ...own, ...passwords, ...Object.values(traces?.headers ?? {})];
}

/** The embedded database begins with the first tenant's data. */
async function seedDatabase(url: string): Promise<void> {
  const source = await openDatabase(url, { poolMax: 1 });
  await seed(source, Date.now());
  await source.destroy();
}

let signals = 0;
/** Calls finish or are handed over first; at the second signal they are handed over at once. */
function leave(signal: string): void {
  log.info({ signal }, 'asked to end');
  node.drain(signals++ > 0);
}

async function close(): Promise<void> {
  setTimeout(() => process.exit(1), CLOSE_MS).unref();
  await node.close();
  await Promise.all([redis?.stop(), database?.stop()]);
  log.flush(() => process.exit(0));
}

/** The state of this process is not to be trusted: its calls go on through the carrier's next question. */
function abandon(error: unknown): void {
  log.fatal({ err: error }, 'an exception reached nobody');
  node.abandon();
  setTimeout(() => process.exit(1), ABANDON_MS);
}

process.on('SIGTERM', leave);
process.on('SIGINT', leave);
void node.left.then(close);
process.on('uncaughtException', abandon);
process.on('unhandledRejection', abandon);

log.info(
  { port: node.port, opsPort: node.opsPort, server: nativeServer() },
  `${node.storeName} Voice Assistant running on port ${node.port ?? node.opsPort}`,
);
if (config.phone && config.roles.includes('console'))
  log.info({ url: `${defaultNodeUrl(config.host, node.opsPort)}/phone` }, 'call from a browser');
