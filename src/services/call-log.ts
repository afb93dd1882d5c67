import { IsNull, MoreThanOrEqual, type DataSource } from 'typeorm';
import { CallLogEntity, type CallLog } from '../../entities/call-log.ts';
import { ToolExecutionEntity, type ToolExecution } from '../../entities/tool-execution.ts';
import { TurnEntity, type Turn } from '../../entities/turn.ts';
import { type CallRecording, CallRecordingEntity } from '../../entities/call-recording.ts';
import { VoicemailEntity, type Voicemail } from '../../entities/voicemail.ts';
import { addDays, instantOf, wallTime } from './local-time.ts';

/** The carrier ends every call by then: a row that still seems live lost its end. */
const CALL_MS_MAX = 24 * 3_600_000;
/** Rows of one call that a page shows. */
const ROWS_MAX = 1_000;

export interface CallStatistics {
  /** Calls since midnight in the store's time zone. */
  today: number;
  live: number;
  /** Of today's. */
  answered: number;
  /** Of today's calls that ended; null without one. */
  averageDurationS: number | null;
  /** Of today's, most frequent first; a call may have several. */
  byIntent: { intent: string; calls: number }[];
  /** Of today's, most frequent first; by slug. */
  byPromotion: { promotion: string; calls: number }[];
}

/** Calls of one day so far, beside those of another one. */
export interface DayCounts {
  calls: number;
  answered: number;
  abandoned: number;
  transferred: number;
  voicemail: number;
  averageDurationS: number | null;
}

export interface DayComparison {
  today: DayCounts;
  /** Of the same weekday a week before, up to the same time on the wall. */
  weekBefore: DayCounts;
  /** That whole day. */
  weekBeforeCalls: number;
}

export interface CallRecord {
  call: CallLog;
  /** In the order of the conversation. */
  turns: Turn[];
  tools: ToolExecution[];
  /** Without their audio. */
  voicemails: Voicemail[];
  recordings: CallRecording[];
}

/** What the rows say of calls. Each rejects as the database does. */
export interface CallHistory {
  /** `at`, ms, decides which day is today. */
  statistics(at: number, timeZone: string): Promise<CallStatistics>;
  compared(at: number, timeZone: string): Promise<DayComparison>;
  /** Newest first by the time of their webhook, without transcripts. */
  recent(count: number): Promise<Omit<CallLog, 'transcript'>[]>;
  record(callSid: string): Promise<CallRecord | null>;
}

export function createCallHistory(dataSource: DataSource): CallHistory {
  const calls = dataSource.getRepository(CallLogEntity);
  return {
    async statistics(at, timeZone) {
      const { date } = wallTime(at, timeZone);
      const day = [new Date(instantOf(date, 0, timeZone)), new Date(instantOf(addDays(date, 1), 0, timeZone))];
      const [counts, byIntent, byPromotion, live] = await Promise.all([
        dataSource.query<Omit<CallStatistics, 'live' | 'byIntent' | 'byPromotion'>[]>(COUNTS, day),
        dataSource.query<CallStatistics['byIntent']>(BY_INTENT, day),
        dataSource.query<CallStatistics['byPromotion']>(BY_PROMOTION, day),
        calls.countBy({ endedAt: IsNull(), startedAt: MoreThanOrEqual(new Date(at - CALL_MS_MAX)) }),
      ]);
      return { ...(counts[0] ?? { today: 0, answered: 0, averageDurationS: null }), live, byIntent, byPromotion };
    },

    async compared(at, timeZone) {
      const { date, minute } = wallTime(at, timeZone);
      const before = addDays(date, -7);
      const span = (from: string, to: number) => [new Date(instantOf(from, 0, timeZone)), new Date(to)];
      const counts = async (from: string, to: number): Promise<DayCounts> => {
        const [row] = await dataSource.query<DayCounts[]>(DAY, span(from, to));
        return row ?? { ...noCalls };
      };
      const [today, weekBefore, [whole]] = await Promise.all([
        counts(date, instantOf(addDays(date, 1), 0, timeZone)),
        counts(before, instantOf(before, minute, timeZone)),
        dataSource.query<{ calls: number }[]>(DAY_CALLS, span(before, instantOf(addDays(before, 1), 0, timeZone))),
      ]);
      return { today, weekBefore, weekBeforeCalls: whole?.calls ?? 0 };
    },

    recent(count) {
      return calls.find({ select: withoutTranscript, order: { startedAt: 'DESC', callSid: 'DESC' }, take: count });
    },

    async record(callSid) {
      const call = await calls.findOneBy({ callSid });
      if (!call) return null;
      const [turns, tools, voicemails, recordings] = await Promise.all([
        dataSource
          .getRepository(TurnEntity)
          .find({ where: { callSid }, order: { epoch: 'ASC', seq: 'ASC' }, take: ROWS_MAX }),
        dataSource
          .getRepository(ToolExecutionEntity)
          .find({ where: { callSid }, order: { startedAt: 'ASC' }, take: ROWS_MAX }),
        dataSource
          .getRepository(VoicemailEntity)
          .find({ where: { callSid }, order: { createdAt: 'ASC' }, take: ROWS_MAX }),
        dataSource
          .getRepository(CallRecordingEntity)
          .find({ where: { callSid }, order: { createdAt: 'ASC' }, take: ROWS_MAX }),
      ]);
      return { call, turns: inConversationOrder(turns), tools, voicemails, recordings };
    },
  };
}

const noCalls: DayCounts = {
  calls: 0,
  answered: 0,
  abandoned: 0,
  transferred: 0,
  voicemail: 0,
  averageDurationS: null,
};

const DAY = `
  SELECT count(*)::int AS calls,
    count(answered_at)::int AS answered,
    count(*) FILTER (WHERE outcome = 'abandoned')::int AS abandoned,
    count(*) FILTER (WHERE outcome = 'transferred')::int AS transferred,
    count(*) FILTER (WHERE outcome = 'voicemail')::int AS voicemail,
    round(avg(duration) FILTER (WHERE ended_at IS NOT NULL))::int AS "averageDurationS"
  FROM call_log WHERE started_at >= $1 AND started_at < $2`;

const DAY_CALLS = 'SELECT count(*)::int AS calls FROM call_log WHERE started_at >= $1 AND started_at < $2';

const COUNTS = `
  SELECT count(*)::int AS today,
    count(answered_at)::int AS answered,
    round(avg(duration) FILTER (WHERE ended_at IS NOT NULL))::int AS "averageDurationS"
  FROM call_log WHERE started_at >= $1 AND started_at < $2`;

const BY_INTENT = `
  SELECT intent, count(*)::int AS calls
  FROM call_log, LATERAL (SELECT DISTINCT unnest(intents) AS intent) AS wanted
  WHERE started_at >= $1 AND started_at < $2
  GROUP BY intent ORDER BY calls DESC, intent`;

const BY_PROMOTION = `
  SELECT promotion_slug AS promotion, count(*)::int AS calls
  FROM call_log WHERE started_at >= $1 AND started_at < $2 AND promotion_slug IS NOT NULL
  GROUP BY promotion_slug ORDER BY calls DESC, promotion_slug`;

const withoutTranscript = {
  callSid: true,
  fromNumber: true,
  toNumber: true,
  status: true,
  startedAt: true,
  answeredAt: true,
  endedAt: true,
  duration: true,
  outcome: true,
  processedAt: true,
  intents: true,
  promotionSlug: true,
  lastEpoch: true,
  lastSeq: true,
  statusSequence: true,
} as const;

/**
 * Turns as they followed each other. Transcripts of the caller may arrive after the answer to them has begun: such a
 * turn stands right after the item that it names, otherwise the facts' own order holds.
 */
export function inConversationOrder<T extends { itemId: string; afterItemId: string | null }>(
  turns: readonly T[],
): T[] {
  const ordered: T[] = [];
  for (const turn of turns) {
    const before = turn.afterItemId === null ? -1 : ordered.findLastIndex(({ itemId }) => itemId === turn.afterItemId);
    if (before >= 0) ordered.splice(before + 1, 0, turn);
    else ordered.push(turn);
  }
  return ordered;
}
