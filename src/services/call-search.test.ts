import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DataSource, QueryRunner } from 'typeorm';
import { CallLogEntity, type CallLog } from '../../entities/call-log.ts';
import { CallSearch1763870002000 } from '../../entities/migrations/1763870002000-call-search.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { type CallFilter, type CallPage, searchCalls, type Turned } from './call-search.ts';

const NOON = Date.parse('2026-11-18T17:00:00Z');
const MINUTE_MS = 60_000;
const said = (text: string, who: 'caller' | 'assistant' = 'caller') => ({
  who,
  text,
  at: new Date(NOON).toISOString(),
  cut: false,
});

const row = (callSid: string, minutesAgo: number, more: Partial<CallLog> = {}) => ({
  callSid,
  fromNumber: '+12075550100',
  status: 'COMPLETED',
  startedAt: new Date(NOON - minutesAgo * MINUTE_MS),
  endedAt: new Date(NOON),
  ...more,
});

const rows = [
  row('CA1', 1, {
    intents: ['hours', 'menu'],
    outcome: 'answered',
    transcript: [said('When are you open?'), said('We open at seven.', 'assistant')],
  }),
  row('CA2', 2, {
    fromNumber: '+12075550142',
    outcome: 'transferred',
    transcript: [said('I want a refund for <b>oat milk</b>')],
  }),
  row('CA3', 2, {
    promotionSlug: 'muddy-paws',
    intents: ['promotion'],
    transcript: [said('Is the oat latte in the offer?')],
  }),
  row('CA4', 3, {
    fromNumber: '+447700900123',
    outcome: 'answered',
    intents: ['hours'],
    transcript: [said('¿A qué hora abren?')],
  }),
  row('CA5', 4, { endedAt: null, startedAt: new Date(Date.now() - MINUTE_MS) }),
  row('CA6', 60 * 24 * 3, { outcome: 'voicemail', transcript: null }),
];

await onBothDatabases((database) => {
  let source: DataSource;
  beforeAll(async () => {
    source = database.source;
    await source.getRepository(CallLogEntity).insert(rows);
  });
  afterAll(() => source.getRepository(CallLogEntity).clear());

  const found = async (filter: CallFilter, turned: Turned = null, count = 10): Promise<string[]> =>
    (await searchCalls(source, filter, turned, count)).calls.map(({ callSid }) => callSid);

  test.each<[string, CallFilter, string[]]>([
    ['all, newest first', {}, ['CA5', 'CA1', 'CA3', 'CA2', 'CA4', 'CA6']],
    ['a whole number', { number: '+12075550142' }, ['CA2']],
    ['some digits of it', { number: '0900' }, ['CA4']],
    ['an intent', { intent: 'hours' }, ['CA1', 'CA4']],
    ['an outcome', { outcome: 'answered' }, ['CA1', 'CA4']],
    ['those that go on', { outcome: 'live' }, ['CA5']],
    ['a promotion', { promotion: 'muddy-paws' }, ['CA3']],
    ['words, whatever their form', { words: 'opening' }, ['CA1']],
    ['words without others', { words: 'oat -refund' }, ['CA3']],
    ['either word', { words: 'refund or latte' }, ['CA3', 'CA2']],
    ['words of another language', { words: 'abren' }, ['CA4']],
    ['a phrase', { words: '"oat milk"' }, ['CA2']],
    ['from a time on', { from: new Date(NOON - 2 * MINUTE_MS) }, ['CA5', 'CA1', 'CA3', 'CA2']],
    ['up to a time', { until: new Date(NOON - 2 * MINUTE_MS) }, ['CA4', 'CA6']],
    ['all together', { words: 'open', intent: 'menu', number: '0100', outcome: 'answered' }, ['CA1']],
    ['nothing like it', { words: 'xylophone' }, []],
    ['what is no query', { words: '& | ! ( " <->' }, []],
    ['quotes of SQL', { words: "'; DROP TABLE call_log; --", number: "1' OR '1'='1" }, []],
  ])('%s', async (_, filter, expected) => {
    expect(await found(filter)).toEqual(expected);
  });

  test('the line in which it was said', async () => {
    const { calls } = await searchCalls(source, { words: 'seven' }, null, 10);
    expect(calls.map(({ line }) => line?.text)).toEqual(['We open at seven.']);
  });

  test('pages, there and back, also between calls of the same moment', async () => {
    const place = (callSid: string) => {
      const at = rows.find((each) => each.callSid === callSid)?.startedAt ?? new Date(0);
      return { at, callSid };
    };
    const first = await searchCalls(source, {}, null, 3);
    expect(first.calls.map(({ callSid }) => callSid)).toEqual(['CA5', 'CA1', 'CA3']);
    expect([first.hasOlder, first.hasNewer]).toEqual([true, false]);
    const second = await searchCalls(source, {}, { older: place('CA3') }, 3);
    expect(second.calls.map(({ callSid }) => callSid)).toEqual(['CA2', 'CA4', 'CA6']);
    expect([second.hasOlder, second.hasNewer]).toEqual([false, true]);
    const back = await searchCalls(source, {}, { newer: place('CA2') }, 2);
    expect(back.calls.map(({ callSid }) => callSid)).toEqual(['CA1', 'CA3']);
    expect([back.hasOlder, back.hasNewer]).toEqual([true, true]);
  });

  test('frequent words: calls are walked through, piece by piece, and where the time is over the search can go on', async () => {
    const walked = { hitsMax: 0, walkCalls: 2, walkMsMax: 60_000 };
    const sids = ({ calls }: CallPage): string[] => calls.map(({ callSid }) => callSid);
    const all = await searchCalls(source, { words: 'oat or open or abren' }, null, 10, walked);
    expect([sids(all), all.hasOlder, all.stoppedAt]).toEqual([['CA1', 'CA3', 'CA2', 'CA4'], false, null]);
    const two = await searchCalls(source, { words: 'oat or open or abren' }, null, 2, walked);
    expect([sids(two), two.hasOlder, two.stoppedAt]).toEqual([['CA1', 'CA3'], true, null]);
    const other = await searchCalls(source, { words: 'oat', promotion: 'muddy-paws' }, null, 10, walked);
    expect(sids(other)).toEqual(['CA3']);
    const newest = { newer: { at: new Date(0), callSid: '' } };
    expect(sids(await searchCalls(source, { words: 'oat' }, newest, 10, walked))).toEqual(['CA3', 'CA2']);

    const hurried = { ...walked, walkMsMax: -1 };
    const found: string[] = [];
    let turned: Turned = null;
    for (let pages = 0; pages < 9; pages++) {
      const page: CallPage = await searchCalls(source, { words: 'abren' }, turned, 10, hurried);
      found.push(...sids(page));
      if (!page.stoppedAt) break;
      expect(page.hasOlder).toBe(true);
      turned = { older: page.stoppedAt };
    }
    expect(found).toEqual(['CA4']);
    const none = await searchCalls(source, { words: 'abren', until: new Date(1) }, null, 10, hurried);
    expect([sids(none), none.stoppedAt]).toEqual([[], null]);
  });

  test('words go with what they were said in: changed, taken out by the retention, deleted', async () => {
    const calls = source.getRepository(CallLogEntity);
    await calls.upsert({ ...row('CA7', 5), transcript: [said('marshmallow')] }, ['callSid']);
    expect(await found({ words: 'marshmallow' })).toEqual(['CA7']);
    await calls.upsert({ ...row('CA7', 5), transcript: [said('cinnamon')] }, ['callSid']);
    expect([await found({ words: 'marshmallow' }), await found({ words: 'cinnamon' })]).toEqual([[], ['CA7']]);
    await calls.update({ callSid: 'CA7' }, { transcript: null });
    expect(await source.query(`SELECT * FROM call_text WHERE call_sid = 'CA7'`)).toEqual([]);
    await calls.update({ callSid: 'CA7' }, { transcript: [said('nutmeg')] });
    await calls.delete({ callSid: 'CA7' });
    expect(await source.query(`SELECT * FROM call_text WHERE call_sid = 'CA7'`)).toEqual([]);
  });

  test('a transcript of any length is taken in', async () => {
    const long = Array.from({ length: 40_000 }, (_, index) => `word${index}`).join(' ');
    await source.getRepository(CallLogEntity).insert({ ...row('CA8', 6), transcript: [said(long)] });
    expect(await found({ words: 'word17' })).toEqual(['CA8']);
    await source.getRepository(CallLogEntity).delete({ callSid: 'CA8' });
  });

  test('words to be left out alone: calls are walked through, since no index knows who did not say one', async () => {
    const asked: string[] = [];
    const watched = {
      query: (sql: string, values?: unknown[]) => {
        asked.push(sql);
        return source.query(sql, values);
      },
    } as Pick<DataSource, 'query'>;
    for (const [words, expected] of [
      ['-oat', ['CA1', 'CA4']],
      ['refund or -oat', ['CA1', 'CA2', 'CA4']],
    ] as const) {
      const { calls } = await searchCalls(watched, { words }, null, 10);
      expect(calls.map(({ callSid }) => callSid)).toEqual(expected);
    }
    expect(asked.filter((sql) => /FROM call_text WHERE words @@/.test(sql))).toEqual([]);
  });

  test('the index is filled from the calls that are there, and takes in what is written beside it meanwhile', async () => {
    const calls = source.getRepository(CallLogEntity);
    const migration = new CallSearch1763870002000();
    const runner = source.createQueryRunner();
    const texts = () => source.query<unknown[]>('SELECT call_sid, words::text FROM call_text ORDER BY call_sid');
    const before = await texts();
    try {
      await migration.down(runner);
      await calls.insert({ ...row('CA9', 7), transcript: [said('nutmeg')] });
      const beside = async (sql: string, values?: unknown[]): Promise<unknown> => {
        if (sql.includes('INDEX call_text_page_idx')) {
          await calls.insert({ ...row('CB1', 60 * 24 * 9), transcript: [said('cinnamon')] });
          await calls.update({ callSid: 'CA9' }, { transcript: null });
        }
        return runner.query(sql, values);
      };
      await migration.up({ query: beside } as unknown as QueryRunner);
    } finally {
      await runner.release();
    }
    expect([await found({ words: 'cinnamon' }), await found({ words: 'nutmeg' })]).toEqual([['CB1'], []]);
    await calls.delete(['CA9', 'CB1']);
    expect(await texts()).toEqual(before);
  });
});
