import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PromotionEntity } from '../../entities/promotion.ts';
import { StoreSettingsEntity } from '../../entities/store-settings.ts';
import { seed } from '../../entities/seed/index.ts';
import { connectRedis, type RedisLink, subscribe } from '../directory/redis.ts';
import { startPglite, type DatabaseServer } from '../embedded/postgres.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { createLog } from '../telemetry/log.ts';
import { CATALOG_CHANNEL } from './catalog-keeper.ts';
import { openDatabase } from './database.ts';
import { createServices, type Services } from './services.ts';

/** What every node may take to know of a change, ms. */
const LIVE_MS_MAX = 2_000;
const NODES = 3;
const soon = { timeout: LIVE_MS_MAX, interval: 20 };

let postgres: DatabaseServer;
let redis: RedisServer;
let link: RedisLink;
let source: Awaited<ReturnType<typeof openDatabase>>;
let nodes: { services: Services; changes: number }[];

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPglite(), startRedis()]);
  link = await connectRedis(redis.url);
  source = await openDatabase(postgres.url);
  await seed(source, Date.now());
  nodes = await Promise.all(
    Array.from({ length: NODES }, async () => {
      const onChange = (changed: () => void) => subscribe(redis.url, CATALOG_CHANNEL, changed);
      const services = await createServices(source, { now: Date.now, log: createLog('silent'), onChange });
      const node = { services, changes: 0 };
      services.watchPersona(() => (node.changes += 1));
      return node;
    }),
  );
  await vi.waitFor(
    async () => expect(await link.command('pubsub', 'numsub', CATALOG_CHANNEL)).toEqual([CATALOG_CHANNEL, NODES]),
    soon,
  );
});

afterAll(async () => {
  for (const { services } of nodes) services.close();
  await source.destroy();
  await Promise.all([link.close(), redis.stop(), postgres.stop()]);
});

const everywhere = <T>(read: (services: Services) => T): T[] => nodes.map(({ services }) => read(services));

test('a promotion that sells out, and a new one, are known at every node and to what its calls are told', async () => {
  const promotions = source.getRepository(PromotionEntity);
  await promotions.update({ slug: 'muddy-paws' }, { soldOut: true });
  await link.command('publish', CATALOG_CHANNEL, 'sold out');
  await expect
    .poll(() => everywhere((services) => services.persona().instructions.includes('Two Weeks is sold out')), soon)
    .toEqual([true, true, true]);
  expect(everywhere((services) => services.promotionLines())).toEqual([[], [], []]);
  expect(nodes.map(({ changes }) => changes)).toEqual([1, 1, 1]);

  const always = { startsLocal: '2020-01-01T00:00', endsLocal: '2099-01-01T00:00' };
  await promotions.insert({ slug: 'tails', name: 'Wagging Tails', offer: 'A free pup cup.', ...always });
  await link.command('publish', CATALOG_CHANNEL, 'new');
  await expect
    .poll(() => everywhere((services) => services.persona().instructions.includes('A free pup cup.')), soon)
    .toEqual([true, true, true]);
  expect(everywhere((services) => services.promotionLines()[0]?.[1])).toEqual(Array(NODES).fill('A free pup cup.'));
  expect(nodes.map(({ changes }) => changes)).toEqual([2, 2, 2]);
});

test('what changes nothing that is told, tells no call; another language does', async () => {
  const before = nodes.map(({ changes }) => changes);
  const settings = source.getRepository(StoreSettingsEntity);
  await settings.update({ id: 1 }, { maxCallMinutes: 7 });
  await link.command('publish', CATALOG_CHANNEL, 'length');
  await expect.poll(() => everywhere((services) => services.callMsMax()), soon).toEqual(Array(NODES).fill(420_000));
  expect(nodes.map(({ changes }) => changes)).toEqual(before);
  await settings.update({ id: 1 }, { languages: ['en', 'es', 'fr'] });
  await link.command('publish', CATALOG_CHANNEL, 'languages');
  await expect
    .poll(() => everywhere((services) => services.persona().instructions.includes('Spanish, French')), soon)
    .toEqual([true, true, true]);
  expect(nodes.map(({ changes }) => changes)).toEqual(before.map((count) => count + 1));
});
