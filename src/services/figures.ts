import type { DataSource } from 'typeorm';

/** One row of the console's figures: a minute, an hour or a day on the store's clock. */
export interface FigureSpan {
  /** `YYYY-MM-DDTHH:MM`, `YYYY-MM-DDTHH` or `YYYY-MM-DD` on the store's wall. */
  local: string;
  calls: number;
  queued: number;
  /** Most callers who waited in one of its minutes. */
  waiting: number;
  answered: number;
  abandoned: number;
  transferred: number;
  voicemail: number;
  callback: number;
  resolved: number;
  unresolved: number;
  costDollars: number;
  /** From the end of a caller's turn to the first sound of the answer; null where none was measured. */
  silenceP50S: number | null;
  silenceP95S: number | null;
}

export interface TopicFigure {
  topic: string;
  calls: number;
  answered: number;
  transferred: number;
  voicemail: number;
  resolved: number;
  costDollars: number;
}

export interface OpenQuestion {
  callSid: string;
  question: string;
  at: Date;
}

export interface PromotionFigures {
  spans: FigureSpan[];
  intents: TopicFigure[];
  products: TopicFigure[];
  promotions: TopicFigure[];
  reasons: TopicFigure[];
  /** What could not be answered, newest first. */
  questions: OpenQuestion[];
}

export type FigureStep = 'minute' | 'hour' | 'day';

const stepChars: Record<FigureStep, number> = { minute: 16, hour: 13, day: 10 };
const SPANS_MAX = 1_500;
const TOPICS_MAX = 50;
const QUESTIONS_MAX = 100;

/**
 * The figures of calls that arrived from `fromLocal` up to, not including, `toLocal`, `YYYY-MM-DDTHH:MM` on the store's
 * wall. Rejects as the database does.
 */
export async function promotionFigures(
  dataSource: DataSource,
  { fromLocal, toLocal, step }: { fromLocal: string; toLocal: string; step: FigureStep },
): Promise<PromotionFigures> {
  const span = [fromLocal, toLocal];
  const topics = (kind: string) => dataSource.query<TopicFigure[]>(TOPICS, [...span, kind]);
  const [spans, intents, products, promotions, reasons, questions] = await Promise.all([
    figureSpans(dataSource, { fromLocal, toLocal, step }),
    topics('intent'),
    topics('product'),
    topics('promotion'),
    topics('reason'),
    dataSource.query<OpenQuestion[]>(QUESTIONS, span),
  ]);
  return { spans, intents, products, promotions, reasons, questions };
}

/** The rows alone. */
export function figureSpans(
  dataSource: DataSource,
  { fromLocal, toLocal, step }: { fromLocal: string; toLocal: string; step: FigureStep },
): Promise<FigureSpan[]> {
  return dataSource.query<FigureSpan[]>(SPANS, [fromLocal, toLocal, stepChars[step]]);
}

/** Calls about one promotion, by step of the same time; steps without one are left out. */
export function promotionCalls(
  dataSource: DataSource,
  { slug, fromLocal, toLocal, step }: { slug: string; fromLocal: string; toLocal: string; step: FigureStep },
): Promise<{ local: string; calls: number; resolved: number; transferred: number }[]> {
  return dataSource.query(ABOUT, [fromLocal, toLocal, stepChars[step], slug]);
}

const ABOUT = `
  SELECT left(local_minute, $3::int) AS local, sum(figure_topic.calls)::int AS calls,
    sum(figure_topic.resolved)::int AS resolved, sum(figure_topic.transferred)::int AS transferred
  FROM figure_topic JOIN figure_minute USING (minute)
  WHERE local_minute >= $1 AND local_minute < $2 AND kind = 'promotion' AND topic = $4
  GROUP BY 1 ORDER BY 1 LIMIT ${SPANS_MAX}`;

const SPANS = `
  SELECT sums.*, "silenceP50S", "silenceP95S" FROM (
    SELECT left(local_minute, $3::int) AS local, sum(calls)::int AS calls, sum(queued)::int AS queued,
      max(waiting)::int AS waiting, sum(answered)::int AS answered, sum(abandoned)::int AS abandoned,
      sum(transferred)::int AS transferred, sum(voicemail)::int AS voicemail, sum(callback)::int AS callback,
      sum(resolved)::int AS resolved, sum(unresolved)::int AS unresolved,
      (sum(cost_micros) / 1e6)::float8 AS "costDollars"
    FROM figure_minute WHERE local_minute >= $1 AND local_minute < $2
    GROUP BY 1 ORDER BY 1 LIMIT ${SPANS_MAX}
  ) AS sums LEFT JOIN (
    SELECT left(local_minute, $3::int) AS local,
      percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) / 1e3 AS "silenceP50S",
      percentile_cont(0.95) WITHIN GROUP (ORDER BY ms) / 1e3 AS "silenceP95S"
    FROM figure_minute JOIN call_figure USING (minute), unnest(silences_ms) AS ms
    WHERE local_minute >= $1 AND local_minute < $2 GROUP BY 1
  ) AS silent USING (local) ORDER BY local`;

const TOPICS = `
  SELECT topic, sum(figure_topic.calls)::int AS calls, sum(figure_topic.answered)::int AS answered,
    sum(figure_topic.transferred)::int AS transferred, sum(figure_topic.voicemail)::int AS voicemail,
    sum(figure_topic.resolved)::int AS resolved, (sum(figure_topic.cost_micros) / 1e6)::float8 AS "costDollars"
  FROM figure_topic JOIN figure_minute USING (minute)
  WHERE local_minute >= $1 AND local_minute < $2 AND kind = $3
  GROUP BY topic ORDER BY calls DESC, topic LIMIT ${TOPICS_MAX}`;

const QUESTIONS = `
  SELECT call_sid AS "callSid", question, minute AS at
  FROM figures_questions JOIN figure_minute USING (minute)
  WHERE local_minute >= $1 AND local_minute < $2
  ORDER BY minute DESC, call_sid, question LIMIT ${QUESTIONS_MAX}`;

/** By slug, how many calls were about each promotion, whenever they came. */
export async function callsByPromotion(dataSource: DataSource): Promise<ReadonlyMap<string, number>> {
  const rows = await dataSource.query<{ topic: string; calls: number }[]>(
    `SELECT topic, sum(calls)::int AS calls FROM figure_topic WHERE kind = 'promotion' GROUP BY topic`,
  );
  return new Map(rows.map(({ topic, calls }) => [topic, calls]));
}
