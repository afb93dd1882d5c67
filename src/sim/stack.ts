import { randomBytes } from 'node:crypto';
import { seed } from '../../entities/seed/index.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type DatabaseServer, startPglite } from '../embedded/postgres.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { openDatabase } from '../services/database.ts';
import { Fleet, type NodeStart, OVERRIDES, PUBLIC_URL } from './fleet.ts';
import { type FakeModel, type FakeModelOptions, startFakeModel } from './model/index.ts';
import type { NodeProcess } from './node-process.ts';
import { startPostgres } from './parts/postgres.ts';
import { renderStore } from './rendered-lines.ts';
import { closeProxies, type StackProxies, startProxies } from './stack-proxies.ts';
import { type FakeTwilio, type FakeTwilioOptions, startFakeTwilio } from './twilio/index.ts';

export interface StackOptions {
  /** So many nodes, `node-1` and on, each with a media address of its own; left out: one, at the public name's. */
  nodes?: number;
  /** What is different for this node, 0 the first. */
  each?: (index: number) => NodeStart;
  /** Put {@link StackProxies} between the parts. */
  proxied?: boolean;
  /** Another Redis than a plain one, ended with the stack. */
  redis?: () => Promise<RedisServer>;
  /** A function: another database than a plain one, ended with the stack. */
  database?: 'pglite' | 'postgres' | (() => Promise<DatabaseServer>);
  /** Null: the model is elsewhere, and `env` says where. */
  model?: FakeModelOptions | null;
  /** The fake speaks Aida's own sentences too, and all are rendered before the first node starts; left out: it refuses to. */
  speech?: boolean;
  twilio?: Pick<FakeTwilioOptions, 'faults' | 'staff' | 'seed'>;
  /** What else the database holds before the first node starts. */
  prepare?: (databaseUrl: string) => Promise<void>;
  /** More settings of every node, or other ones. */
  env?: Record<string, string>;
  /** Arguments of every node: `--amnesia`. */
  args?: readonly string[];
  /** Lines that the nodes write; 0 is the first. */
  onLog?: (line: string, node: number) => void;
  /** Told what is being started, for whoever waits. */
  onStep?: (step: string) => void;
}

/** Everything around real nodes. */
export interface Stack {
  twilio: FakeTwilio;
  model: FakeModel | null;
  redis: RedisServer;
  /** A connection of our own, past all proxies, to look at what the nodes wrote. */
  link: RedisLink;
  database: DatabaseServer;
  /** The last process of each node; one that died stays, and its address refuses connections. */
  nodes: NodeProcess[];
  /** The first node. */
  node: NodeProcess;
  /** Starts a node again, or one more; the carrier finds it at once. Without `start` as `each` says. */
  startNode(index: number, start?: NodeStart): Promise<NodeProcess>;
  /** Null unless `proxied`. */
  proxies: StackProxies | null;
  /** What every node is told. */
  env: Record<string, string>;
  adminToken: string;
  /** `stop` was called. */
  readonly stopping: boolean;
  stop(): Promise<void>;
}

const API_KEY = 'fake';
/** The model's voice is all that can be had. */
const NO_SPEECH = 404;

type Ending = () => Promise<unknown>;

/** Starts Redis, a migrated and filled database, the fakes and nodes of `src/main.ts`; on a failure ends what it began. */
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
      get node() {
        return parts.nodes[0] as NodeProcess;
      },
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

async function build(options: StackOptions, endings: Ending[]): Promise<Omit<Stack, 'stop' | 'stopping' | 'node'>> {
  const step = options.onStep ?? (() => undefined);
  const started = <T>(what: Promise<T>, end: (part: T) => Promise<unknown>): Promise<T> =>
    what.then((part) => {
      endings.push(() => end(part));
      return part;
    });
  step('Redis and the database');
  const redisStart = started((options.redis ?? startRedis)(), (server) => server.stop());
  const databaseStart = started(startDatabase(options.database), (server) => server.stop());
  // Both have come to their end, good or bad, before either may fail: what began must be known to be ended.
  await Promise.allSettled([redisStart, databaseStart]);
  const redis = await redisStart;
  const database = await databaseStart;
  await fill(database.url);
  await options.prepare?.(database.url);
  step('the fakes');
  const account = { accountSid: `AC${randomBytes(16).toString('hex')}`, authToken: randomBytes(16).toString('hex') };
  const model =
    options.model === null ? null : await started(startFakeModel(options.model ?? {}), (fake) => fake.close());
  if (model && options.speech) await renderStore(database.url, model.apiUrl, API_KEY);
  else if (model) model.speechDoor = NO_SPEECH;
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
  const count = options.nodes ?? 1;
  const proxies = options.proxied ? await started(startProxies(count, redis.url, twilio.apiUrl), closeProxies) : null;
  if (proxies) twilio.apiUrl = `http://127.0.0.1:${proxies.carrier.port}`;
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
    OPENAI_API_KEY: API_KEY,
    ADMIN_TOKEN: adminToken,
    DRAIN_SECONDS: '0',
    ...(model ? { OPENAI_REALTIME_URL: model.url, OPENAI_API_URL: model.apiUrl } : {}),
    ...options.env,
  };
  step(count === 1 ? 'Aida' : `${count} nodes of Aida`);
  const fleet = new Fleet({
    hosts: twilio.hosts,
    proxies,
    env,
    ownMedia: options.nodes !== undefined,
    each: (index) => ({ args: options.args ?? [], ...options.each?.(index) }),
    ...(options.onLog ? { onLog: options.onLog } : {}),
  });
  endings.push(() => fleet.stop());
  await Promise.all(Array.from({ length: count }, (_, index) => fleet.start(index)));
  endings.push(() => twilio.close());
  const link = await started(connectRedis(redis.url), (one) => one.close());
  const startNode = fleet.start.bind(fleet);
  return { twilio, model, redis, link, database, nodes: fleet.nodes, startNode, proxies, env, adminToken };
}

function startDatabase(kind: StackOptions['database']): Promise<DatabaseServer> {
  if (typeof kind === 'function') return kind();
  return kind === 'postgres' ? startPostgres() : startPglite();
}

async function fill(url: string): Promise<void> {
  const source = await openDatabase(url, { poolMax: 1 });
  await seed(source, Date.now());
  await source.destroy();
}
