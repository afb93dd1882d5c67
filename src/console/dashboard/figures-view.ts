import type { DataSource } from 'typeorm';
import { PromotionEntity, type Promotion } from '../../../entities/promotion.ts';
import { MoreThan } from 'typeorm';
import type { CallHistory, DayCounts } from '../../services/call-log.ts';
import { figureSpans, type FigureSpan, promotionCalls } from '../../services/figures.ts';
import { addDays, dayNames, dayOfWeek } from '../../services/local-time.ts';
import { localMinute } from '../../services/promotions.ts';
import type { Store } from '../guard.ts';
import { plotOf, type PlotSeries } from '../plot.ts';
import { durationWords, shareWords, type Words } from '../words.ts';

/** A figure and the same one of a week ago. */
export interface Tile {
  id: string;
  label: string;
  value: string;
  /** Beside it, smaller. */
  share: string;
  /** Of the same weekday a week before, by this time. */
  before: string;
}

export interface PlotView {
  id: string;
  title: string;
  step: string;
  labels: string[];
  series: PlotSeries[];
  plot: ReturnType<typeof plotOf>;
}

export interface PromotionView {
  slug: string;
  name: string;
  ends: string;
  isSoldOut: boolean;
  calls: number;
  resolved: string;
  transferred: string;
  plot: PlotView | null;
}

/** Promotions shown at once; the store's page has all. */
const PROMOTIONS_MAX = 4;
/** Longer ones are plotted by day. */
const HOURS_PLOTTED_MAX = 72;
const HOUR_CHARS = 13;
const DAY_CHARS = 10;

export interface FiguresDeps {
  dataSource: DataSource;
  history: Pick<CallHistory, 'compared' | 'statistics'>;
}

/** Today's figures beside last week's, ready for their view. `at`: ms since the epoch. */
export async function figuresView(
  { dataSource, history }: FiguresDeps,
  { store, words, at }: { store: Store; words: Words; at: number },
) {
  const now = localMinute(at, store.timeZone);
  const today = now.slice(0, DAY_CHARS);
  const before = addDays(today, -7);
  const spansOf = (date: string, toLocal: string) =>
    figureSpans(dataSource, { fromLocal: `${date}T00:00`, toLocal, step: 'hour' });
  const [compared, statistics, spans, thenSpans, running] = await Promise.all([
    history.compared(at, store.timeZone),
    history.statistics(at, store.timeZone),
    spansOf(today, `${addDays(today, 1)}T00:00`),
    spansOf(before, `${addDays(before, 1)}T00:00`),
    dataSource.getRepository(PromotionEntity).find({
      where: { endsLocal: MoreThan(now) },
      order: { startsLocal: 'ASC', id: 'ASC' },
      take: PROMOTIONS_MAX * 2,
    }),
  ]);
  const weekday = dayNames[dayOfWeek(today)] ?? '';
  const promotions = running.filter(({ startsLocal }) => startsLocal <= now).slice(0, PROMOTIONS_MAX);
  const mostFrequent = Math.max(1, ...statistics.byIntent.map(({ calls }) => calls));
  return {
    at: words.clock(new Date(at)),
    atIso: words.iso(new Date(at)),
    timeZone: store.timeZone,
    weekday,
    tiles: tilesOf(compared.today, compared.weekBefore, { spans, thenSpans: untilHour(thenSpans, now), weekday }),
    plot: todayPlot(spans, thenSpans, { weekday, now, total: compared.today.calls + compared.weekBeforeCalls }),
    intents: statistics.byIntent.map((each) => ({
      ...each,
      widthPercent: Math.round((each.calls / mostFrequent) * 100),
    })),
    promotions: await Promise.all(promotions.map((each) => promotionView(dataSource, each, now))),
    asked: statistics.byPromotion,
  };
}

const untilHour = (spans: readonly FigureSpan[], now: string): FigureSpan[] =>
  spans.filter(({ local }) => local.slice(DAY_CHARS) <= now.slice(DAY_CHARS, HOUR_CHARS));

function sumOf(spans: readonly FigureSpan[], pick: (span: FigureSpan) => number): number {
  return spans.reduce((sum, span) => sum + pick(span), 0);
}

/** The slowest hour says more to a shift lead than the middle of the day. */
function slowestOf(spans: readonly FigureSpan[]): string {
  const known = spans.flatMap(({ silenceP95S }) => (silenceP95S === null ? [] : [silenceP95S]));
  return known.length === 0 ? '–' : `${Math.max(...known).toFixed(1)} s`;
}

const dollars = (amount: number): string => `$${amount.toFixed(2)}`;

interface Beside {
  spans: readonly FigureSpan[];
  thenSpans: readonly FigureSpan[];
  weekday: string;
}

function tilesOf(today: DayCounts, then: DayCounts, { spans, thenSpans, weekday }: Beside): Tile[] {
  const had = (value: string): string => `${value} last ${weekday.slice(0, 3)}`;
  const tile = (id: string, label: string, pick: (counts: DayCounts) => number): Tile => ({
    id,
    label,
    value: String(pick(today)),
    share: id === 'calls-today' ? '' : shareWords(pick(today), today.calls),
    before: had(String(pick(then))),
  });
  return [
    tile('calls-today', 'Calls today', ({ calls }) => calls),
    tile('calls-answered', 'Answered', ({ answered }) => answered),
    tile('calls-abandoned', 'Gave up waiting', ({ abandoned }) => abandoned),
    tile('calls-transferred', 'Put through', ({ transferred }) => transferred),
    tile('calls-voicemail', 'Left a message', ({ voicemail }) => voicemail),
    {
      id: 'calls-average',
      label: 'Average duration',
      value: durationWords(today.averageDurationS),
      share: '',
      before: had(durationWords(then.averageDurationS)),
    },
    {
      id: 'calls-silence',
      label: 'Longest silence',
      value: slowestOf(spans),
      share: spans.some(({ silenceP95S }) => silenceP95S !== null) ? 'p95 of an hour' : '',
      before: had(slowestOf(thenSpans)),
    },
    {
      id: 'calls-cost',
      label: 'Cost of the model',
      value: dollars(sumOf(spans, ({ costDollars }) => costDollars)),
      share: '',
      before: had(dollars(sumOf(thenSpans, ({ costDollars }) => costDollars))),
    },
  ];
}

const hourOf = (hour: number): string => `${String(hour).padStart(2, '0')}:00`;

function todayPlot(
  spans: readonly FigureSpan[],
  then: readonly FigureSpan[],
  { weekday, now, total }: { weekday: string; now: string; total: number },
): PlotView | null {
  if (total === 0 || (spans.length === 0 && then.length === 0)) return null;
  const labels = Array.from({ length: 24 }, (_, hour) => hourOf(hour));
  const hourNow = Number(now.slice(11, HOUR_CHARS));
  const byHour = (of: readonly FigureSpan[], pick: (span: FigureSpan) => number): number[] => {
    const found = new Map(of.map((span) => [Number(span.local.slice(11)), pick(span)]));
    return labels.map((_, hour) => found.get(hour) ?? 0);
  };
  const series: PlotSeries[] = [
    { name: `Last ${weekday}`, tone: 'b', kind: 'bars', values: byHour(then, ({ calls }) => calls) },
    {
      name: 'Today',
      tone: 'a',
      kind: 'bars',
      values: byHour(spans, ({ calls }) => calls).map((value, hour) => (hour > hourNow ? null : value)),
    },
  ];
  const title = `Calls by hour, today and last ${weekday}`;
  return { id: 'today-plot', title, step: 'Hour', labels, series, plot: plotOf(labels, series) };
}

async function promotionView(dataSource: DataSource, promotion: Promotion, now: string): Promise<PromotionView> {
  const { slug, name, startsLocal, endsLocal, soldOut } = promotion;
  const hours = (Date.parse(`${now}:00Z`) - Date.parse(`${startsLocal}:00Z`)) / 3_600_000;
  const step = hours <= HOURS_PLOTTED_MAX ? 'hour' : 'day';
  const span = { fromLocal: startsLocal, toLocal: endsLocal, step } as const;
  const [about, all] = await Promise.all([
    promotionCalls(dataSource, { slug, ...span }),
    figureSpans(dataSource, span),
  ]);
  const calls = about.reduce((sum, each) => sum + each.calls, 0);
  const sum = (pick: (each: (typeof about)[number]) => number): number =>
    about.reduce((total, each) => total + pick(each), 0);
  return {
    slug,
    name,
    ends: endsLocal.replace('T', ' '),
    isSoldOut: soldOut,
    calls,
    resolved: shareWords(
      sum((each) => each.resolved),
      calls,
    ),
    transferred: shareWords(
      sum((each) => each.transferred),
      calls,
    ),
    plot: all.length === 0 ? null : promotionPlot(slug, name, { all, about, step }),
  };
}

function promotionPlot(
  slug: string,
  name: string,
  {
    all,
    about,
    step,
  }: { all: readonly FigureSpan[]; about: readonly { local: string; calls: number }[]; step: 'hour' | 'day' },
): PlotView {
  const asked = new Map(about.map(({ local, calls }) => [local, calls]));
  const labels = all.map(({ local }) =>
    step === 'day' ? local.slice(5) : `${local.slice(5, 10)} ${local.slice(11)}h`,
  );
  const series: PlotSeries[] = [
    { name: 'All calls', tone: 'b', kind: 'bars', values: all.map(({ calls }) => calls) },
    { name: 'About it', tone: 'a', kind: 'bars', values: all.map(({ local }) => asked.get(local) ?? 0) },
    { name: 'Most waiting at once', tone: 'c', kind: 'line', values: all.map(({ waiting }) => waiting) },
  ];
  const title = `Calls since ${name} began`;
  return {
    id: `plot-${slug}`,
    title,
    step: step === 'day' ? 'Day' : 'Hour',
    labels,
    series,
    plot: plotOf(labels, series),
  };
}
