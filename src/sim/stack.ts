import { randomBytes } from 'node:crypto';
import { seed } from '../../entities/seed/index.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type DatabaseServer, startPglite } from '../embedded/postgres.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { openDatabase } from '../services/database.ts';
import { type FakeModel, type FakeModelOptions, startFakeModel } from './model/index.ts';
import { type NodeProcess, spawnNode } from './node-process.ts';
import { startPostgres } from './parts/postgres.ts';
import { type FakeTwilio, type FakeTwilioOptions, startFakeTwilio } from './twilio/index.ts';

/** What every node of the stack is told; tests of several nodes change some of it. */
export const PUBLIC_HOST = 'aida.example.com';
const PUBLIC_URL = `https://${PUBLIC_HOST}`;
const OVERRIDES = '#ct=1000&rt=2500&rc=3&rp=all';

export interface StackOptions {
  database?: 'pglite' | 'postgres';
  /** Null: the model is elsewhere, and `env` says where. */
  model?: FakeModelOptions | null;
  twilio?: Pick<FakeTwilioOptions, 'faults' | 'staff' | 'seed'>;
  /** More settings of the node, or other ones. */
  env?: Record<string, string>;
  /** Arguments of the node: `--amnesia`. */
  args?: readonly string[];
  /** Lines that the node writes. */
  onLog?: (line: string) => void;
  /** Told what is being started, for whoever waits. */
  onStep?: (step: string) => void;
}

/** Everything around one real node. */
export interface Stack {
  twilio: FakeTwilio;
  model: FakeModel | null;
  redis: RedisServer;
  /** A connection of our own, to look at what the node wrote. */
  link: RedisLink;
  database: DatabaseServer;
  node: NodeProcess;
  /** The environment of the node; another node of the same fleet takes it with its own NODE_ID. */
  env: Record<string, string>;
  adminToken: string;
  /** `stop` was called. */
  readonly stopping: boolean;
  stop(): Promise<void>;
}

type Ending = () => Promise<unknown>;

/** Starts Redis, a migrated and filled database, the fakes and one node of `src/main.ts`; on a failure ends what it began. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const endings: Ending[] = [];
  let stopping = false;
  const stop = async (): Promise<void> => {
    stopping = true;
    for (const end of endings.splice(0).toReversed()) await end();
  };
  try {
    const parts = await build(options, endings);
    return {
      ...parts,
      get stopping() {
        return stopping;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(options: StackOptions, endings: Ending[]): Promise<Omit<Stack, 'stop' | 'stopping'>> {
  const step = options.onStep ?? (() => undefined);
  const started = <T>(what: Promise<T>, end: (part: T) => Promise<unknown>): Promise<T> =>
    what.then((part) => {
      endings.push(() => end(part));
      return part;
    });
  step('Redis and the database');
  const redisStart = started(startRedis(), (server) => server.stop());
  const databaseStart = started(options.database === 'postgres' ? startPostgres() : startPglite(), (server) =>
    server.stop(),
  );
  // Both have come to their end, good or bad, before either may fail: what began must be known to be ended.
  await Promise.allSettled([redisStart, databaseStart]);
  const redis = await redisStart;
  const database = await databaseStart;
  await fill(database.url);
  step('the fakes');
  const account = { accountSid: `AC${randomBytes(16).toString('hex')}`, authToken: randomBytes(16).toString('hex') };
  const model =
    options.model === null ? null : await started(startFakeModel(options.model ?? {}), (fake) => fake.close());
  const twilio = await started(
    startFakeTwilio({
      ...account,
      hosts: {},
      number: {
        voiceUrl: `${PUBLIC_URL}/voice${OVERRIDES}`,
        voiceFallbackUrl: `${PUBLIC_URL}/voice/fallback`,
        statusCallback: `${PUBLIC_URL}/voice/status${OVERRIDES}`,
      },
      ...options.twilio,
    }),
    (fake) => fake.close(),
  );
  const adminToken = randomBytes(16).toString('hex');
  const env: Record<string, string> = {
    HOST: '127.0.0.1',
    PORT: '0',
    OPS_PORT: '0',
    PUBLIC_URL,
    NODE_ID: 'node-1',
    REDIS_URL: redis.url,
    DATABASE_URL: database.url,
    TWILIO_ACCOUNT_SID: account.accountSid,
    TWILIO_AUTH_TOKEN: account.authToken,
    TWILIO_API_URL: twilio.apiUrl,
    OPENAI_API_KEY: 'fake',
    ADMIN_TOKEN: adminToken,
    ...(model ? { OPENAI_REALTIME_URL: model.url } : {}),
    ...options.env,
  };
  step('Aida');
  const node = await started(spawnNode(env, options.onLog, options.args), (one) => one.stop());
  endings.push(() => twilio.close());
  for (const scheme of ['https', 'wss']) twilio.hosts[`${scheme}://${PUBLIC_HOST}`] = `127.0.0.1:${node.port}`;
  const link = await started(connectRedis(redis.url), (one) => one.close());
  return { twilio, model, redis, link, database, node, env, adminToken };
}

async function fill(url: string): Promise<void> {
  const source = await openDatabase(url, { poolMax: 1 });
  await seed(source, Date.now());
  await source.destroy();
}
