import { StoreSettingsEntity } from '../../../entities/store-settings.ts';
import { jobsAlarm } from './ops-words.ts';
import { isTimeZone } from '../../services/local-time.ts';
import { runningPromotions } from '../../services/promotions.ts';
import { storeDefaults } from '../../services/store-check.ts';
import { plotOf, type PlotSeries } from '../plot.ts';
import { render } from '../render.ts';
import { wordsIn } from '../words.ts';
import type { DrainState, FleetState, NodeState } from './fleet-desk.ts';
import { drainWords, limitWords, reasonWords, switchWords } from './ops-words.ts';
import type { DeskParts } from './parts.ts';

const SECOND_MS = 1_000;
/** The outbox, and what waits in lanes of jobs, is worth a look from here on. */
const FILL_ALARM = 0.6;
const BEHIND_ALARM = 1_000;
const PROMOTIONS_MAX = 3;

type Parts = Pick<DeskParts, 'fleet' | 'promotions' | 'dataSource' | 'now'>;

/** How the fleet stands, ready for everybody who looks at it. */
export async function opsPanel(parts: Parts): Promise<string> {
  const settings = await parts.dataSource.getRepository(StoreSettingsEntity).findOneBy({ id: 1 });
  const timeZone = settings && isTimeZone(settings.timeZone) ? settings.timeZone : storeDefaults.timeZone;
  const [state, pipelines, hour, promotions] = await Promise.all([
    parts.fleet.state(),
    parts.fleet.pipelines(),
    parts.fleet.lastHour(timeZone),
    parts.promotions.list(),
  ]);
  const words = wordsIn(timeZone);
  const running = runningPromotions(promotions, parts.now(), timeZone).slice(0, PROMOTIONS_MAX);
  return render('desk/ops-panel', {
    at: words.clock(new Date(state.at)),
    ...nodesView(state),
    headroom: headroomView(state),
    switches: state.switches.map(([name, { value, by, reason, at }]) => ({
      name,
      value,
      what: switchWords(name, value),
      by,
      reason,
      at: words.when(new Date(at)),
      clear: `/admin/ops/switch?name=${encodeURIComponent(name)}&value=`,
    })),
    pipelines: {
      ...pipelines,
      fill: `${Math.round(pipelines.fullest * 100)} %`,
      isFilling: pipelines.fullest >= FILL_ALARM,
      groups: pipelines.groups.map((group) => ({ ...group, isBehind: group.behind >= BEHIND_ALARM })),
      jobs: pipelines.jobs.map((lane) => ({
        ...lane,
        oldestS: Math.round(lane.oldestMs / SECOND_MS),
        isLate: jobsAlarm(lane),
      })),
    },
    running: running.map((promotion) => ({
      name: promotion.name,
      // What the catalog knows of it is a row of the table.
      href: `/admin/promotions/${promotions.find((each) => each === promotion)?.id ?? ''}`,
      isSoldOut: promotion.soldOut,
    })),
    hour: hourView(hour),
  });
}

/** The nodes and who is on the way out, alone. */
export async function nodesPanel({ fleet }: Pick<Parts, 'fleet'>): Promise<string> {
  return render('desk/ops-nodes', nodesView(await fleet.state()));
}

export function nodesView({ nodes, drains, at }: FleetState) {
  return {
    nodes: nodes.map((node) => nodeView(node)),
    drains: drains.map((drain) => drainView(drain, at)),
  };
}

function nodeView(node: NodeState) {
  const { report, isAlive, silentMs, capacity, load } = node;
  const stage = report?.drain.stage ?? (capacity === 0 ? 'leaving' : 'serving');
  const isLeaving = stage !== 'serving';
  return {
    name: node.node,
    href: `/admin/ops/nodes/${encodeURIComponent(node.node)}`,
    version: node.version,
    state: !isAlive
      ? { words: `silent for ${Math.round(silentMs / SECOND_MS)} s`, tone: 'bad' }
      : isLeaving
        ? { words: 'leaving', tone: 'warn' }
        : report?.reason === 'loop'
          ? { words: 'no time for more', tone: 'warn' }
          : { words: 'serving', tone: 'good' },
    calls: report?.held ?? load,
    reserved: report?.reserved ?? 0,
    capacity: report?.capacity ?? capacity,
    bound: report ? reasonWords(report.reason) : 'says nothing of itself',
    stranded: report?.stranded ?? 0,
    progress: isLeaving && report ? drainWords(report.drain) : null,
  };
}

function drainView({ node, by, reason, at: orderedAt, report, isThere }: DrainState, at: number) {
  const stage = report?.drain.stage ?? null;
  const isOver = !isThere;
  const done = report?.drain.handedOver ?? 0;
  const here = report ? report.drain.calls + report.drain.expected : 0;
  const sinceS = Math.max(0, Math.round((at - orderedAt) / SECOND_MS));
  const said = report ? drainWords(report.drain) : 'It has said nothing since.';
  return {
    node,
    by,
    reason,
    sinceS,
    isOver,
    all: Math.max(1, here + done),
    done: isOver ? Math.max(1, here + done) : done,
    words: isOver
      ? stage === null || stage === 'left'
        ? `Has left; ${done} calls were handed over.`
        : `Fell silent with ${here} calls: survivors resume them.`
      : stage === 'serving' && sinceS > 5
        ? 'Has not obeyed yet. If it stays so, its release takes no orders here: npm run drain.'
        : said,
  };
}

function headroomView({ nodes }: FleetState) {
  const alive = nodes.filter(({ isAlive }) => isAlive);
  const newest = alive.flatMap(({ report }) => report ?? []).toSorted((a, b) => b.at - a.at)[0];
  const calls = alive.reduce((sum, { report, load }) => sum + (report?.held ?? load), 0);
  const capacity = alive.reduce((sum, { report, capacity: most }) => sum + (report?.capacity ?? most), 0);
  const [tightest] = newest?.limits ?? [];
  return {
    calls,
    capacity,
    nodes: alive.length,
    free: tightest?.[1] ?? null,
    limiting: tightest ? limitWords(tightest[0]) : null,
    limits: (newest?.limits ?? []).map(([name, free]) => ({ name: limitWords(name), free })),
    spend: newest && newest.spend.share > 0 ? `${Math.round(newest.spend.share * 100)} %` : null,
    isSpendHigh: newest?.spend.state === 'alarm' || newest?.spend.state === 'spent',
  };
}

function hourView(hour: Awaited<ReturnType<DeskParts['fleet']['lastHour']>>) {
  const labels = hour.map(({ minute }) => minute.slice(11));
  const series: PlotSeries[] = [
    { name: 'Calls that came', tone: 'a', kind: 'bars', values: hour.map(({ span }) => span?.calls ?? 0) },
    { name: 'Callers who waited', tone: 'c', kind: 'line', values: hour.map(({ span }) => span?.waiting ?? 0) },
  ];
  const sum = (pick: (span: NonNullable<(typeof hour)[number]['span']>) => number) =>
    hour.reduce((total, { span }) => total + (span ? pick(span) : 0), 0);
  return {
    calls: sum(({ calls }) => calls),
    answered: sum(({ answered }) => answered),
    abandoned: sum(({ abandoned }) => abandoned),
    transferred: sum(({ transferred }) => transferred),
    cost: sum(({ costDollars }) => costDollars).toFixed(2),
    plot: {
      id: 'hour-plot',
      title: 'Calls of the last hour, by minute',
      step: 'Minute',
      labels,
      series,
      plot: plotOf(labels, series),
    },
  };
}
