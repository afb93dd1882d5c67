import type { DataSource, QueryDeepPartialEntity } from 'typeorm';
import { type CallbackRequest, CallbackRequestEntity } from '../../entities/callback-request.ts';
import type { Who } from './audit.ts';
import type { Changed, DeskDeps } from './voicemail-desk.ts';

export const callbackViews = ['open', 'mine', 'done', 'all'] as const;
export type CallbackView = (typeof callbackViews)[number];

export const callbackLimits = { pageRows: 25, noteCharsMax: 2_000, badgeMax: 999 } as const;

export interface CallbackQuery {
  view: CallbackView;
  /** Name of whoever asks, for `mine`. */
  who: string;
  /** Where the page before ended: its last row. */
  after: string | null;
}

export interface CallbackPage {
  requests: CallbackRequest[];
  next: string | null;
}

/** A request, and the state in which it was seen. */
export interface SeenRequest {
  callSid: string;
  version: number;
}

/**
 * `busy`: a call to this caller is under way, Aida's or somebody's. Else as for messages.
 */
export type Taken = Changed | 'busy';

/** How somebody's call to the caller went. `put back`: it was not made. */
export type CallMade = 'reached' | 'not reached' | 'put back';

/** Promised calls for those who make them. Every method rejects as the database does; every change is audited with it. */
export interface CallbackDesk {
  /** Open ones by when they were promised, others newest first. */
  page(query: CallbackQuery): Promise<CallbackPage>;
  request(callSid: string): Promise<CallbackRequest | null>;
  /** Open ones, and of these those whose promised time is over at that instant. */
  counts(at: Date): Promise<{ open: number; late: number }>;
  assign(seen: SeenRequest, who: Who, assignee: string): Promise<Changed>;
  note(seen: SeenRequest, who: Who, note: string): Promise<Changed>;
  /** Somebody calls now: until it is told how that went, Aida does not. */
  take(seen: SeenRequest, who: Who): Promise<Taken>;
  /** `attemptsMax`: after so many attempts Aida makes no further one. */
  made(seen: SeenRequest, who: Who, how: CallMade, attemptsMax: number): Promise<Taken>;
  /** Aida is to call now, whoever would otherwise. */
  wish(seen: SeenRequest, who: Who): Promise<Taken>;
  /** Settled without another call. */
  finish(seen: SeenRequest, who: Who): Promise<Taken>;
  reopen(seen: SeenRequest, who: Who): Promise<Taken>;
}

const OPEN = "status IN ('open', 'dialing', 'calling', 'unanswered')";
/** Between two attempts at one caller. */
const RETRY_MINUTES = 15;

const views: Record<CallbackView, string> = {
  open: OPEN,
  mine: `${OPEN} AND request.assignee = :who`,
  done: "status IN ('answered', 'done')",
  all: 'true',
};

/** What a change may begin with. */
type From = readonly CallbackRequest['status'][];

interface Change {
  /** Null: any state. */
  from: From | null;
  values: QueryDeepPartialEntity<CallbackRequest>;
  who: Who;
  action: string;
  detail?: Record<string, unknown>;
}

export function createCallbackDesk({ dataSource, audit }: DeskDeps): CallbackDesk {
  const rows = dataSource.getRepository(CallbackRequestEntity);

  /** Makes a change if nobody made another since, and the state allows it. */
  async function change({ callSid, version }: SeenRequest, { from, values, ...act }: Change): Promise<Taken> {
    return await dataSource.transaction(async (manager) => {
      const asked = manager
        .createQueryBuilder()
        .update(CallbackRequestEntity)
        .set({ ...values, version: version + 1 })
        .where('callSid = :callSid AND version = :version', { callSid, version });
      if (from) asked.andWhere('status IN (:...from)', { from });
      const { affected } = await asked.execute();
      if (affected === 1) {
        await audit.note({ ...act, subject: callSid }, manager);
        return 'changed';
      }
      const left = await manager.findOneBy(CallbackRequestEntity, { callSid });
      if (!left) return 'gone';
      return left.version === version ? 'busy' : 'stale';
    });
  }

  /** For changes that any state allows. */
  async function changeAny(seen: SeenRequest, asked: Omit<Change, 'from'>): Promise<Changed> {
    const done = await change(seen, { from: null, ...asked });
    return done === 'busy' ? 'stale' : done;
  }

  const idle: From = ['open', 'unanswered'];

  return {
    async page({ view, who, after }) {
      const isOpen = view === 'open' || view === 'mine';
      const [column, direction] = isOpen ? (['windowEnd', 'ASC'] as const) : (['createdAt', 'DESC'] as const);
      const name = isOpen ? 'window_end' : 'created_at';
      const asked = rows.createQueryBuilder('request').where(views[view], { who });
      if (after !== null)
        asked.andWhere(
          `(request.${column}, request.callSid) ${isOpen ? '>' : '<'}
            (SELECT ${name}, call_sid FROM callback_request WHERE call_sid = :after)`,
          { after },
        );
      const found = await asked
        .orderBy(`request.${column}`, direction)
        .addOrderBy('request.callSid', direction)
        .limit(callbackLimits.pageRows + 1)
        .getMany();
      const requests = found.slice(0, callbackLimits.pageRows);
      return { requests, next: found.length > requests.length ? (requests.at(-1)?.callSid ?? null) : null };
    },

    request: (callSid) => rows.findOneBy({ callSid }),

    async counts(at) {
      const [found] = await dataSource.query<{ open: number; late: number }[]>(
        `SELECT count(*)::int AS open, count(*) FILTER (WHERE window_end < $2)::int AS late
         FROM (SELECT window_end FROM callback_request WHERE ${OPEN} LIMIT $1) AS first`,
        [callbackLimits.badgeMax, at],
      );
      return found ?? { open: 0, late: 0 };
    },

    assign: (seen, who, assignee) =>
      changeAny(seen, { values: { assignee }, who, action: 'callback.assigned', detail: { assignee } }),

    note: (seen, who, note) => changeAny(seen, { values: { note }, who, action: 'callback.noted' }),

    take: (seen, who) =>
      change(seen, {
        from: idle,
        values: {
          status: 'calling',
          assignee: who.name,
          callingSince: () => 'now()',
          lastAttemptAt: () => 'now()',
          attempts: () => 'attempts + 1',
          isWished: false,
        },
        who,
        action: 'callback.called',
      }),

    made: (seen, who, how, attemptsMax) =>
      change(seen, {
        from: ['calling'],
        values: { callingSince: null, ...afterCall(how, who, attemptsMax) },
        who,
        action: 'callback.callMade',
        detail: { how },
      }),

    wish: (seen, who) =>
      change(seen, {
        from: idle,
        values: { status: 'open', isWished: true, nextAttemptAt: () => 'now()' },
        who,
        action: 'callback.wished',
      }),

    finish: (seen, who) =>
      change(seen, {
        from: [...idle, 'calling'],
        values: { ...settledBy(who), callingSince: null, isWished: false },
        who,
        action: 'callback.done',
      }),

    reopen: (seen, who) =>
      change(seen, {
        from: ['answered', 'done'],
        values: { status: 'open', doneAt: null, doneBy: '', nextAttemptAt: LATER },
        who,
        action: 'callback.reopened',
      }),
  };
}

const LATER = () => `now() + interval '${RETRY_MINUTES} minutes'`;

const settledBy = (who: Who) => ({ status: 'done', doneAt: () => 'now()', doneBy: who.name }) as const;

function afterCall(how: CallMade, who: Who, attemptsMax: number): Change['values'] {
  if (how === 'reached') return settledBy(who);
  if (how === 'put back') return { status: 'open', attempts: () => 'attempts - 1' };
  const status = () => `CASE WHEN attempts < ${Math.trunc(attemptsMax)} THEN 'open' ELSE 'unanswered' END`;
  return { status, nextAttemptAt: LATER };
}

/** Another text after each change of what the list of open requests shows. */
export async function callbackState(dataSource: DataSource): Promise<string> {
  const [found] = await dataSource.query<{ state: string }[]>(
    `SELECT concat_ws(' ', count(*), sum(version), sum(attempts), string_agg(DISTINCT status, ' '), max(last_attempt_at)) AS state
     FROM (SELECT version, attempts, status, last_attempt_at FROM callback_request ORDER BY created_at DESC LIMIT 500) AS latest`,
  );
  return found?.state ?? '';
}
