import { type DataSource, IsNull } from 'typeorm';
import { CallbackRequestEntity, type CallbackRequest } from '../../entities/callback-request.ts';
import type { CallbackPolicy, CallbackWindow } from './callback-window.ts';

/** Between two attempts at one caller. */
const RETRY_MINUTES = 15;
/** An attempt of which nothing is known after so long is looked into. */
const STALE_MINUTES = 5;
const STALE_MAX = 20;

/** A caller asked to be called back. */
export interface CallbackAsked {
  callSid: string;
  number: string;
  calledNumber: string;
  reason: string;
  window: CallbackWindow;
}

export type Attempt = Pick<CallbackRequest, 'callSid' | 'number' | 'calledNumber'>;

/** Every method rejects as the database does. Times of attempts are the database's, whatever a node's clock says. */
export interface Callbacks {
  /** Notes the request, once however often told. */
  enter(asked: CallbackAsked): Promise<void>;
  /**
   * Takes requests whose turn has come, those first that somebody wished to be made now, then the most urgent, at most as
   * many as `perMinute` leaves of this minute. Counts as attempts; no request is taken twice at once, by whatever process.
   * `of`: wished ones alone where Aida does not call back by itself.
   */
  take(perMinute: number, of: 'all' | 'wished'): Promise<Attempt[]>;
  /** There are calls that somebody wished, or attempts under way. */
  isWanted(): Promise<boolean>;
  /** The call that was placed for an attempt, by the first who knows. */
  placed(callSid: string, attemptCallSid: string): Promise<void>;
  /** How the call placed for an attempt ended. False for a call that is none. */
  settle(attemptCallSid: string, isAnswered: boolean, policy: CallbackPolicy): Promise<boolean>;
  /** Attempts of which nothing was heard for long. */
  stale(): Promise<(Attempt & { lastCallSid: string | null })[]>;
  /** The attempt led nowhere, or to nothing that is known. */
  giveUp(callSid: string, policy: CallbackPolicy): Promise<void>;
}

export function createCallbacks(dataSource: DataSource): Callbacks {
  const rows = dataSource.getRepository(CallbackRequestEntity);

  /** Another attempt later, or none any more. */
  const failed = (policy: CallbackPolicy) => ({
    status: () => `CASE WHEN attempts < ${Math.trunc(policy.attemptsMax)} THEN 'open' ELSE 'unanswered' END`,
    nextAttemptAt: () => `now() + interval '${RETRY_MINUTES} minutes'`,
  });

  return {
    async enter({ window, ...asked }) {
      const windowStart = new Date(window.start);
      const row = { ...asked, windowStart, windowEnd: new Date(window.end), nextAttemptAt: windowStart };
      await rows.createQueryBuilder().insert().values(row).orIgnore().execute();
    },

    async take(perMinute, of) {
      return dataSource.transaction(async (manager) => {
        // Who has the settings' row dials: two at once would both keep the rate, and break it together.
        const lock: unknown[] = await manager.query('SELECT 1 FROM store_settings WHERE id = 1 FOR UPDATE SKIP LOCKED');
        if (lock.length === 0) return [];
        const [taken]: [Attempt[], number] = await manager.query(
          `UPDATE callback_request SET status = 'dialing', attempts = attempts + 1, last_attempt_at = now(),
             last_call_sid = NULL, is_wished = false
           WHERE call_sid IN (
             SELECT call_sid FROM callback_request WHERE status = 'open' AND next_attempt_at <= now() AND (is_wished OR $2)
             ORDER BY is_wished DESC, window_end LIMIT greatest(0, $1 - (
               SELECT count(*) FROM callback_request WHERE last_attempt_at > now() - interval '1 minute'))
             FOR UPDATE)
           RETURNING call_sid AS "callSid", number, called_number AS "calledNumber"`,
          [perMinute, of === 'all'],
        );
        return taken;
      });
    },

    async isWanted() {
      const [found] = await dataSource.query<{ wanted: boolean }[]>(
        `SELECT EXISTS (SELECT 1 FROM callback_request WHERE status = 'dialing')
           OR EXISTS (SELECT 1 FROM callback_request WHERE status = 'open' AND is_wished) AS wanted`,
      );
      return found?.wanted ?? false;
    },

    async placed(callSid, attemptCallSid) {
      await rows.update({ callSid, status: 'dialing', lastCallSid: IsNull() }, { lastCallSid: attemptCallSid });
    },

    async settle(attemptCallSid, isAnswered, policy) {
      const change = isAnswered ? { status: 'answered' as const, doneAt: () => 'now()' } : failed(policy);
      const { affected } = await rows.update({ lastCallSid: attemptCallSid, status: 'dialing' }, change);
      return affected === 1;
    },

    stale: () =>
      rows
        .createQueryBuilder('request')
        .where(`status = 'dialing' AND last_attempt_at < now() - interval '${STALE_MINUTES} minutes'`)
        .orderBy('request.lastAttemptAt')
        .limit(STALE_MAX)
        .getMany(),

    async giveUp(callSid, policy) {
      await rows.update({ callSid, status: 'dialing' }, failed(policy));
    },
  };
}
