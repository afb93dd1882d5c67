import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { beforeEach, expect, test } from 'vitest';
import { CallEpochEntity } from '../../entities/call-epoch.ts';
import { CallLogEntity } from '../../entities/call-log.ts';
import { CallUnderstandingEntity } from '../../entities/call-understanding.ts';
import { PromotionEntity } from '../../entities/promotion.ts';
import { ToolExecutionEntity } from '../../entities/tool-execution.ts';
import { TurnEntity } from '../../entities/turn.ts';
import { onBothDatabases, type TestDatabase } from '../sim/parts/both-databases.ts';
import { createCallLogProjector, type Projector } from './call-log.ts';
import type { StoredFact } from './stored-fact.ts';
import { CALLER, EPOCH, startedAt, story, wholeCall } from './story.fixture.ts';
import { createConversationProjector } from './projections.ts';

const NOW = 1_800_000_000_000;
const SHUFFLES = 12;

interface Rows {
  calls: unknown;
  turns: unknown;
  tools: unknown;
  epochs: unknown;
  understood: unknown;
}

async function rowsOf(source: DataSource): Promise<Rows> {
  return {
    calls: await source.getRepository(CallLogEntity).find({ order: { callSid: 'ASC' } }),
    turns: await source.getRepository(TurnEntity).find({ order: { callSid: 'ASC', epoch: 'ASC', seq: 'ASC' } }),
    tools: await source.getRepository(ToolExecutionEntity).find({ order: { callSid: 'ASC', toolCallId: 'ASC' } }),
    epochs: await source.getRepository(CallEpochEntity).find({ order: { callSid: 'ASC' } }),
    understood: await source.getRepository(CallUnderstandingEntity).find({ order: { callSid: 'ASC' } }),
  };
}

const empty = (source: DataSource) =>
  source.query('TRUNCATE call_log, turn, tool_execution, call_epoch, call_understanding');

/** What is to become of the facts: who takes which, in which order and which pieces. */
interface Delivery {
  facts: StoredFact[];
  pieces: number[];
}

function deliveries(facts: readonly StoredFact[]): fc.Arbitrary<Delivery> {
  const twice = [...facts, ...facts];
  return fc.record({
    facts: fc.shuffledSubarray(twice, { minLength: twice.length }),
    pieces: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }),
  });
}

async function deliver({ facts, pieces }: Delivery, project: Projector): Promise<void> {
  for (let from = 0, piece = 0; from < facts.length; piece += 1) {
    const count = pieces[piece % pieces.length] ?? 1;
    await project(facts.slice(from, from + count));
    from += count;
  }
}

function projectorTests(database: TestDatabase): void {
  const callLog = (): Projector => createCallLogProjector(database.source);
  const conversation = (): Projector => createConversationProjector(database.source, () => NOW);

  beforeEach(() => empty(database.source));

  test('a call is a row from its arrival on', async () => {
    const [arrived] = story('CA1', wholeCall);
    if (!arrived) throw new Error('no arrival');
    await callLog()([arrived]);
    expect(await database.source.getRepository(CallLogEntity).findOneBy({ callSid: 'CA1' })).toEqual({
      callSid: 'CA1',
      fromNumber: CALLER,
      toNumber: '+15550199',
      status: 'RINGING',
      startedAt: startedAt(),
      answeredAt: null,
      endedAt: null,
      duration: null,
      outcome: null,
      transcript: null,
      processedAt: null,
      intents: [],
      promotionSlug: null,
      lastEpoch: EPOCH,
      lastSeq: 1,
      statusSequence: null,
    });
  });

  test('a call that is over has its transcript as heard, its intents, and the time of that', async () => {
    const facts = story('CA1', wholeCall);
    await conversation()(facts);
    const at = (offsetMs: number): string => startedAt(offsetMs).toISOString();
    expect(await database.source.getRepository(CallLogEntity).findOneBy({ callSid: 'CA1' })).toMatchObject({
      status: 'COMPLETED',
      duration: 81,
      outcome: 'transferred',
      processedAt: new Date(NOW),
      intents: ['hours', 'transfer'],
      transcript: [
        { who: 'assistant', text: 'Welcome to Mangy Dog Coffee!', at: at(2_000), cut: false },
        { who: 'caller', text: 'Are you open today?', at: at(6_300), cut: false },
        { who: 'assistant', text: 'We are open until', at: at(7_000), cut: true },
        { who: 'caller', text: 'My card is [card]', at: at(11_000), cut: false },
        { who: 'caller', text: '[card] and let me talk to a person', at: at(14_001), cut: false },
        { who: 'assistant', text: 'You said [card]', at: at(14_500), cut: true },
      ],
    });
    const { tools, epochs, turns } = await rowsOf(database.source);
    expect(tools).toMatchObject([
      {
        toolCallId: 't1',
        name: 'get_store_hours',
        arguments: '{"day":"today"}',
        result: 'ok',
        durationMs: 40,
        leave: null,
        startedAt: startedAt(6_100),
        epoch: EPOCH + 60_000,
      },
      { toolCallId: 't2', name: 'transfer_to_staff', leave: { kind: 'transfer', reason: 'asked' } },
    ]);
    expect(epochs).toEqual([{ callSid: 'CA1', epoch: EPOCH + 120_000 }]);
    expect(turns).toHaveLength(6);
    expect(JSON.stringify(await rowsOf(database.source))).not.toContain('4111');
  });

  test('a call that is over is told to have been about a promotion, in the store’s own time', async () => {
    const { source } = database;
    const local = (offsetMs: number) =>
      new Date(startedAt(offsetMs).getTime() - 5 * 3_600_000).toISOString().slice(0, 16);
    const promotion = { slug: 'deal', name: 'Winter Beans', offer: 'Less.', terms: '' };
    const said = { type: 'caller.said', itemId: 'i9', text: 'Any deals today?', after: null } as const;
    const over = { type: 'carrier.gone', status: 'completed', durationS: 60 } as const;
    const facts = story('CA9', [
      { ...said, at: startedAt(6_000).getTime() },
      { ...over, at: startedAt(60_000).getTime() },
    ]);
    const about = async (startsLocal: string, endsLocal: string) => {
      await source.query('TRUNCATE promotion');
      await source.getRepository(PromotionEntity).insert({ ...promotion, startsLocal, endsLocal });
      await empty(source);
      await conversation()(facts);
      return (await source.getRepository(CallLogEntity).findOneByOrFail({ callSid: 'CA9' })).promotionSlug;
    };
    expect(await about(local(-60_000), local(120_000))).toBe('deal');
    expect(await about(local(180_000), local(360_000))).toBe(null);
    await source.query('TRUNCATE promotion');
  });

  test('while a call lives its turns are there, its transcript is not', async () => {
    await conversation()(story('CA1', wholeCall.slice(0, 8)));
    const row = await database.source.getRepository(CallLogEntity).findOneBy({ callSid: 'CA1' });
    expect(row).toMatchObject({ transcript: null, processedAt: null, intents: [] });
    expect(await database.source.getRepository(TurnEntity).count()).toBe(2);
  });

  test('a fact that comes after the transcript amends it, and processedAt stays', async () => {
    const facts = story('CA1', wholeCall);
    const late = facts.find(({ fact }) => fact.type === 'caller.said');
    await conversation()(facts.filter((stored) => stored !== late));
    await createConversationProjector(database.source, () => NOW + 5_000)(late ? [late] : []);
    const row = await database.source.getRepository(CallLogEntity).findOneBy({ callSid: 'CA1' });
    expect(row?.processedAt).toEqual(new Date(NOW));
    expect(row?.transcript?.[1]?.text).toBe('Are you open today?');
  });

  test('facts of several calls, shuffled, repeated and in pieces, taken by both groups, come to the same rows', async () => {
    const facts = ['CA1', 'CA2'].flatMap((callSid) => story(callSid, wholeCall));
    await callLog()(facts);
    await conversation()(facts);
    const expected = await rowsOf(database.source);
    expect(expected.turns).toHaveLength(12);
    await fc.assert(
      fc.asyncProperty(deliveries(facts), fc.boolean(), async (delivery, conversationFirst) => {
        await empty(database.source);
        const [first, second] = conversationFirst ? [conversation(), callLog()] : [callLog(), conversation()];
        await deliver(delivery, first);
        await deliver(delivery, second);
        expect(await rowsOf(database.source)).toEqual(expected);
      }),
      { numRuns: SHUFFLES },
    );
  });

  test('both groups at once, in opposite orders, neither wait for each other nor lose anything', async () => {
    const facts = ['CA1', 'CA2', 'CA3', 'CA4'].flatMap((callSid) => story(callSid, wholeCall));
    await conversation()(facts);
    await callLog()(facts);
    const expected = await rowsOf(database.source);
    await empty(database.source);
    const backwards = facts.toReversed();
    await Promise.all([
      deliver({ facts, pieces: [9] }, callLog()),
      deliver({ facts: backwards, pieces: [7] }, conversation()),
      deliver({ facts: backwards, pieces: [11] }, callLog()),
      deliver({ facts, pieces: [13] }, conversation()),
    ]);
    expect(await rowsOf(database.source)).toEqual(expected);
  });

  test('a fact that the database refuses takes none of its batch in', async () => {
    const facts = story('CA1', wholeCall);
    const poison: StoredFact = {
      callSid: 'CA1',
      epoch: EPOCH,
      seq: 99,
      fact: { type: 'caller.said', at: 1, itemId: 'x', text: 'nul \u0000', after: null },
    };
    await expect(conversation()([...facts, poison])).rejects.toMatchObject({ code: '22021' });
    expect(await rowsOf(database.source)).toEqual({ calls: [], turns: [], tools: [], epochs: [], understood: [] });
  });
}

await onBothDatabases(projectorTests);
