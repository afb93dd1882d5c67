import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { CallLogEntity } from '../../entities/call-log.ts';
import { CallUnderstandingEntity } from '../../entities/call-understanding.ts';
import { startPglite, type DatabaseServer } from '../embedded/postgres.ts';
import { openDatabase } from '../services/database.ts';
import { type FakeModel, startFakeModel } from '../sim/model/index.ts';
import type { DataSource } from 'typeorm';
import { ModelReading, type ModelReadingDeps } from './model-reading.ts';
import { createConversationProjector } from './projections.ts';
import { story, startedAt, wholeCall } from './story.fixture.ts';

let server: DatabaseServer;
let source: DataSource;
let model: FakeModel;

beforeAll(async () => {
  [server, model] = await Promise.all([startPglite(), startFakeModel({ apiKey: 'sk-1' })]);
  source = await openDatabase(server.url);
});

beforeEach(async () => {
  vi.unstubAllGlobals();
  model.chatDoor = 'open';
  model.chat = () => ({});
  await source.query(
    'TRUNCATE call_log, turn, tool_execution, call_epoch, call_understanding, call_figure, figure_due',
  );
});

afterAll(async () => {
  await model.close();
  await source.destroy();
  await server.stop();
});

const said = {
  call: 0,
  intents: [{ intent: 'complaint', turn: 1 }],
  resolution: 'transferred',
  summary: 'The caller complained. Staff took over.',
  promotion: 'no-such-promotion',
  codes: ['NOSUCH'],
  questions: [],
  products: ['no-such-product'],
  transferReason: 'a reason of its own',
};

function setUp(more: Partial<ModelReadingDeps> = {}) {
  const spent = { taken: 0, back: 0, warnings: 0 };
  const reading = new ModelReading({
    dataSource: source,
    chat: { apiUrl: model.apiUrl, apiKey: 'sk-1', model: 'gpt-test' },
    budget: {
      take: (tokens) => Promise.resolve((spent.taken += tokens) > 0),
      giveBack: (tokens) => Promise.resolve(void (spent.back += tokens)),
    },
    hold: () => Promise.resolve(true),
    now: () => startedAt(120_000).getTime(),
    log: { warn: () => void (spent.warnings += 1) },
    ...more,
  });
  return { reading, spent };
}

const project = createConversation();
function createConversation() {
  return (facts: Parameters<ReturnType<typeof createConversationProjector>>[0]) =>
    createConversationProjector(source, () => startedAt(0).getTime())(facts);
}
const row = () => source.getRepository(CallUnderstandingEntity).findOneByOrFail({ callSid: 'CA1' });

test('what the model says replaces what the rules said, as far as there is such a thing; a redaction has rules read anew', async () => {
  await project(story('CA1', wholeCall));
  expect(await row()).toMatchObject({ classifier: 'rules', reading: 'none' });
  let asked = '';
  model.chat = ({ messages }) => {
    asked = messages.map(({ content }) => content).join('\n');
    return { calls: [said] };
  };
  const { reading, spent } = setUp();
  expect(await reading.round()).toBe(1);
  expect(model.complaints).toEqual([]);
  expect(asked).toContain('1 caller: Are you open today?');
  expect(asked).not.toContain('4111');
  expect(await row()).toMatchObject({
    classifier: 'gpt-test',
    reading: 'done',
    intents: [{ intent: 'complaint', itemId: 'i2' }],
    summary: 'The caller complained. Staff took over.',
    promotionSlug: null,
    codes: [],
    products: [],
    transferReason: null,
  });
  const call = await source.getRepository(CallLogEntity).findOneByOrFail({ callSid: 'CA1' });
  expect(call.intents).toEqual(['complaint']);
  // Only what was used stays taken, and nothing is asked twice.
  expect(spent.taken - spent.back).toBeGreaterThan(0);
  expect(spent.taken - spent.back).toBeLessThan(spent.taken / 2);
  expect(await reading.round()).toBe(0);
  await project(story('CA1', wholeCall));
  expect((await row()).classifier).toBe('gpt-test');
  await project([
    {
      callSid: 'CA1',
      epoch: 1_795_350_120_000,
      seq: 99,
      fact: { type: 'journal.redacted', at: 1, itemId: 'i2', text: '[phone]' },
    },
  ]);
  expect(await row()).toMatchObject({ classifier: 'rules', reading: 'none' });
});

test.each([
  ['is busy', (fake: FakeModel) => void (fake.chatDoor = 429)],
  ['answers nonsense', (fake: FakeModel) => void (fake.chat = () => 'nonsense')],
  [
    'tells of turns that are not there',
    (fake: FakeModel) => void (fake.chat = () => ({ calls: [{ ...said, intents: [{ intent: 'hours', turn: 77 }] }] })),
  ],
])(
  'where the model %s the rules stand, and it is given up after some tries if it is the model’s fault',
  async (_, spoil) => {
    await project(story('CA1', wholeCall));
    const before = await row();
    spoil(model);
    const { reading } = setUp();
    for (let round = 0; round < 3; round += 1) expect(await reading.round()).toBe(0);
    const isBusy = model.chatDoor === 429;
    expect(await row()).toEqual({ ...before, reading: isBusy ? 'none' : 'failed' });
  },
);

test('without tokens for the day, or where another process reads, nobody asks', async () => {
  await project(story('CA1', wholeCall));
  let asked = 0;
  model.chat = () => void (asked += 1);
  const poor = setUp({ budget: { take: () => Promise.resolve(false), giveBack: () => Promise.resolve() } });
  expect(await poor.reading.round()).toBe(0);
  expect(await setUp({ hold: () => Promise.resolve(false) }).reading.round()).toBe(0);
  expect(asked).toBe(0);
});

/** Calls that say their number, the oldest first; what is read of each by now. */
async function live(from: number, to: number): Promise<void> {
  for (let index = from; index < to; index += 1) {
    const facts = story(
      `CA${String(index).padStart(2, '0')}`,
      wholeCall.map((fact) => {
        if (fact === 'next epoch') return fact;
        const moved = { ...fact, at: fact.at + index };
        return moved.type === 'caller.said' ? { ...moved, text: `${moved.text} Number ${index}.` } : moved;
      }),
    );
    await project(facts);
  }
}
const readings = async () =>
  (await source.query<{ reading: string }[]>('SELECT reading FROM call_understanding ORDER BY call_sid')).map(
    ({ reading }) => reading,
  );

test.each([
  ['answered with nonsense', () => Response.json({ choices: [{ finish_reason: 'length', message: { content: '' } }] })],
  ['refused as if the model were busy', () => new Response('', { status: 503 })],
])('one call for which everything is %s holds up nothing but itself', async (_, spoilt) => {
  await live(0, 10);
  model.chat = ({ messages }) => {
    const asked = [...(messages.at(-1)?.content ?? '').matchAll(/^Call (\d+),/gm)];
    return { calls: asked.map(([, call]) => ({ ...said, call: Number(call) })) };
  };
  const ask = fetch;
  vi.stubGlobal('fetch', (url: string, how: RequestInit & { body: string }) =>
    how.body.includes('Number 3.') ? Promise.resolve(spoilt()) : ask(url, how),
  );
  const { reading } = setUp();
  const seen: number[] = [];
  for (let round = 0; round < 12; round += 1) {
    await reading.round();
    seen.push((await readings()).filter((each) => each === 'done').length);
  }
  // Eight, one of which spoils it, and half of them; two that are new; the other half; then quarters.
  expect(seen.slice(0, 5)).toEqual([0, 0, 2, 6, 8]);
  // The model is not too busy for all: it reads those that come.
  for (let call = 10; call < 14; call += 1) {
    await live(call, call + 1);
    for (let round = 0; round < 2; round += 1) await reading.round();
  }
  expect(await readings()).toEqual(Array.from({ length: 14 }, (__, call) => (call === 3 ? 'failed' : 'done')));
});

test('what is left of the day does for some of a batch', async () => {
  await live(0, 4);
  model.chat = () => ({ calls: [{ ...said, call: 0 }] });
  let left = 9_500;
  const { reading } = setUp({
    budget: { take: async (tokens) => tokens <= left && (left -= tokens) >= 0, giveBack: async () => {} },
  });
  expect(await reading.round()).toBe(1);
  expect(await readings()).toEqual(['done', 'none', 'none', 'none']);
});
