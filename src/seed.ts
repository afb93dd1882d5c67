import { parseArgs } from 'node:util';
import { seed } from '../entities/seed/index.ts';
import { StoreSettingsEntity } from '../entities/store-settings.ts';
import { readConfig } from './config.ts';
import { connectRedis } from './directory/redis.ts';
import { CATALOG_CHANNEL } from './services/catalog-keeper.ts';
import { readCatalog } from './services/catalog-rows.ts';
import { openDatabase } from './services/database.ts';

// Makes the tables, fills the configured database with the first tenant's data and tells running nodes of it.
// `npm run seed -- --if-empty`: a store that is there already stays as it is.
const { values } = parseArgs({ options: { 'if-empty': { type: 'boolean', default: false } } });
const { databaseUrl, redisUrl } = readConfig(process.env);
if (databaseUrl === null || redisUrl === null) throw new Error('DATABASE_URL and REDIS_URL are needed');
const source = await openDatabase(databaseUrl, { poolMax: 1 });
const isKept = values['if-empty'] && (await source.getRepository(StoreSettingsEntity).count()) > 0;
if (!isKept) await seed(source, Date.now());
// Of what stands in the database now, the store's own changes too.
const problems: string[] = [];
await readCatalog(source, Date.now(), (problem) => problems.push(problem));
await source.destroy();
const link = await connectRedis(redisUrl);
await link.command('publish', CATALOG_CHANNEL, 'seeded');
await link.close();
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(
  isKept ? 'The tables are as this release wants them.\n' : 'Mangy Dog Coffee is in the database.\n',
);
if (problems.length > 0) process.exitCode = 1;
