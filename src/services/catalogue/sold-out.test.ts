import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { MenuItemEntity } from '../../../entities/menu-item.ts';
import { seed } from '../../../entities/seed/index.ts';
import { connectRedis, type RedisLink, subscribe } from '../../directory/redis.ts';
import { startRedis, type RedisServer } from '../../embedded/redis.ts';
import { onBothDatabases } from '../../sim/parts/both-databases.ts';
import { createLog } from '../../telemetry/log.ts';
import { createTools, type Tools } from '../../tools/registry.ts';
import { createAudit } from '../audit.ts';
import { CATALOG_CHANNEL } from '../catalog-keeper.ts';
import { itemsOf, toBeHad } from '../menu.ts';
import { createServices, type Services } from '../services.ts';
import { createEditor } from './editor.ts';
import { documentKind } from './knowledge-kind.ts';
import { itemKind } from './menu-kinds.ts';

/** What a live call may take to know of it. */
const soon = { timeout: 2_000, interval: 10 };
const log = createLog('silent');

await onBothDatabases((database) => {
  let redis: RedisServer;
  let link: RedisLink;
  let services: Services;
  let tools: Tools;
  let renewals = 0;
  let asks = 0;

  beforeAll(async () => {
    redis = await startRedis();
    link = await connectRedis(redis.url);
    await seed(database.source, Date.now());
    const onChange = (changed: () => void) => subscribe(redis.url, CATALOG_CHANNEL, changed);
    services = await createServices(database.source, { now: Date.now, log, onChange });
    services.watchPersona(() => (renewals += 1));
    const staff = { reserve: () => Promise.reject(new Error()), leave: () => Promise.resolve() };
    tools = createTools(services, { log, staff });
    await vi.waitFor(
      async () => expect(await link.command('pubsub', 'numsub', CATALOG_CHANNEL)).toEqual([CATALOG_CHANNEL, 1]),
      soon,
    );
  });

  afterAll(async () => {
    services.close();
    await link.close();
    await redis.stop();
  });

  async function asked(name: string, args: Record<string, string>): Promise<unknown> {
    const ask = { callSid: 'CA1', from: '', epoch: 1, toolCallId: String((asks += 1)) };
    const { output } = await tools.run({ ...ask, name, arguments: JSON.stringify(args) });
    return JSON.parse(output);
  }

  test('sold out reaches what calls under way are told, every tool and the keypad within two seconds, and so does the end of it', async () => {
    const editor = createEditor({
      dataSource: database.source,
      audit: createAudit(database.source),
      announce: async () => void (await link.command('publish', CATALOG_CHANNEL, 'console')),
    });
    const row = await database.source.getRepository(MenuItemEntity).findOneByOrFail({ slug: 'oat-milk-latte' });
    const key = String(row.id);
    const mark = async (more: object) => {
      const loaded = await editor.load(itemKind, key);
      await editor.put(itemKind, key, { ...loaded?.content, ...more }, { who: { name: 'Ana' } });
    };
    const told = () => services.persona().instructions;

    await mark({ soldOut: true });
    await expect.poll(told, soon).toContain('# Sold out right now\n- Oat Milk Latte.\n- Whatever was said before');
    expect(renewals).toBe(1);
    expect(await asked('get_product_details', { productName: 'oat milk latte' })).toMatchObject({
      found: true,
      message: 'Oat Milk Latte is sold out for now.',
      instead: ['Espresso', 'Americano', 'Macchiato'],
    });
    expect(JSON.stringify(await asked('get_menu', {}))).toContain('Oat Milk Latte $5.25 - $6.25 (sold out)');
    expect(await asked('get_menu', { category: 'espresso' })).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ name: 'Oat Milk Latte', soldOut: true })]),
    });
    const keypad = itemsOf(toBeHad(services.menu(null).categories ?? [])).map(({ name }) => name);
    expect([keypad.includes('Latte'), keypad.includes('Oat Milk Latte')]).toEqual([true, false]);

    const loaded = await editor.load(itemKind, key);
    const sizes = ((loaded?.content['sizes'] ?? []) as { name: string }[]).map((size) => ({
      ...size,
      soldOut: size.name === 'Large',
    }));
    await mark({ soldOut: false, sizes });
    await expect.poll(told, soon).toContain('# Sold out right now\n- Large (Oat Milk Latte).');
    expect(await asked('get_product_details', { productName: 'oat milk latte' })).toMatchObject({
      product: { sizes: [{ name: 'Small' }, { name: 'Medium' }, { name: 'Large', soldOut: true }] },
    });
    await mark({ sizes: sizes.map((size) => ({ ...size, soldOut: false })) });
    await expect.poll(told, soon).not.toContain('Sold out right now');
    expect(renewals).toBe(3);
  });

  test('a draft is quoted by nobody, neither from the database nor from memory, before it is published', async () => {
    const announce = async () => void (await link.command('publish', CATALOG_CHANNEL, 'console'));
    const editor = createEditor({ dataSource: database.source, audit: createAudit(database.source), announce });
    const form = new URLSearchParams({
      category: 'Visiting',
      title: 'Llamas',
      body: 'Llamas wait outside.',
      isDraft: 'on',
    });
    const made = await editor.save(documentKind, { key: null, base: '', form, who: { name: 'Ana' } });
    const key = made.result === 'saved' ? made.key : '';
    await services.refresh();
    for (const query of ['llamas', 'lamas'])
      expect(await asked('search_knowledge_base', { query })).toMatchObject({ found: false });
    form.delete('isDraft');
    const loaded = await editor.load(documentKind, key);
    await editor.save(documentKind, { key, base: loaded?.base ?? '', form, who: { name: 'Ana' } });
    expect(await asked('search_knowledge_base', { query: 'llamas' })).toMatchObject({
      answers: [{ source: 'Llamas', answer: 'Llamas wait outside.' }],
    });
  });
});
