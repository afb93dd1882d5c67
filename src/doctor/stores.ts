import type { DataSource } from 'typeorm';
import { migrations } from '../../entities/migrations/index.ts';
import type { Config } from '../config.ts';
import { redisTime } from '../directory/clock.ts';
import { partitionCount } from '../directory/keys.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { createKafkaLink, type KafkaSettings } from '../kafka/client.ts';
import { topics } from '../kafka/topics.ts';
import { openDatabase } from '../services/database.ts';
import { fault, type Finding, ok, warning, wordsOf } from './finding.ts';

/** Tokens, deadlines and records bear Redis's time; certificates and signatures elsewhere the wall's. */
const CLOCK_MS_MAX = 2_000;
const ROUND_TRIP_MS_MAX = 20;
const SAMPLES = 5;
const STREAM_NODE_BYTES_MAX = 1_024;
const REDIS_VERSION_MIN = [7, 0] as const;
const SILENT = { warn: () => undefined };

/** Of a Redis that answers: how it is set, how late it answers, what it says the time is. */
export async function checkRedis(url: string, now: () => number): Promise<Finding[]> {
  const link = await connectRedis(url);
  try {
    if (!link.ready)
      return [
        fault('redis', 'it does not answer', 'see REDIS_URL, its password and TLS, and whether a firewall is between'),
      ];
    return [...(await settingsOfRedis(link)), ...(await checkClock(link, now))];
  } catch (error) {
    return [
      fault('redis', wordsOf(error), 'see REDIS_URL and the rights of its user: scripts, streams, TIME, CONFIG GET'),
    ];
  } finally {
    await link.close();
  }
}

async function settingsOfRedis(link: RedisLink): Promise<Finding[]> {
  const info = String(await link.command('info', 'server'));
  const [, version = '0.0'] = /redis_version:(\d+\.\d+)/.exec(info) ?? [];
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNew = major > REDIS_VERSION_MIN[0] || (major === REDIS_VERSION_MIN[0] && minor >= REDIS_VERSION_MIN[1]);
  const findings = [
    isNew ? ok('redis', `version ${version}`) : fault('redis', `version ${version}`, 'Redis 7.0 or newer'),
  ];
  const read = async (name: string): Promise<string | null> => {
    const reply = await link.command('config', 'get', name).catch(() => null);
    return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : null;
  };
  const [policy, append, bytes] = [
    await read('maxmemory-policy'),
    await read('appendonly'),
    await read('stream-node-max-bytes'),
  ];
  if (policy === null)
    findings.push(warning('redis', 'CONFIG GET is not allowed', 'see yourself that maxmemory-policy is noeviction'));
  else if (policy !== 'noeviction')
    findings.push(
      fault(
        'redis',
        `maxmemory-policy is ${policy}: journals of running calls may be thrown away`,
        'set it to noeviction',
      ),
    );
  if (append === 'no')
    findings.push(
      fault(
        'redis',
        'appendonly is off: a restart forgets every running call',
        'set appendonly yes, appendfsync everysec',
      ),
    );
  if (bytes !== null && Number(bytes) > STREAM_NODE_BYTES_MAX)
    findings.push(
      warning(
        'redis',
        `stream-node-max-bytes is ${bytes}: young journals take three times the memory`,
        'set it to 1024',
      ),
    );
  return findings;
}

async function checkClock(link: RedisLink, now: () => number): Promise<Finding[]> {
  let tookMs = Infinity;
  let apartMs = Infinity;
  // The quickest answer says most of the way and of the clock.
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const sentAt = performance.now();
    const theirs = await redisTime(link);
    const thisTookMs = performance.now() - sentAt;
    if (thisTookMs >= tookMs) continue;
    tookMs = thisTookMs;
    apartMs = Math.round(Math.abs(now() - tookMs / 2 - theirs));
  }
  const late = `a round trip to Redis takes ${tookMs.toFixed(0)} ms`;
  return [
    apartMs > CLOCK_MS_MAX
      ? fault(
          'clock',
          `this machine and Redis are ${apartMs} ms apart`,
          'let both follow one time server (chrony, NTP)',
        )
      : ok('clock', `${apartMs} ms from Redis`),
    ...(tookMs > ROUND_TRIP_MS_MAX
      ? [warning('redis', late, 'run nodes and Redis in one region, best in one zone')]
      : []),
  ];
}

/** Answers, is as this release wants it, and knows a store. */
export async function checkDatabase(url: string): Promise<Finding[]> {
  let source: DataSource | null = null;
  try {
    source = await openDatabase(url, { poolMax: 1, migrates: false });
    const made = await source.query<{ name: string }[]>('SELECT name FROM migration').catch(() => []);
    const known = new Set(made.map(({ name }) => name));
    const missing = migrations.filter(({ name }) => !known.has(name)).length;
    if (missing > 0)
      return [
        fault(
          'database',
          `${missing} migrations are missing`,
          'npm run seed -- --if-empty, or start a node: it migrates',
        ),
      ];
    const [store] = await source.query<{ name: string }[]>('SELECT name FROM store_settings LIMIT 1');
    if (!store) return [fault('database', 'no store is in it', 'npm run seed, or enter yours')];
    return [ok('database', `${made.length} migrations, ${store.name}`)];
  } catch (error) {
    return [
      fault('database', wordsOf(error), 'see DATABASE_URL, its password, sslmode, and whether a firewall is between'),
    ];
  } finally {
    await source?.destroy();
  }
}

/** Answers, and its topics are as the outbox is. */
export async function checkKafka(settings: KafkaSettings | null): Promise<Finding[]> {
  if (settings === null) return [ok('kafka', 'none is named: consumers read the outbox')];
  try {
    const admin = createKafkaLink(settings, 'aida-doctor', SILENT).admin();
    await admin.connect();
    try {
      const present = new Set(await admin.listTopics());
      const missing = Object.values(topics).filter((topic) => !present.has(topic));
      if (missing.length > 0)
        return [
          warning(
            'kafka',
            `${missing.join(', ')} not there yet`,
            'start a relay: it makes them, if it may create topics',
          ),
        ];
      const { topics: described } = await admin.fetchTopicMetadata({ topics: Object.values(topics) });
      const odd = described.filter(({ partitions }) => partitions.length !== partitionCount);
      if (odd.length === 0) return [ok('kafka', `${described.length} topics of ${partitionCount} partitions`)];
      const what = odd.map(({ name, partitions }) => `${name} has ${partitions.length} partitions`).join(', ');
      return [warning('kafka', what, `${partitionCount} carry most: one for each of the outbox`)];
    } finally {
      await admin.disconnect();
    }
  } catch (error) {
    return [
      fault(
        'kafka',
        wordsOf(error),
        'see KAFKA_BROKERS, KAFKA_TLS, KAFKA_CA, KAFKA_SASL; calls go on, facts wait in Redis',
      ),
    ];
  }
}

/** Both stores of a configuration. */
export const storesOf = ({ redisUrl, databaseUrl, kafka }: Config, now: () => number) => [
  ...(redisUrl === null ? [] : [() => checkRedis(redisUrl, now)]),
  ...(databaseUrl === null ? [] : [() => checkDatabase(databaseUrl)]),
  () => checkKafka(kafka),
];
