import type { DataSource, EntityManager } from 'typeorm';
import { StoreSettingsEntity } from '../../entities/store-settings.ts';
import type { ModelPrices } from '../config.ts';
import { isTimeZone } from './local-time.ts';
import { localMinute } from './promotions.ts';
import { storeDefaults } from './store-check.ts';

const MINUTE_MS = 60_000;
/** Calls of one round; what is left comes with the next. */
const CALLS_MAX = 2_000;
/** Callers who have waited for longer are no longer there: their end was lost. */
const WAIT_HOURS_MAX = 4;

/** What was due is counted from the calls' rows. Resolves with the number of calls that were due: 0 is all done. */
export async function rollFigures(dataSource: DataSource, prices: ModelPrices, now: number): Promise<number> {
  return await dataSource.transaction(async (manager) => {
    const due = await manager.query<[{ minutes: Date[] }[], number]>(
      `DELETE FROM figure_due WHERE call_sid IN (
         SELECT call_sid FROM figure_due ORDER BY call_sid LIMIT $1 FOR UPDATE SKIP LOCKED
       ) RETURNING minutes`,
      [CALLS_MAX],
    );
    const minutes = new Set(due[0].flatMap((row) => row.minutes.map((minute) => minute.toISOString())));
    for (const minute of await waitingMinutes(manager, now)) minutes.add(minute);
    if (minutes.size > 0) await countMinutes(manager, [...minutes].toSorted(), prices);
    return due[1];
  });
}

/** This minute and the last, while anybody waits: nobody tells of them otherwise. */
async function waitingMinutes(manager: EntityManager, now: number): Promise<string[]> {
  const [found] = await manager.query<{ waits: boolean }[]>(
    `SELECT EXISTS (SELECT 1 FROM call_figure WHERE wait_from > $1 AND wait_until IS NULL) AS waits`,
    [new Date(now - WAIT_HOURS_MAX * 60 * MINUTE_MS)],
  );
  if (found?.waits !== true) return [];
  const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  return [minute - MINUTE_MS, minute].map((at) => new Date(at).toISOString());
}

/**
 * Several processes may count the same minute: its row is locked first, so that whoever comes second sees, and counts,
 * what the first could not.
 */
async function countMinutes(manager: EntityManager, minutes: readonly string[], prices: ModelPrices): Promise<void> {
  const settings = await manager.findOneBy(StoreSettingsEntity, { id: 1 });
  const timeZone = settings && isTimeZone(settings.timeZone) ? settings.timeZone : storeDefaults.timeZone;
  const local = minutes.map((minute) => localMinute(Date.parse(minute), timeZone));
  await manager.query(
    `INSERT INTO figure_minute (minute, local_minute)
     SELECT * FROM unnest($1::timestamptz[], $2::text[]) AS due (minute, local_minute) ORDER BY 1
     ON CONFLICT (minute) DO UPDATE SET local_minute = excluded.local_minute`,
    [minutes, local],
  );
  await manager.query(MINUTES, [minutes, JSON.stringify(prices), `${WAIT_HOURS_MAX} hours`]);
  await manager.query('DELETE FROM figure_topic WHERE minute = ANY ($1::timestamptz[])', [minutes]);
  await manager.query(TOPICS, [minutes, JSON.stringify(prices)]);
  await manager.query(
    'DELETE FROM figure_minute WHERE minute = ANY ($1::timestamptz[]) AND calls = 0 AND waiting = 0',
    [minutes],
  );
}

/** Millionths of a dollar: prices are dollars per million tokens, by kind. */
const COST =
  '(SELECT sum((figure.used ->> kind)::numeric * price::numeric) FROM jsonb_each_text($2::jsonb) AS priced (kind, price))';

const counts = (of: string): string => `count(${of}.call_sid)::int`;

const MINUTES = `
  UPDATE figure_minute SET
    calls = found.calls, queued = found.queued, waiting = found.waiting, answered = found.answered,
    abandoned = found.abandoned, missed = found.missed, menu = found.menu, transferred = found.transferred,
    voicemail = found.voicemail, callback = found.callback, resolved = found.resolved, unresolved = found.unresolved,
    cost_micros = found.cost_micros, silences = found.silences, silence_p50_ms = found.p50, silence_p95_ms = found.p95,
    silence_p99_ms = found.p99
  FROM (
    SELECT due.minute, own.*, silent.*, waited.waiting
    FROM unnest($1::timestamptz[]) AS due (minute)
    CROSS JOIN LATERAL (
      SELECT ${counts('figure')} AS calls,
        count(figure.wait_from)::int AS queued,
        count(call.answered_at)::int AS answered,
        count(*) FILTER (WHERE outcome = 'abandoned')::int AS abandoned,
        count(*) FILTER (WHERE outcome = 'missed')::int AS missed,
        count(*) FILTER (WHERE outcome = 'menu')::int AS menu,
        count(*) FILTER (WHERE outcome = 'transferred')::int AS transferred,
        count(*) FILTER (WHERE outcome = 'voicemail')::int AS voicemail,
        count(*) FILTER (WHERE outcome = 'callback')::int AS callback,
        count(*) FILTER (WHERE resolution = 'resolved')::int AS resolved,
        count(*) FILTER (WHERE resolution IN ('unresolved', 'abandoned'))::int AS unresolved,
        coalesce(round(sum(${COST})), 0)::bigint AS cost_micros
      FROM call_figure AS figure JOIN call_log AS call USING (call_sid) LEFT JOIN call_understanding USING (call_sid)
      WHERE figure.minute = due.minute
    ) AS own
    CROSS JOIN LATERAL (
      SELECT count(ms)::int AS silences,
        round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms))::int AS p50,
        round(percentile_cont(0.95) WITHIN GROUP (ORDER BY ms))::int AS p95,
        round(percentile_cont(0.99) WITHIN GROUP (ORDER BY ms))::int AS p99
      FROM call_figure AS figure, unnest(silences_ms) AS ms WHERE figure.minute = due.minute
    ) AS silent
    CROSS JOIN LATERAL (
      SELECT count(*)::int AS waiting FROM call_figure AS figure
      WHERE wait_from < due.minute + interval '1 minute' AND wait_from > due.minute - $3::interval
        AND (wait_until >= due.minute OR wait_until IS NULL)
    ) AS waited
  ) AS found
  WHERE figure_minute.minute = found.minute`;

const TOPICS = `
  INSERT INTO figure_topic (minute, kind, topic, calls, answered, transferred, voicemail, callback, resolved, cost_micros)
  SELECT figure.minute, kind, topic, ${counts('figure')}, count(call.answered_at)::int,
    count(*) FILTER (WHERE outcome = 'transferred')::int, count(*) FILTER (WHERE outcome = 'voicemail')::int,
    count(*) FILTER (WHERE outcome = 'callback')::int, count(*) FILTER (WHERE resolution = 'resolved')::int,
    coalesce(round(sum(${COST})), 0)::bigint
  FROM call_figure AS figure JOIN call_log AS call USING (call_sid) JOIN call_understanding AS understood USING (call_sid)
  CROSS JOIN LATERAL (
    SELECT 'intent' AS kind, each ->> 'intent' AS topic FROM jsonb_array_elements(understood.intents) AS each
    UNION SELECT 'product', unnest(understood.products)
    UNION SELECT 'promotion', understood.promotion_slug WHERE understood.promotion_slug IS NOT NULL
    UNION SELECT 'reason', understood.transfer_reason WHERE understood.transfer_reason IS NOT NULL
  ) AS about
  WHERE figure.minute = ANY ($1::timestamptz[])
  GROUP BY figure.minute, kind, topic`;

const ROUND_MS = 2_000;

export interface FigureRollerDeps {
  dataSource: DataSource;
  prices: ModelPrices;
  now(): number;
  log: { warn(fields: object, message: string): void };
}

/** Counts what is due every two seconds. Any number of processes may do it at once. */
export class FigureRoller {
  private readonly deps: FigureRollerDeps;
  private timer: NodeJS.Timeout | null = null;
  private rolling: Promise<void> = Promise.resolve();
  private isRolling = false;

  constructor(deps: FigureRollerDeps) {
    this.deps = deps;
  }

  start(): void {
    this.timer ??= setInterval(() => {
      if (!this.isRolling) this.rolling = this.roll();
    }, ROUND_MS);
  }

  /** Counts what is due now: after the last facts were taken in. */
  async stop(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    await this.rolling;
    await this.roll();
  }

  private async roll(): Promise<void> {
    this.isRolling = true;
    const { dataSource, prices, now, log } = this.deps;
    try {
      // More calls were due than one round takes.
      while ((await rollFigures(dataSource, prices, now())) === CALLS_MAX);
    } catch (error) {
      log.warn({ err: error }, 'figures not counted');
    } finally {
      this.isRolling = false;
    }
  }
}
