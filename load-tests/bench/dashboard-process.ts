import { Feed } from '../../src/console/live/feed.ts';
import { consoleRoutes } from '../../src/console/routes.ts';
import { connectRedis } from '../../src/directory/redis.ts';
import { createServer } from '../../src/http/server.ts';
import { openDatabase } from '../../src/services/database.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

// The console in a process of its own, which is measured: the arguments are Redis, the database and the token.

const [redisUrl = '', databaseUrl = '', adminToken = ''] = process.argv.slice(2);
const link = await connectRedis(redisUrl);
const dataSource = await openDatabase(databaseUrl);
const log = createLog('warn', { destination: process.stderr });
const feed = new Feed({ link, isSynthetic: () => false, log, now: Date.now });
const server = await createServer({
  host: '127.0.0.1',
  port: 0,
  routes: consoleRoutes({
    dataSource,
    link,
    feed,
    recordings: { audio: () => Promise.resolve(null), heard: () => Promise.resolve() },
    calls: { self: null, listenSecret: 'a-secret', redisNow: Date.now },
    adminToken,
    now: Date.now,
    log,
  }),
  log,
  metrics: createMetrics(),
});
process.stdout.write(`${JSON.stringify({ port: server.port })}\n`);
