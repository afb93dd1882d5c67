import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import type { CallEvent } from '../../machines/call-events.ts';
import { StoreSettingsEntity } from '../../entities/store-settings.ts';
import { PRICES_DEFAULT } from '../config-checks.ts';
import { onBothDatabases, type TestDatabase } from '../sim/parts/both-databases.ts';
import { createConversationProjector } from '../analytics/projections.ts';
import type { StoredFact } from '../analytics/stored-fact.ts';
import { story } from '../analytics/story.fixture.ts';
import { FigureRoller, rollFigures } from './figure-rolls.ts';
import { promotionFigures } from './figures.ts';

/** Noon in New York, in winter. */
const NOON = Date.parse('2026-11-22T17:00:00Z');
const HOUR = { fromLocal: '2026-11-22T12:00', toLocal: '2026-11-22T13:00', step: 'minute' as const };
const usage = { textIn: 1_000, textInCached: 0, audioIn: 500, audioInCached: 0, textOut: 100, audioOut: 250 };
const costDollars =
  (1_000 * PRICES_DEFAULT.textIn +
    500 * PRICES_DEFAULT.audioIn +
    100 * PRICES_DEFAULT.textOut +
    250 * PRICES_DEFAULT.audioOut) /
  1e6;

/** A caller who waits for 90 s, asks one thing, and hears an answer 800 ms after. */
function waited(callSid: string, at: number): StoredFact[] {
  const facts: CallEvent[] = [
    { type: 'carrier.arrived', at, from: '+15550100', to: '+15550199', node: 'a', queued: true },
    { type: 'carrier.waitEnded', at: at + 90_000, how: 'placed', waitedMs: 90_000 },
    { type: 'carrier.streamStarted', at: at + 91_000, streamSid: 'MZ1', node: 'a' },
    { type: 'caller.speechStopped', at: at + 95_500, itemId: 'i1', agoMs: 500 },
    { type: 'caller.said', at: at + 95_100, itemId: 'i1', text: 'How much is a latte?', after: null },
    { type: 'assistant.said', at: at + 95_900, itemId: 'i2', responseId: 'r1', text: 'Five dollars.', totalMs: 1_000 },
    {
      type: 'assistant.heard',
      at: at + 96_800,
      itemId: 'i2',
      text: 'Five dollars.',
      heardMs: 1_000,
      totalMs: 1_000,
      cut: false,
    },
    {
      type: 'model.responded',
      at: at + 97_000,
      responseId: 'r1',
      status: 'completed',
      spoke: true,
      toolCallIds: [],
      errorCode: null,
      usage,
    },
    { type: 'carrier.statusReported', at: at + 99_000, status: 'completed', durationS: 99, sequence: 3 },
  ];
  return story(callSid, facts);
}

/** A caller who wants a person, and gets one. */
function transferred(callSid: string, at: number): StoredFact[] {
  return story(callSid, [
    { type: 'carrier.arrived', at, from: '+15550101', to: '+15550199', node: 'a' },
    { type: 'carrier.streamStarted', at: at + 500, streamSid: 'MZ2', node: 'a' },
    { type: 'caller.said', at: at + 5_000, itemId: 'i1', text: 'Can I talk to a person?', after: null },
    { type: 'carrier.dialEnded', at: at + 50_000, result: 'completed', durationS: 40 },
    { type: 'carrier.statusReported', at: at + 51_000, status: 'completed', durationS: 51, sequence: 3 },
  ]);
}

function figureTests(database: TestDatabase): void {
  const project = (facts: readonly StoredFact[]) =>
    createConversationProjector(database.source, () => NOON + 3_600_000)(facts);
  const roll = async (now = NOON + 3_600_000) => {
    while ((await rollFigures(database.source, PRICES_DEFAULT, now)) > 0);
  };
  const empty = () =>
    database.source.query(
      'TRUNCATE call_log, turn, tool_execution, call_epoch, call_understanding, call_figure, figure_due, figure_minute, figure_topic',
    );
  const rows = async () => ({
    minutes: await database.source.query('SELECT * FROM figure_minute ORDER BY minute'),
    topics: await database.source.query('SELECT * FROM figure_topic ORDER BY minute, kind, topic'),
    calls: await database.source.query('SELECT * FROM call_figure ORDER BY call_sid'),
    due: await database.source.query('SELECT * FROM figure_due'),
  });

  beforeEach(async () => {
    await empty();
    await database.source.query('TRUNCATE store_settings');
    await database.source.getRepository(StoreSettingsEntity).insert({ id: 1, timeZone: 'America/New_York' });
    await database.source.query(
      `INSERT INTO menu_category (id, slug, name) VALUES (1, 'espresso', 'Espresso') ON CONFLICT DO NOTHING`,
    );
    await database.source.query(
      `INSERT INTO menu_item (category_id, slug, name) VALUES (1, 'latte', 'Latte') ON CONFLICT DO NOTHING`,
    );
  });

  test('a minute has its calls, what became of them, what they were about and what they cost', async () => {
    await project([...waited('CA1', NOON + 5_000), ...transferred('CA2', NOON + 10_000)]);
    await roll();
    const figures = await promotionFigures(database.source, HOUR);
    const none = { calls: 0, queued: 0, answered: 0, abandoned: 0, transferred: 0, voicemail: 0, callback: 0 };
    expect(figures.spans).toEqual([
      {
        ...none,
        ...{ local: '2026-11-22T12:00', calls: 2, queued: 1, waiting: 1, answered: 2, transferred: 1, resolved: 1 },
        ...{ unresolved: 0, costDollars: expect.closeTo(costDollars, 6), silenceP50S: 0.8, silenceP95S: 0.8 },
      },
      // The first caller waited on into the next minute.
      {
        ...none,
        ...{ local: '2026-11-22T12:01', waiting: 1, resolved: 0, unresolved: 0, costDollars: 0 },
        ...{ silenceP50S: null, silenceP95S: null },
      },
    ]);
    expect(figures.intents.map(({ topic, calls, transferred: put }) => [topic, calls, put])).toEqual([
      ['product', 1, 0],
      ['transfer', 1, 1],
    ]);
    expect(figures.products.map(({ topic, calls }) => [topic, calls])).toEqual([['latte', 1]]);
    expect(figures.reasons.map(({ topic, calls }) => [topic, calls])).toEqual([['person', 1]]);
    const [day] = await database.source.query('SELECT * FROM figures_by_day');
    expect(day).toMatchObject({
      day: '2026-11-22',
      calls: 2,
      transfer_share: 0.5,
      silences: 1,
      silence_p95_seconds: 0.8,
    });
    expect(
      await database.source.query('SELECT minute, intent, calls FROM figures_intents ORDER BY intent'),
    ).toMatchObject([
      { minute: new Date(NOON), intent: 'product', calls: 1 },
      { minute: new Date(NOON), intent: 'transfer', calls: 1 },
    ]);
  });

  test('facts shuffled, repeated, in pieces, with minutes counted in between, come to the same figures', async () => {
    const facts = [
      ...waited('CA1', NOON + 5_000),
      ...transferred('CA2', NOON + 50_000),
      ...waited('CA3', NOON + 61_000),
    ];
    await project(facts);
    await roll();
    const expected = await rows();
    expect(expected.minutes).toHaveLength(3);
    const twice = [...facts, ...facts];
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(twice, { minLength: twice.length }),
        fc.integer({ min: 1, max: 9 }),
        async (delivery, size) => {
          await empty();
          for (let from = 0; from < delivery.length; from += size) {
            await project(delivery.slice(from, from + size));
            if (from % 2 === 0) await roll();
          }
          await roll();
          expect(await rows()).toEqual(expected);
        },
      ),
      { numRuns: 6 },
    );
  });

  test('a fact that comes late amends the minute, and one that moves the call moves it', async () => {
    const [arrived, ...rest] = transferred('CA2', NOON + 10_000);
    await project(rest.map((stored) => ({ ...stored, fact: { ...stored.fact, at: stored.fact.at + 60_000 } })));
    await roll();
    expect((await promotionFigures(database.source, HOUR)).spans).toMatchObject([
      { local: '2026-11-22T12:01', calls: 1 },
    ]);
    await project(arrived ? [arrived] : []);
    await roll();
    expect((await promotionFigures(database.source, HOUR)).spans).toMatchObject([
      { local: '2026-11-22T12:00', calls: 1 },
    ]);
  });

  test('who waits is counted in each minute while nobody tells of it, and a redaction changes what a call was about', async () => {
    await project(waited('CA1', NOON + 5_000).slice(0, 1));
    await roll(NOON + 61_000);
    await roll(NOON + 122_000);
    expect((await promotionFigures(database.source, HOUR)).spans.map(({ local, waiting }) => [local, waiting])).toEqual(
      [
        ['2026-11-22T12:00', 1],
        ['2026-11-22T12:01', 1],
        ['2026-11-22T12:02', 1],
      ],
    );
    await project(waited('CA1', NOON + 5_000));
    await roll();
    expect((await promotionFigures(database.source, HOUR)).products).toHaveLength(1);
    await project([
      {
        callSid: 'CA1',
        epoch: 1_795_350_000_000,
        seq: 50,
        fact: { type: 'journal.redacted', at: NOON + 99_500, itemId: 'i1', text: '[card]' },
      },
    ]);
    await roll();
    expect((await promotionFigures(database.source, HOUR)).products).toEqual([]);
  });

  test('two processes that count at once count the same; the last facts are counted at the stop', async () => {
    const calls = Array.from({ length: 12 }, (_, index) => transferred(`CB${index}`, NOON + index * 1_000));
    const rollers = [1, 2].map(
      () =>
        new FigureRoller({
          dataSource: database.source,
          prices: PRICES_DEFAULT,
          now: () => NOON,
          log: { warn: () => {} },
        }),
    );
    await Promise.all([
      ...calls.map((facts) => project(facts)),
      rollFigures(database.source, PRICES_DEFAULT, NOON),
      rollFigures(database.source, PRICES_DEFAULT, NOON),
    ]);
    await Promise.all(rollers.map((roller) => roller.stop()));
    expect((await promotionFigures(database.source, HOUR)).spans).toMatchObject([{ calls: 12, transferred: 12 }]);
    expect((await rows()).due).toEqual([]);
  });
}

await onBothDatabases(figureTests);
