import { beforeEach, expect, test } from 'vitest';
import { CallLogEntity } from '../../entities/call-log.ts';
import { CallUnderstandingEntity } from '../../entities/call-understanding.ts';
import { CallbackRequestEntity } from '../../entities/callback-request.ts';
import { PrivacyRecordEntity } from '../../entities/privacy-record.ts';
import { createConversationProjector } from '../analytics/projections.ts';
import { EPOCH, story, wholeCall } from '../analytics/story.fixture.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { deleteOld } from './retention.ts';

const DAY_MS = 86_400_000;
const policy = { transcriptDays: 10, callDays: 30 };

await onBothDatabases((database) => {
  const signal = new AbortController().signal;
  const count = async (table: string): Promise<number> => {
    const [row]: { count: number }[] = await database.source.query(`SELECT count(*)::int AS count FROM ${table}`);
    return row?.count ?? 0;
  };
  const after = (days: number) => deleteOld(database.source, policy, EPOCH + days * DAY_MS, signal);

  beforeEach(() =>
    database.source.query(
      'TRUNCATE call_log, turn, tool_execution, call_epoch, call_understanding, callback_request, privacy_record',
    ),
  );

  test('words go first, then all of a call; each time it is noted how much', async () => {
    const project = createConversationProjector(database.source, Date.now);
    await project([...story('CA1', wholeCall), ...story('CA2', wholeCall)]);
    await database.source.query(
      `INSERT INTO call_understanding (call_sid, classifier, input_hash, resolution, summary)
       SELECT call_sid, 'rules', '', 'none', 'They said.' FROM call_log
       ON CONFLICT (call_sid) DO UPDATE SET summary = excluded.summary`,
    );
    const window = { windowStart: new Date(EPOCH), windowEnd: new Date(EPOCH), nextAttemptAt: new Date(EPOCH) };
    const wish = { number: '+1', calledNumber: '+2', createdAt: new Date(EPOCH), ...window };
    await database.source.getRepository(CallbackRequestEntity).insert([
      { callSid: 'CA7', status: 'answered', ...wish },
      { callSid: 'CA8', status: 'open', ...wish },
    ]);
    expect(await after(9)).toEqual({});
    expect(await after(11)).toEqual({ turn: 12, tool_execution: 4, transcript: 2 });
    const [call] = await database.source.getRepository(CallLogEntity).find();
    expect(call).toMatchObject({ transcript: null, outcome: 'transferred', intents: ['hours', 'transfer'] });
    const understood = await database.source.getRepository(CallUnderstandingEntity).find();
    expect(understood).toHaveLength(2);
    expect(understood.every(({ summary, questions }) => summary === '' && questions.length === 0)).toBe(true);
    expect(await after(11)).toEqual({});
    const gone = await after(31);
    expect(gone).toMatchObject({ call_log: 2, call_epoch: 2, callback_request: 1 });
    expect([await count('call_log'), await count('call_epoch'), await count('callback_request')]).toEqual([0, 0, 1]);
    const records = await database.source.getRepository(PrivacyRecordEntity).find({ order: { at: 'ASC' } });
    expect(records.map(({ act, counts }) => [act, counts])).toEqual([
      ['retain', { turn: 12, tool_execution: 4, transcript: 2 }],
      ['retain', gone],
    ]);
  });

  test('more than fits a batch is deleted in one round; a round that is to end stops between two', async () => {
    await database.source.query(
      `INSERT INTO call_log (call_sid, from_number, status, started_at)
       SELECT 'CA' || n, '', 'X', to_timestamp($1::float8 / 1000) FROM generate_series(1, 1203) n`,
      [EPOCH],
    );
    expect(await deleteOld(database.source, policy, EPOCH + 31 * DAY_MS, AbortSignal.abort())).toEqual({});
    expect(await after(31)).toEqual({ call_log: 1_203 });
    expect(await count('call_log')).toBe(0);
  });
});
