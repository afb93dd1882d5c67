import type { DataSource } from 'typeorm';
import { expect, test } from 'vitest';
import { openDatabase } from '../src/services/database.ts';
import { onBothDatabases } from '../src/sim/parts/both-databases.ts';
import { CallLogEntity, type CallLog } from './call-log.ts';
import { entities } from './index.ts';
import { KnowledgeDocumentEntity, knowledgeTextSql, knowledgeVectorSql } from './knowledge-document.ts';
import { MenuItemEntity } from './menu-item.ts';
import { migrations } from './migrations/index.ts';
import { ProductSizeEntity } from './product-size.ts';
import { PromotionEntity } from './promotion.ts';
import { seed } from './seed/index.ts';
import { StoreHoursExceptionEntity } from './store-hours-exception.ts';
import { StoreHoursEntity } from './store-hours.ts';
import { StoreSettingsEntity } from './store-settings.ts';
import { SubscriptionPlanEntity } from './subscription-plan.ts';
import { ToolExecutionEntity } from './tool-execution.ts';
import { TurnEntity } from './turn.ts';
import { VoicemailEntity } from './voicemail.ts';

/** A Wednesday noon in the store's zone. */
const NOON = Date.parse('2026-11-18T17:00:00Z');

async function difference(source: DataSource): Promise<string[]> {
  const { upQueries } = await source.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
}

async function planOf(source: DataSource, sql: string): Promise<string> {
  return await source.transaction(async (manager) => {
    await manager.query('SET LOCAL enable_seqscan = off');
    const rows: { 'QUERY PLAN': string }[] = await manager.query(`EXPLAIN ${sql}`);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  });
}

const call = (callSid: string, more: Partial<CallLog> = {}) => ({
  callSid,
  fromNumber: '+12075550100',
  status: 'RINGING',
  startedAt: new Date(NOON),
  ...more,
});

await onBothDatabases((database) => {
  test('migrations make exactly what the entities describe: diff = none', async () => {
    const { source } = database;
    expect(await difference(source)).toEqual([]);
    expect(source.entityMetadatas.map((each) => each.tableName).toSorted()).toEqual([
      'account',
      'audit_entry',
      'call_epoch',
      'call_figure',
      'call_log',
      'call_recording',
      'call_understanding',
      'callback_request',
      'catalogue_revision',
      'consent_region',
      'erased_call',
      'erasure',
      'figure_due',
      'figure_minute',
      'figure_topic',
      'knowledge_document',
      'menu_category',
      'menu_item',
      'prepared_line',
      'privacy_record',
      'product_modifier',
      'product_size',
      'promotion',
      'question_note',
      'staff_member',
      'store_hours',
      'store_hours_exception',
      'store_settings',
      'subscription_plan',
      'tool_execution',
      'turn',
      'voicemail',
    ]);
    expect(source.entityMetadatas).toHaveLength(entities.length);
  });

  test.each([
    ['ALTER TABLE turn ALTER who DROP NOT NULL', 'ALTER TABLE turn ALTER who SET NOT NULL'],
    [`ALTER TABLE call_log ALTER intents SET DEFAULT '{x}'`, `ALTER TABLE call_log ALTER intents SET DEFAULT '{}'`],
    [
      'ALTER TABLE product_size ALTER price TYPE numeric(8, 3)',
      'ALTER TABLE product_size ALTER price TYPE numeric(8, 2)',
    ],
    ['DROP INDEX call_log_live_idx', 'CREATE INDEX call_log_live_idx ON call_log (started_at) WHERE ended_at IS NULL'],
    ['ALTER TABLE promotion DROP CONSTRAINT promotion_slug_key', 'ALTER TABLE promotion ADD UNIQUE (slug)'],
  ])('the diff sees %s', async (drift, repair) => {
    await database.source.query(drift);
    expect(await difference(database.source)).not.toEqual([]);
    await database.source.query(repair);
    expect(await difference(database.source)).toEqual([]);
  });

  test('a migration goes back and several nodes that start at once run it once', async () => {
    const { source, url } = database;
    for (const _ of migrations) await source.undoLastMigration();
    expect(await source.query(`SELECT tablename FROM pg_tables WHERE tablename = 'call_log'`)).toEqual([]);
    const nodes = await Promise.all([openDatabase(url), openDatabase(url), openDatabase(url)]);
    await Promise.all(nodes.map((node) => node.destroy()));
    expect(await source.query('SELECT name FROM migration')).toEqual(migrations.map(({ name }) => ({ name })));
    expect(await difference(source)).toEqual([]);
  });

  test('the seed is a whole store and may be repeated', async () => {
    const { source } = database;
    const counts = async () =>
      Promise.all(
        source.entityMetadatas.map(async ({ name }) => [name, await source.getRepository(name).count()] as const),
      );
    await seed(source, NOON);
    const first = Object.fromEntries(await counts());
    await seed(source, NOON);
    expect(Object.fromEntries(await counts())).toEqual(first);
    expect(first).toMatchObject({
      MenuCategory: 7,
      KnowledgeDocument: 30,
      StoreHours: 7,
      StoreHoursException: 12,
      StoreSettings: 1,
      Promotion: 2,
    });
    const items = await source
      .getRepository(MenuItemEntity)
      .find({ where: { isActive: true }, relations: { category: true, sizes: true, modifiers: true } });
    expect(items.length).toBeGreaterThanOrEqual(35);
    expect(new Set(items.map((item) => item.category.slug))).toEqual(
      new Set(['coffee', 'espresso', 'cold', 'tea', 'food', 'pastries', 'beans']),
    );
    const latte = items.find(({ name }) => name === 'Oat Milk Latte');
    expect(latte?.sizes.map(({ name, price }) => [name, price])).toEqual([
      ['Small', '5.25'],
      ['Medium', '5.75'],
      ['Large', '6.25'],
    ]);
    expect(latte?.modifiers).toHaveLength(6);
    expect(await source.getRepository(SubscriptionPlanEntity).countBy({ isActive: true })).toBe(4);
  });

  test('the seeded store has a closed day, a night past midnight, its holidays, and a promotion that runs at that moment', async () => {
    const { source } = database;
    const hours = await source.getRepository(StoreHoursEntity).find({ order: { dayOfWeek: 'ASC' } });
    expect(hours.filter(({ isClosed }) => isClosed).map(({ dayOfWeek }) => dayOfWeek)).toEqual([1]);
    expect(hours.filter((day) => !day.isClosed && day.closeTime <= day.openTime)).toEqual([
      { dayOfWeek: 5, openTime: '07:00', closeTime: '01:00', isClosed: false },
    ]);
    const days = await source.getRepository(StoreHoursExceptionEntity).find();
    expect(
      days
        .filter(({ reason }) => reason === 'Thanksgiving')
        .map(({ date }) => date)
        .toSorted(),
    ).toEqual(['2026-11-26', '2027-11-25']);
    const promotion = await source.getRepository(PromotionEntity).findOneByOrFail({ slug: 'muddy-paws' });
    expect(promotion).toMatchObject({
      startsLocal: '2026-11-15T07:00',
      endsLocal: '2026-11-29T00:00',
      code: 'MUDDYPAWS',
      soldOut: false,
    });
    expect(promotion.questions[0]?.question).toBe('Do I need a code?');
    expect(await source.getRepository(StoreSettingsEntity).find()).toMatchObject([
      { timeZone: 'America/New_York', voice: 'marin' },
    ]);
  });

  test('money is exact: kept as decimals, summed as decimals, never negative', async () => {
    const { source } = database;
    const item = await source.getRepository(MenuItemEntity).findOneByOrFail({ slug: 'pup-cup' });
    const sizes = source.getRepository(ProductSizeEntity);
    await sizes.insert([
      { itemId: item.id, name: 'a', price: '0.10' },
      { itemId: item.id, name: 'b', price: '0.20' },
      { itemId: item.id, name: 'c', price: '999999.99' },
    ]);
    expect(
      (await sizes.find({ where: { itemId: item.id }, order: { name: 'ASC' } })).map(({ price }) => price),
    ).toEqual(['0.10', '0.20', '999999.99']);
    expect(
      await sizes.query(`SELECT sum(price) AS total FROM product_size WHERE item_id = $1 AND name < 'c'`, [item.id]),
    ).toEqual([{ total: '0.30' }]);
    await expect(sizes.insert({ itemId: item.id, name: 'd', price: '-0.01' })).rejects.toThrow(
      'product_size_price_check',
    );
    await expect(sizes.insert({ itemId: item.id, name: 'a', price: '1.00' })).rejects.toThrow(
      'product_size_item_id_name_key',
    );
    await sizes.delete({ itemId: item.id });
  });

  test('knowledge is found by its words in any form, best first, through the index', async () => {
    const documents = database.source.getRepository(KnowledgeDocumentEntity);
    const rank = `ts_rank(${knowledgeVectorSql}, websearch_to_tsquery('english', :words))`;
    const find = (words: string) =>
      documents
        .createQueryBuilder('d')
        .where(`${knowledgeVectorSql} @@ websearch_to_tsquery('english', :words)`, { words })
        .orderBy(rank, 'DESC')
        .getMany();
    expect((await find('parked')).map(({ title }) => title)).toEqual(['Parking']);
    expect((await find('gluten'))[0]?.title).toBe('Gluten-free choices');
    expect(await find('helicopter')).toEqual([]);
    const sql = `SELECT * FROM knowledge_document WHERE ${knowledgeVectorSql} @@ websearch_to_tsquery('english', 'parked')`;
    expect(await planOf(database.source, sql)).toContain('knowledge_document_vector_idx');
  });

  test('misheard words are found by trigrams', async () => {
    const likeness = `word_similarity('subscripsion shiping', ${knowledgeTextSql})`;
    const rows: { title: string }[] = await database.source.query(
      `SELECT title FROM knowledge_document WHERE ${likeness} > 0.4 ORDER BY ${likeness} DESC`,
    );
    expect(rows[0]?.title).toBe('Shipping of subscriptions');
  });

  test('a call keeps its times to the millisecond, its transcript and its intents', async () => {
    const calls = database.source.getRepository(CallLogEntity);
    await calls.insert(call('CA1'));
    expect(await calls.findOneByOrFail({ callSid: 'CA1' })).toEqual({
      ...call('CA1'),
      toNumber: '',
      answeredAt: null,
      endedAt: null,
      duration: null,
      outcome: null,
      transcript: null,
      processedAt: null,
      intents: [],
      promotionSlug: null,
      lastEpoch: 0,
      lastSeq: 0,
      statusSequence: null,
    });
    const transcript = [
      { who: 'caller' as const, text: 'Ünïcode “quotes” \\ \n 🐶', at: '2026-11-18T17:00:01.234Z', cut: false },
    ];
    const ended = {
      status: 'NO-ANSWER',
      endedAt: new Date(NOON + 61_007),
      duration: 61,
      transcript,
      intents: ['hours', 'menu'],
      statusSequence: 3,
    };
    await calls.update({ callSid: 'CA1' }, ended);
    expect(await calls.findOneByOrFail({ callSid: 'CA1' })).toMatchObject(ended);
    await expect(calls.insert(call('CA1'))).rejects.toThrow('call_log_pkey');
    expect(await planOf(database.source, 'SELECT count(*) FROM call_log WHERE ended_at IS NULL')).toContain(
      'call_log_live_idx',
    );
    expect(await planOf(database.source, 'SELECT * FROM call_log ORDER BY started_at DESC LIMIT 10')).toMatch(
      /call_log_(started_at|page)_idx/,
    );
  });

  test('a fact told twice is one turn, a tool asked twice is one execution', async () => {
    const { source } = database;
    const turn = {
      callSid: 'CA1',
      epoch: 1_795_350_000_000,
      seq: 7,
      itemId: 'item_1',
      who: 'caller' as const,
      text: 'hello',
      at: new Date(NOON),
    };
    const addTurn = () => source.createQueryBuilder().insert().into(TurnEntity).values(turn).orIgnore().execute();
    await addTurn();
    await addTurn();
    expect(await source.getRepository(TurnEntity).find()).toEqual([
      { ...turn, afterItemId: null, heardText: null, heardMs: null, totalMs: null, cut: false },
    ]);
    const executions = source.getRepository(ToolExecutionEntity);
    const run = {
      callSid: 'CA1',
      toolCallId: 'call_1',
      epoch: 1_795_350_000_000,
      name: 'get_menu',
      arguments: '{"category":',
      startedAt: new Date(NOON),
    };
    await executions.insert(run);
    await expect(executions.insert({ ...run, epoch: 2 })).rejects.toThrow('tool_execution_pkey');
    await executions.insert({ ...run, callSid: 'CA2', leave: { kind: 'transfer', reason: 'asked' } });
    expect((await executions.findOneByOrFail({ callSid: 'CA2' })).leave).toEqual({ kind: 'transfer', reason: 'asked' });
  });

  test('a voicemail keeps its sound byte for byte and lists without it', async () => {
    const voicemails = database.source.getRepository(VoicemailEntity);
    const audio = Buffer.from(Uint8Array.from({ length: 1_000_000 }, (_, index) => (index * 31) % 256));
    await voicemails.insert({
      recordingSid: 'RE1',
      callSid: 'CA1',
      fromNumber: '+12075550100',
      durationS: 62,
      audio,
      contentType: 'audio/wav',
      status: 'new',
    });
    expect(await voicemails.findOneByOrFail({ recordingSid: 'RE1' })).not.toHaveProperty('audio');
    const whole = await voicemails.findOneOrFail({
      where: { recordingSid: 'RE1' },
      select: { recordingSid: true, audio: true },
    });
    expect(whole.audio?.equals(audio)).toBe(true);
    await expect(voicemails.insert({ recordingSid: 'RE1', callSid: 'CA1', fromNumber: '' })).rejects.toThrow(
      'voicemail_pkey',
    );
  });

  test.each([
    [
      'a time of day that is none',
      StoreHoursEntity,
      { dayOfWeek: 0, openTime: '24:00', closeTime: '07:00' },
      'store_hours_time_check',
    ],
    ['an eighth day', StoreHoursEntity, { dayOfWeek: 7 }, 'store_hours_day_check'],
    ['a length that is none', StoreSettingsEntity, { id: 1, maxCallMinutes: 0 }, 'store_settings_length_check'],
    [
      'a way of being closed that nobody knows',
      StoreSettingsEntity,
      { id: 1, closedBehaviour: 'asleep' },
      'store_settings_closed_check',
    ],
    ['settings of a second store', StoreSettingsEntity, { id: 2 }, 'store_settings_single_check'],
    [
      'a promotion that ends before it starts',
      PromotionEntity,
      { slug: 'x', name: 'x', offer: 'x', startsLocal: '2026-11-02T00:00', endsLocal: '2026-11-01T00:00' },
      'promotion_time_check',
    ],
  ])('%s is refused', async (_, entity, row, constraint) => {
    await expect(
      database.source.createQueryBuilder().insert().into(entity.options.name).values(row).execute(),
    ).rejects.toThrow(constraint);
  });
});
