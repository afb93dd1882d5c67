import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { KnowledgeDocumentEntity } from '../../entities/knowledge-document.ts';
import { MenuItemEntity } from '../../entities/menu-item.ts';
import { PromotionEntity } from '../../entities/promotion.ts';
import { StoreHoursExceptionEntity } from '../../entities/store-hours-exception.ts';
import { StoreSettingsEntity } from '../../entities/store-settings.ts';
import { seed } from '../../entities/seed/index.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { openDatabase } from './database.ts';
import { createServices, type Services } from './services.ts';

/** Wednesday, November 18, noon in the store's zone. */
const NOON = Date.parse('2026-11-18T17:00:00Z');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

await onBothDatabases((database) => {
  let services: Services;
  let now: number;
  let warnings: string[];
  let problems: string[];
  let change: () => void;
  const log = {
    warn({ problem }: { problem?: string }, message: string) {
      if (problem === undefined) warnings.push(message);
      else problems.push(problem);
    },
  } as never;

  async function open(source: DataSource = database.source): Promise<Services> {
    return createServices(source, {
      now: () => now,
      log,
      onChange(callback) {
        change = callback;
        return () => {};
      },
    });
  }

  beforeAll(async () => {
    now = NOON;
    warnings = [];
    problems = [];
    await seed(database.source, NOON);
    services = await open();
  });
  afterAll(() => services.close());
  beforeEach(() => {
    now = NOON;
  });
  /** For tests that change rows. */
  async function restore(): Promise<void> {
    await seed(database.source, NOON);
    await services.refresh();
  }

  test('menu: categories by sortOrder, their active items by sortOrder', () => {
    const { categories } = services.menu(null);
    expect(categories?.map(({ slug }) => slug)).toEqual([
      'coffee',
      'espresso',
      'cold',
      'tea',
      'food',
      'pastries',
      'beans',
    ]);
    expect(categories?.[2]?.items.map(({ name }) => name)).toEqual([
      'Cold Brew',
      'Nitro Cold Brew',
      'Iced Latte',
      'Iced Shaggy Dog',
      'Blueberry Lemonade',
    ]);
    expect(categories?.flatMap(({ items }) => items).length).toBeGreaterThanOrEqual(35);
  });

  test.each(['coffee', 'espresso', 'food'])('menu: the slug %s filters', (slug) => {
    expect(services.menu(slug).categories?.map((category) => category.slug)).toEqual([slug]);
  });

  test('menu: spoken and unknown categories', () => {
    expect(services.menu('the pastries please').categories?.map(({ slug }) => slug)).toEqual(['pastries']);
    expect(services.menu('cold drinks').categories?.map(({ slug }) => slug)).toEqual(['cold']);
    expect(services.menu('coffee beans').categories?.map(({ slug }) => slug)).not.toBeNull();
    expect(services.menu('pizza')).toEqual({
      categories: null,
      names: ['Coffee', 'Espresso', 'Cold Drinks', 'Tea and More', 'Food', 'Pastries', 'Whole Beans'],
    });
  });

  test('product: category, sizes from the smallest price on, modifiers, exact prices', () => {
    const { item } = services.product('oat latte');
    expect(item).toMatchObject({
      name: 'Oat Milk Latte',
      category: { slug: 'espresso', name: 'Espresso' },
      sizes: [
        { name: 'Small', price: '5.25' },
        { name: 'Medium', price: '5.75' },
        { name: 'Large', price: '6.25' },
      ],
    });
    expect(item?.modifiers[0]).toEqual({ kind: 'syrup', name: 'Vanilla syrup', price: '0.75' });
  });

  test.each([
    ['cappucino', 'Cappuccino'],
    ['cafe au lait', 'Café au Lait'],
    ['coldbrew', 'Cold Brew'],
    ['shaggy dog', 'Shaggy Dog'],
    ['lattes', 'Latte'],
    ['a soy latte', 'Latte'],
    ['grilled cheese', 'Hot Diggity Grilled Cheese'],
    ['blue berry scones', 'Blueberry Scone'],
    ['ice latte', 'Iced Latte'],
    ['croissants', 'Butter Croissant'],
    ['a pound of mutt blend', 'Mutt Blend'],
    ['chai tea latte', 'Chai Latte'],
  ])('product: %s is %s', (spoken, name) => {
    expect(services.product(spoken).item?.name).toBe(name);
  });

  test('inactive items are never offered', () => {
    const { item, others } = services.product('root beer float');
    expect([item, others]).toEqual([null, []]);
    expect(JSON.stringify(services.menu(null))).not.toContain('Root Beer');
  });

  test('subscriptions: active plans, cheapest first as numbers', () => {
    expect(services.subscriptions().map(({ name, price, interval }) => [name, price, interval])).toEqual([
      ['Working Dog Plan', '15.50', 'week'],
      ['Puppy Plan', '16.00', 'month'],
      ['Pack Plan', '30.00', 'month'],
      ['Top Dog Plan', '395.00', 'year'],
    ]);
  });

  test("hours: by day of week from Sunday, exceptions, past midnight, in the store's zone", () => {
    expect(services.week().map(({ formattedHours }) => formattedHours)).toEqual([
      '08:00 - 16:00',
      'Closed',
      '07:00 - 18:00',
      '07:00 - 18:00',
      '07:00 - 18:00',
      '07:00 - 01:00',
      '08:00 - 18:00',
    ]);
    expect(services.openNow()).toEqual({ isOpen: true, message: "We're open until 18:00 today." });
    now = NOON + 8 * HOUR_MS;
    expect(services.openNow().message).toBe("We're currently closed. We open at 07:00 tomorrow.");
    now = NOON + 2 * DAY_MS + 12.5 * HOUR_MS;
    expect(services.openNow().message).toBe("We're open until 01:00 today.");
    now = NOON + 8 * DAY_MS;
    expect(services.openNow().message).toBe("We're closed today for Thanksgiving. We open at 07:00 tomorrow.");
    expect(services.closed()).toEqual({
      behaviour: 'assistant',
      words:
        'Mangy Dog Coffee is closed for Thanksgiving, so that our people and their dogs can eat together. We open at 07:00 tomorrow.',
    });
    expect(services.closed('es')?.words).toMatch(/^Mangy Dog Coffee está cerrado .* Abrimos a las 07:00 de mañana\.$/);
    expect(services.closed('fr')?.words).toMatch(/^Nous sommes fermés aujourd’hui pour Thanksgiving\./);
    expect(services.hoursOn('thanksgiving')).toEqual([
      { dayName: 'Thursday', formattedHours: 'Closed', date: '2026-11-26', reason: 'Thanksgiving' },
    ]);
    expect(services.hoursOn("new year's day")?.[0]?.date).toBe('2027-01-01');
    expect(services.specialDays().map(({ date }) => date)).toEqual([
      '2026-11-26',
      '2026-12-24',
      '2026-12-25',
      '2026-12-31',
      '2027-01-01',
    ]);
  });

  test('store info and the persona come from the settings, the defaults where there are none', async () => {
    expect(services.store()).toEqual({
      name: 'Mangy Dog Coffee',
      address: '214 Harbor Street, Portland, Maine',
      phone: '+12075550142',
      email: 'hello@mangydogcoffee.com',
    });
    expect(services.persona()).toMatchObject({
      voice: 'marin',
      greeting: 'Thanks for calling Mangy Dog Coffee! How can I help you today?',
    });
    expect(services.persona().instructions).toContain('MUDDYPAWS');
    await database.source.getRepository(StoreSettingsEntity).clear();
    await services.refresh();
    expect(services.store()).toEqual({ name: 'Mangy Dog Coffee', address: '', phone: '', email: '' });
    expect(services.openNow().isOpen).toBe(true);
    await restore();
  });

  test('the first tenant has written nothing that cannot be used', () => {
    expect(problems).toEqual([]);
    expect([services.languages(), services.callMsMax(), services.areHoursKnown()]).toEqual([
      ['en', 'es'],
      1_200_000,
      true,
    ]);
  });

  test('what cannot be used is told of once, and does not stop the store', async () => {
    const { source } = database;
    const settings = { timeZone: 'Portland', languages: ['english'], closedLine: ['closed'] as never };
    await source.getRepository(StoreSettingsEntity).update({ id: 1 }, settings);
    await source.getRepository(PromotionEntity).update({ slug: 'muddy-paws' }, { endsLocal: '2027-02-30T24:00' });
    expect([await services.refresh(), await services.refresh()]).toEqual([true, true]);
    expect(services.openNow().message).toBe("We're open until 18:00 today.");
    expect([services.languages(), services.closed(), services.promotions(), services.callMsMax()]).toEqual([
      ['en'],
      null,
      [],
      1_200_000,
    ]);
    expect(problems.splice(0).toSorted()).toEqual([
      'promotion muddy-paws ends_local "2027-02-30T24:00": no minute of the calendar; the promotion is left out',
      'store_settings.closed_line ["closed"]: not texts by language as in {"en": "…"}; nothing is used',
      'store_settings.languages "english": no language of ISO 639-1 as in en; it is left out',
      'store_settings.languages ["english"]: no language; en is used',
      'store_settings.time_zone "Portland": no time zone as in America/New_York; America/New_York is used',
    ]);
    await restore();
  });

  test('what the assistant is told changes by data and by time, and whoever watches is told', async () => {
    let changes = 0;
    const stop = services.watchPersona(() => (changes += 1));
    const before = services.persona();
    await services.refresh();
    expect([services.persona().instructions, changes]).toEqual([before.instructions, 0]);
    await database.source.getRepository(PromotionEntity).update({ slug: 'muddy-paws' }, { soldOut: true });
    await services.refresh();
    expect([services.persona().instructions.includes('is sold out'), changes]).toEqual([true, 1]);
    now = NOON + 14 * DAY_MS;
    expect(services.persona().instructions).toContain('Howliday Blend Days, until 18:00 on Sunday, December 20');
    stop();
    now = NOON;
    await restore();
    expect(changes).toBe(1);
  });

  test('promotions: running in store time, code and questions, sold out said', async () => {
    expect(services.promotions().map(({ name, code, soldOut }) => [name, code, soldOut])).toEqual([
      ['Muddy Paws Two Weeks', 'MUDDYPAWS', false],
    ]);
    const { hits } = await services.knowledge('do I need a code');
    expect(hits[0]).toMatchObject({ source: 'Muddy Paws Two Weeks', category: 'promotion' });
    await database.source.getRepository(PromotionEntity).update({ slug: 'muddy-paws' }, { soldOut: true });
    await services.refresh();
    expect((await services.knowledge('any deals')).hits[0]?.answer).toMatch(/is sold out/);
    now = NOON + 12 * DAY_MS;
    expect(services.promotions()).toEqual([]);
    await restore();
  });

  test.each([
    ['where can I park my car', 'Parking'],
    ['is there wifi', 'Wi-Fi and working here'],
    ['do you have gluten free bread', 'Gluten-free choices'],
    ['can my dog come in', 'Dogs are welcome'],
    ['how do I pause my subscription', 'Changing or pausing a subscription'],
    ['are you hiring', 'Jobs'],
  ])('knowledge by full text: %s', async (question, source) => {
    const { hits, from } = await services.knowledge(question);
    expect([hits[0]?.source, from]).toEqual([source, 'database']);
  });

  test.each([
    ['parkng', 'Parking'],
    ['adopshun days', 'Adoption days'],
    ['loyalti programm', 'Loyalty program'],
    ['caterin', 'Catering'],
  ])('knowledge by trigrams: %s', async (question, source) => {
    const { hits, from } = await services.knowledge(question);
    expect([hits[0]?.source, from]).toEqual([source, 'database']);
  });

  test.each([
    'helicopter spare parts',
    '',
    "'; DROP TABLE knowledge_document; --",
    '100% & | ! <-> (',
    '\u0000',
    'x'.repeat(1_000_000),
  ])('knowledge finds nothing and stays well: %#', async (question) => {
    expect((await services.knowledge(question)).hits).toEqual([]);
    expect(await database.source.getRepository(KnowledgeDocumentEntity).count()).toBeGreaterThanOrEqual(30);
  });

  test('a message on the channel brings what changed', async () => {
    const latte = { slug: 'oat-milk-latte' };
    await database.source.getRepository(MenuItemEntity).update(latte, { isActive: false });
    await database.source.getRepository(StoreHoursExceptionEntity).insert({
      date: '2026-11-18',
      reason: 'Power cut',
      openTime: '07:00',
      closeTime: '12:30',
      isClosed: false,
    });
    expect(services.product('oat milk latte').item?.name).toBe('Oat Milk Latte');
    change();
    await services.refresh();
    expect(services.product('oat milk latte').item?.name).not.toBe('Oat Milk Latte');
    expect(services.openNow().message).toBe("We're open until 12:30 today.");
    await database.source.getRepository(StoreHoursExceptionEntity).delete({ date: '2026-11-18' });
    await restore();
  });

  test('a database that went away: everything is answered from memory', async () => {
    const source = await openDatabase(database.url, { poolMax: 1 });
    const cut = await open(source);
    await source.destroy();
    expect(await cut.refresh()).toBe(false);
    expect(cut.isLoaded()).toBe(true);
    expect(cut.product('oat latte').item?.name).toBe('Oat Milk Latte');
    expect(cut.openNow().isOpen).toBe(true);
    expect(await cut.knowledge('where can I park')).toMatchObject({ from: 'memory', hits: [{ source: 'Parking' }] });
    expect(warnings.splice(0)).toEqual([
      'catalog not read; the last one is kept',
      'knowledge search failed; answering from memory',
    ]);
    cut.close();
  });

  test('a database that is away at the start: empty, then read when it is back', async () => {
    const source = await openDatabase(database.url, { poolMax: 1 });
    await source.destroy();
    const early = await open(source);
    expect(early.isLoaded()).toBe(false);
    expect(early.menu(null)).toEqual({ categories: [] });
    expect(early.persona().greeting).toBe('Thank you for calling Mangy Dog Coffee. How can I help you?');
    await source.initialize();
    expect(await early.refresh()).toBe(true);
    expect(early.isLoaded()).toBe(true);
    expect(warnings.splice(0)).toEqual(['catalog not read; the last one is kept']);
    early.close();
    await source.destroy();
  });

  test('none of all this was worth a warning', () => {
    expect(warnings).toEqual([]);
  });
});
