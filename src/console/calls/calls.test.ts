import { expect, test } from 'vitest';
import { story, wholeCall } from '../../analytics/story.fixture.ts';
import { PRICES_DEFAULT } from '../../config-checks.ts';
import type { FoundCall } from '../../services/call-search.ts';
import type { CallRecord } from '../../services/call-log.ts';
import { replayed } from '../../replay/replayed.ts';
import { scoreOf } from '../../replay/score.ts';
import type { ConsoleStream } from '../message.ts';
import { wordsIn } from '../words.ts';
import { readSearch, searchHref } from './call-filter.ts';
import { callView, type CallParts } from './call-view.ts';
import { csvCell, csvHead, csvRow, pour } from './calls-csv.ts';
import { scoreOfRows } from './score-of-rows.ts';
import { timelineOf } from './timeline.ts';

const words = wordsIn('America/New_York');
const journal = story('CA1', wholeCall).map((stored) => ({ kind: 'fact', ...stored }) as const);
const score = scoreOf(replayed('CA1', journal));
const parts: CallParts = {
  score,
  record: null,
  details: { understanding: null, used: null, silencesMs: [] },
  isWhole: true,
  prices: PRICES_DEFAULT,
  traceId: 'a'.repeat(32),
  traceHref: null,
};

test('a call by its journal: everything that was said and looked up, in order, with what was not heard', () => {
  const view = callView(words, parts);
  const kinds = view.lines.map((line) => (line.kind === 'turn' ? line.who : line.name));
  expect(kinds[0]).toBe('aida');
  expect(view.lines.filter(({ kind }) => kind === 'tool')).toHaveLength(score.tools.length);
  expect(view.lines.filter(({ kind }) => kind === 'turn').length).toBe(
    score.voices.filter(({ text }) => text !== '').length,
  );
  const lanes = new Map(view.timeline.lanes.map(({ name, pieces }) => [name, pieces]));
  expect([...lanes.keys()]).toEqual(expect.arrayContaining(['Caller', 'Aida', 'State', 'Line']));
  for (const pieces of lanes.values())
    for (const piece of pieces) {
      expect(Number(piece.x)).toBeGreaterThanOrEqual(view.timeline.left);
      expect(Number(piece.x)).toBeLessThanOrEqual(view.timeline.width);
    }
  expect(view.isOver).toBe(true);
  expect(view.log.length).toBeGreaterThan(10);
});

test('intents lead to the turns that show them, questions to where they were asked; the cost is by the prices', () => {
  const itemId = score.voices.find(({ who }) => who === 'caller')?.itemId ?? '';
  const understanding = {
    callSid: 'CA1',
    classifier: 'rules',
    inputHash: '',
    intents: [
      { intent: 'hours', itemId },
      { intent: 'person', itemId: null },
      { intent: 'menu', itemId: 'gone' },
    ],
    resolution: 'resolved' as const,
    summary: 'Asked when the store opens.',
    promotionSlug: null,
    codes: [],
    questions: [{ itemId, question: 'Do you have parking?' }],
    products: [],
    transferReason: null,
    reading: 'none' as const,
  };
  const used = { textIn: 1_000_000, textInCached: 0, audioIn: 0, audioInCached: 0, textOut: 0, audioOut: 500_000 };
  const view = callView(words, { ...parts, details: { understanding, used, silencesMs: [] } });
  expect(view.intents).toEqual([
    { intent: 'hours', href: `#turn-${itemId}` },
    { intent: 'person', href: null },
    { intent: 'menu', href: null },
  ]);
  expect(view.lines.flatMap((line) => (line.kind === 'turn' ? line.intents : []))).toEqual(['hours']);
  expect(view.questions).toEqual([{ question: 'Do you have parking?', href: `#turn-${itemId}` }]);
  expect([view.cost, view.resolution]).toEqual(['$36.000', 'Resolved']);
  expect(view.tokens).toEqual([
    { label: 'Audio out', value: '500,000' },
    { label: 'Text in', value: '1,000,000' },
  ]);
});

test('a call whose journal is gone is told from its rows, in the order of the conversation', () => {
  const at = (ms: number): Date => new Date(1_700_000_000_000 + ms);
  const turn = { callSid: 'CA1', epoch: 1, afterItemId: null, heardMs: null, totalMs: null, cut: false };
  const record: CallRecord = {
    call: {
      callSid: 'CA1',
      fromNumber: '+12075550142',
      toNumber: '',
      status: 'COMPLETED',
      startedAt: at(0),
      answeredAt: at(500),
      endedAt: at(60_000),
      duration: 60,
      outcome: 'answered',
      transcript: null,
      processedAt: null,
      intents: ['hours'],
      promotionSlug: null,
      lastEpoch: 1,
      lastSeq: 9,
      statusSequence: null,
    },
    turns: [
      { ...turn, seq: 1, itemId: 'i1', who: 'caller', text: 'When do you open?', heardText: null, at: at(5_000) },
      {
        ...turn,
        seq: 2,
        itemId: 'i2',
        who: 'assistant',
        text: 'At seven, and on Sunday at eight.',
        heardText: 'At seven,',
        heardMs: 900,
        totalMs: 3_000,
        cut: true,
        at: at(6_000),
      },
    ],
    tools: [],
    voicemails: [],
    recordings: [],
  };
  const told = scoreOfRows(record);
  expect(told.lastsMs).toBe(60_000);
  expect(told.voices.map(({ who, toMs, cut }) => ({ who, toMs, cut }))).toEqual([
    { who: 'caller', toMs: 5_000, cut: null },
    { who: 'aida', toMs: 6_900, cut: { heardMs: 900, totalMs: 3_000, unheard: 'and on Sunday at eight.' } },
  ]);
  const line = { who: 'caller' as const, text: 'hello', at: at(1_000).toISOString(), cut: false };
  const bare = scoreOfRows({ ...record, turns: [], call: { ...record.call, transcript: [line] } });
  expect(bare.voices.map(({ text, fromMs }) => [text, fromMs])).toEqual([['hello', 1_000]]);
});

test('a call of many hours stays a drawing that a browser can show', () => {
  const long = timelineOf({ ...score, lastsMs: 8 * 3_600_000 });
  expect(long.width).toBeLessThanOrEqual(24_000);
  expect(long.ticks.length).toBeLessThan(500);
  expect(timelineOf({ ...score, lastsMs: 0, voices: [], tools: [], places: [], streams: [] }).lanes).toHaveLength(2);
});

test('what is asked for is read forgivingly, and what is wrong is said beside it', () => {
  const read = (query: string) => readSearch(new URLSearchParams(query), 'America/New_York');
  expect(read('number=(207) 555-0142&from=2026-11-01&until=2026-11-01').filter).toEqual({
    number: '2075550142',
    from: new Date('2026-11-01T04:00:00Z'),
    until: new Date('2026-11-02T05:00:00Z'),
  });
  expect(read('older=1700000000000-CA1').turned).toEqual({
    older: { at: new Date(1_700_000_000_000), callSid: 'CA1' },
  });
  for (const place of ['older=x&newer=1-', 'older=9999999999999999-CA1']) expect(read(place).turned).toBe(null);
  for (const day of ['2026-13-01', '9999-12-31', '0001-01-01'])
    expect(read(`until=${day}`).faults).toEqual({ until: 'Write the date as 2026-11-23.' });
  expect(read('from=2026-11-02&until=2026-11-01').faults).toEqual({ until: 'This is before the first day.' });
  expect(read('number=12').filter).toBe(null);
  const { asked } = read('words=a%26b&outcome=live');
  expect(searchHref('/admin/calls', asked, { older: '1-CA1' })).toBe(
    '/admin/calls?outcome=live&words=a%26b&older=1-CA1',
  );
});

const call: FoundCall = {
  callSid: 'CA1',
  fromNumber: '+12075550142',
  toNumber: '',
  status: 'COMPLETED',
  startedAt: new Date(0),
  answeredAt: null,
  endedAt: null,
  duration: 7,
  outcome: null,
  processedAt: null,
  intents: ['hours', '=HYPERLINK("x")'],
  promotionSlug: null,
  line: null,
};

test('a spreadsheet takes nothing that a caller said for a formula', () => {
  expect(['=1+1', '@cmd', '-2+3', '+12075550142', 'a,"b"', 'plain', '\tx'].map(csvCell)).toEqual([
    `"'=1+1"`,
    `"'@cmd"`,
    `"'-2+3"`,
    '+12075550142',
    '"a,""b"""',
    'plain',
    `"'\tx"`,
  ]);
  expect(csvRow(call).split(',').length).toBeGreaterThanOrEqual(csvHead.split(',').length);
  expect(csvRow(call)).toContain('"hours =HYPERLINK(""x"")"');
});

test('a list is written no faster than it is read, and ends where its reader does', async () => {
  const taken: string[] = [];
  let drain = (): void => {};
  let over = false;
  const out: ConsoleStream = {
    get over() {
      return over;
    },
    write: (text) => (taken.push(text), false),
    onDrain: (listener) => (drain = listener),
    onEnd: () => {},
    end: () => void (over = true),
  };
  let made = 0;
  async function* pieces() {
    for (made = 1; made <= 3; made++) yield `${made}`;
  }
  const poured = pour(out, pieces());
  await expect.poll(() => taken).toEqual(['1']);
  expect(made).toBe(1);
  drain();
  await expect.poll(() => taken).toEqual(['1', '2']);
  over = true;
  drain();
  await poured;
  expect(taken).toEqual(['1', '2']);
});
