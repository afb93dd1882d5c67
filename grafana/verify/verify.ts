import { openDatabase } from '../../src/services/database.ts';
import { queriesOf, readBoards } from '../dashboards/queries.ts';
import type { Ground } from './ground.ts';
import { followExemplar, type Trail } from './exemplars.ts';
import { type Asked, askAll } from './panels.ts';
import { play } from './play.ts';
import type { Plan } from './plan.ts';

export interface Verdict {
  asked: Asked[];
  /** Panels without data that should have had some. */
  empty: string[];
  /** Alerts that should have fired and did not, and those that should not have. */
  silent: string[];
  unexpected: string[];
  /** Rules that could not be evaluated. */
  brokenRules: string[];
  /** Summaries whose template went wrong. */
  brokenSummaries: string[];
  /** From the slowest answer to its call; a sentence where that does not lead to one. */
  trail: Trail | string;
  /** Warnings of nodes, for whoever looks into it. */
  complaints: readonly string[];
}

const nameOf = ({ query: { board, panel } }: Asked): string => `${board}: ${panel}`;

/** Plays the plan, then asks everything that boards ask and compares the alerts that fired with those that had to. */
export async function verify(ground: Ground, plan: Plan, say: (line: string) => void): Promise<Verdict> {
  const { fromMs, toMs, fired, calls } = await play(ground, plan, say);
  const boards = await readBoards();
  const rows = await openDatabase(ground.stack.database.url, { poolMax: 1 });
  try {
    const { prometheus, logs, spans } = ground;
    const queries = queriesOf(boards.values());
    say(`${queries.length} queries of ${boards.size} boards`);
    const asked = await askAll(queries, { prometheus, rows, logs, spans, calls }, { fromMs, toMs });
    const rules = await prometheus.rules();
    // The slowest answer may be one that nobody waited for: synthetic calls are measured as others are.
    const known = [...calls, ...(logs.fields.get('callSid') ?? [])];
    const trail = await followExemplar({ prometheus, spans, link: ground.stack.link, calls: known }, { fromMs, toMs });
    return {
      asked,
      empty: asked
        .filter((one) => one.fault !== null && !plan.without.includes(nameOf(one)))
        .map((one) => `${nameOf(one)}: ${one.fault} (${one.query.text})`),
      silent: plan.alerts.filter((alert) => !fired.has(alert)),
      unexpected: [...fired]
        .filter(([alert]) => !plan.alerts.includes(alert))
        .map(([alert, why]) => `${alert}: ${why}`),
      brokenRules: rules.filter(({ health }) => health === 'err').map(({ name, lastError }) => `${name}: ${lastError}`),
      brokenSummaries: [...fired.values()].filter((text) => /<no value>|error expanding|^$/.test(text)),
      trail,
      complaints: logs.complaints,
    };
  } finally {
    await rows.destroy();
  }
}

export const isGood = (verdict: Verdict): boolean =>
  typeof verdict.trail !== 'string' &&
  [verdict.empty, verdict.silent, verdict.unexpected, verdict.brokenRules, verdict.brokenSummaries].every(
    (faults) => faults.length === 0,
  );

/** For people. */
export function linesOf(verdict: Verdict): string[] {
  const count = (isRun: boolean): Asked[] => verdict.asked.filter((one) => one.isRun === isRun);
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
  return [
    `${count(true).filter(({ fault }) => fault === null).length} of ${count(true).length} queries of Prometheus and Postgres returned data`,
    ...section(
      'Not run, for want of Loki and Tempo; what they name was written',
      count(false)
        .filter(({ fault }) => fault === null)
        .map((one) => `${nameOf(one)}: ${one.query.text}`),
    ),
    ...section('From the slowest answer to its call', [trailWords(verdict.trail)]),
    ...section('Without data', verdict.empty),
    ...section('Alerts that should have fired', verdict.silent),
    ...section('Alerts that should not have', verdict.unexpected),
    ...section('Rules that could not be evaluated', verdict.brokenRules),
    ...section('Summaries that went wrong', verdict.brokenSummaries),
    ...(isGood(verdict) ? [] : section('What nodes complained of', verdict.complaints.slice(-20))),
  ];
}

const trailWords = (trail: Trail | string): string =>
  typeof trail === 'string'
    ? `the trail ends: ${trail}`
    : `${trail.seconds.toFixed(2)} s → trace ${trail.traceId} → ${trail.callSid}, ${trail.facts} facts in its journal`;
