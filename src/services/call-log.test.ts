import { beforeAll, describe, expect, test } from 'vitest';
import { CallLogEntity, type CallLog } from '../../entities/call-log.ts';
import { ToolExecutionEntity } from '../../entities/tool-execution.ts';
import { TurnEntity } from '../../entities/turn.ts';
import { VoicemailEntity } from '../../entities/voicemail.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { createCallHistory, inConversationOrder } from './call-log.ts';

const ZONE = 'America/New_York';
const NOON = Date.parse('2026-11-18T12:00:00-05:00');
const at = (time: string) => new Date(`2026-11-${time}-05:00`);

function call(callSid: string, startedAt: Date, more: Partial<CallLog> = {}): Partial<CallLog> {
  return { callSid, fromNumber: '+12075550100', status: 'RINGING', startedAt, ...more };
}

function ended(callSid: string, startedAt: Date, duration: number | null, intents: string[]): Partial<CallLog> {
  const answeredAt = duration === null ? null : startedAt;
  return call(callSid, startedAt, {
    status: duration === null ? 'NO-ANSWER' : 'COMPLETED',
    answeredAt,
    endedAt: startedAt,
    duration,
    intents,
  });
}

await onBothDatabases((database) => {
  test('without calls everything is zero', async () => {
    const history = createCallHistory(database.source);
    expect(await history.statistics(NOON, ZONE)).toEqual({
      today: 0,
      live: 0,
      answered: 0,
      averageDurationS: null,
      byIntent: [],
      byPromotion: [],
    });
    expect(await history.recent(10)).toEqual([]);
    expect(await history.record('CA1')).toBeNull();
  });

  describe('with calls', () => {
    beforeAll(async () => {
      await database.source
        .getRepository(CallLogEntity)
        .insert([
          ended('CA-yesterday', at('17T23:59:59'), 500, ['hours']),
          ended('CA-midnight', at('18T00:00:00'), 60, ['hours', 'menu', 'hours']),
          { ...ended('CA-morning', at('18T08:00:00'), 91, ['hours']), promotionSlug: 'muddy-paws' },
          { ...ended('CA-missed', at('18T09:00:00'), null, []), promotionSlug: 'muddy-paws' },
          call('CA-live', at('18T11:59:00'), { status: 'IN-PROGRESS', answeredAt: at('18T11:59:01') }),
          call('CA-lost', at('16T09:00:00')),
          ended('CA-tomorrow', at('19T00:00:00'), 500, ['hours']),
        ]);
    });

    test('today is the store’s day; what ended counts for durations; a row without an end is not live for ever', async () => {
      expect(await createCallHistory(database.source).statistics(NOON, ZONE)).toEqual({
        today: 4,
        live: 1,
        answered: 3,
        averageDurationS: 76,
        byIntent: [
          { intent: 'hours', calls: 2 },
          { intent: 'menu', calls: 1 },
        ],
        byPromotion: [{ promotion: 'muddy-paws', calls: 2 }],
      });
      const inTokyo = await createCallHistory(database.source).statistics(NOON, 'Asia/Tokyo');
      expect(inTokyo.today).toBe(2);
    });

    test('the newest calls by their start', async () => {
      const recent = await createCallHistory(database.source).recent(3);
      expect(recent.map(({ callSid }) => callSid)).toEqual(['CA-tomorrow', 'CA-live', 'CA-missed']);
      expect(recent[0]).not.toHaveProperty('transcript');
      expect(recent[1]).toMatchObject({
        status: 'IN-PROGRESS',
        duration: null,
        intents: [],
        startedAt: at('18T11:59:00'),
      });
    });

    test('the record of one call: its own rows, in order', async () => {
      const { source } = database;
      const turn = { callSid: 'CA-live', epoch: 1, at: at('18T11:59:05') };
      await source.getRepository(TurnEntity).insert([
        { ...turn, epoch: 2, seq: 1, itemId: 'i4', who: 'assistant', text: 'back' },
        { ...turn, seq: 9, itemId: 'i2', who: 'caller', text: 'late', afterItemId: 'i1' },
        {
          ...turn,
          seq: 8,
          itemId: 'i3',
          who: 'assistant',
          text: 'answer',
          heardText: 'ans',
          heardMs: 200,
          totalMs: 900,
          cut: true,
        },
        { ...turn, seq: 2, itemId: 'i1', who: 'assistant', text: 'greeting' },
        { ...turn, callSid: 'CA-other', seq: 2, itemId: 'i9', who: 'caller', text: 'another call' },
      ]);
      await source.getRepository(ToolExecutionEntity).insert({
        callSid: 'CA-live',
        toolCallId: 't1',
        epoch: 1,
        name: 'get_menu',
        arguments: '{}',
        startedAt: turn.at,
      });
      await source
        .getRepository(VoicemailEntity)
        .insert({ recordingSid: 'RE1', callSid: 'CA-live', fromNumber: '+1', audio: Buffer.from('x'), status: 'new' });
      const record = await createCallHistory(source).record('CA-live');
      expect(record?.call.status).toBe('IN-PROGRESS');
      expect(record?.turns.map(({ text }) => text)).toEqual(['greeting', 'late', 'answer', 'back']);
      expect(record?.turns[2]).toMatchObject({ heardText: 'ans', heardMs: 200, totalMs: 900, cut: true });
      expect(record?.tools.map(({ name, result }) => [name, result])).toEqual([['get_menu', null]]);
      expect(record?.voicemails.map(({ recordingSid, audio }) => [recordingSid, audio])).toEqual([['RE1', undefined]]);
    });
  });
});

test('a turn without a known predecessor stays where its fact stands', () => {
  const turn = (itemId: string, afterItemId: string | null) => ({ itemId, afterItemId });
  expect(
    inConversationOrder([turn('a', null), turn('b', 'unknown'), turn('d', 'b'), turn('c', 'b')]).map(
      ({ itemId }) => itemId,
    ),
  ).toEqual(['a', 'b', 'c', 'd']);
});
