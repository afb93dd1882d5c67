import { setTimeout as wait } from 'node:timers/promises';
import { queriesOf, readBoards } from '../../grafana/dashboards/queries.ts';
import { askAll } from '../../grafana/verify/panels.ts';
import { openDatabase } from '../../src/services/database.ts';
import { eventually } from '../../src/sim/eventually.ts';
import type { DeployedStack } from './stack.ts';

export interface Plan {
  calls: number;
  atOnce: number;
  /** After the last call, for what follows from it. */
  settlesMs: number;
  /** Of each board's queries, at least this share has data: what only an incident or a longer day brings is not there. */
  shareMin: number;
}

/** What came of a promotion. */
export interface Outcome {
  /** As the simulators tell it. */
  calls: number;
  lost: number;
  degraded: number;
  complaints: string[];
  /** Their exit code. */
  code: number | null;
  /** Calls whose stream each node carried, by what the proxy logged. */
  carried: Record<string, number>;
  /** Processes that Prometheus scraped without a break. */
  scraped: string[];
  boards: { board: string; asked: number; withData: number; empty: string[] }[];
  /** Rows of calls that were understood after their end. */
  rows: number;
  /** Alerts that fired, but for the one that always does. */
  alerts: string[];
}

interface Line {
  msg?: string;
  callSid?: string;
  calls?: number;
  lost?: number;
  degraded?: number;
  complaints?: string[];
}

const PROMOTION_MS_MAX = 600_000;
const ROWS_MS_MAX = 20_000;

/** Lets the promotion happen and looks at what everybody knows of it afterwards. */
export async function rehearse(stack: DeployedStack, plan: Plan, say: (line: string) => void): Promise<Outcome> {
  const fromMs = Date.now();
  const simulators = stack.promotion(plan.calls, plan.atOnce);
  const timer = setTimeout(() => void simulators.stop(), PROMOTION_MS_MAX);
  const code = await simulators.exited;
  clearTimeout(timer);
  const told = simulators.lines.flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));
  const sids = told.flatMap(({ msg, callSid }) => (msg === 'a call is over' && callSid ? [callSid] : []));
  const end = told.find(({ msg }) => msg === 'the promotion is over');
  say(`${end?.calls ?? 0} calls, ${end?.lost ?? 0} let down, ${end?.degraded ?? 0} told honestly that it could not be`);
  if (code !== 0) for (const line of simulators.lines.slice(-10)) say(line);
  await wait(plan.settlesMs);
  const rows = await openDatabase(stack.databaseUrl, { poolMax: 1, migrates: false });
  try {
    const countRows = async (): Promise<number> => {
      const found = await rows.query<{ count: string }[]>(
        'SELECT count(*) FROM call_log WHERE processed_at IS NOT NULL',
      );
      return Number(found[0]?.count);
    };
    const understood = await eventually(countRows, (count) => count >= sids.length, ROWS_MS_MAX);
    const queries = queriesOf((await readBoards()).values());
    const { prometheus, logs, spans } = stack;
    const time = { fromMs, toMs: Date.now() };
    const asked = await askAll(queries, { prometheus, rows, logs, spans, calls: sids }, time);
    const titles = [...new Set(queries.map(({ board }) => board))];
    const alerts = await prometheus.alerts();
    return {
      calls: end?.calls ?? 0,
      lost: end?.lost ?? 0,
      degraded: end?.degraded ?? 0,
      complaints: end?.complaints ?? [],
      code,
      carried: carriedBy(stack),
      scraped: await scrapedBy(stack),
      boards: titles.map((board) => {
        const own = asked.filter(({ query }) => query.board === board);
        const empty = own.flatMap(({ query, fault }) => (fault === null ? [] : [`${query.panel}: ${fault}`]));
        return { board, asked: own.length, withData: own.length - empty.length, empty };
      }),
      rows: understood,
      alerts: [
        ...new Set(alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels['alertname'] ?? '')),
      ]
        .filter((name) => name !== 'Watchdog')
        .toSorted(),
    };
  } finally {
    await rows.destroy();
  }
}

function carriedBy({ proxy }: DeployedStack): Record<string, number> {
  const carried: Record<string, number> = {};
  for (const { server, request } of proxy.requests)
    if (request.endsWith('/media-stream')) carried[server] = (carried[server] ?? 0) + 1;
  return carried;
}

async function scrapedBy({ prometheus }: DeployedStack): Promise<string[]> {
  const samples = await prometheus.query('up == 1');
  return samples.map(({ labels }) => labels['instance'] ?? '').toSorted();
}

/** What is not as it should be; empty where all is well. */
export function faultsOf(outcome: Outcome, plan: Plan, processes: readonly string[]): string[] {
  const { boards, carried, scraped } = outcome;
  return [
    ...(outcome.code === 0 ? [] : [`the simulators ended with ${outcome.code}`]),
    ...(outcome.calls === plan.calls ? [] : [`${outcome.calls} of ${plan.calls} calls were made`]),
    ...(outcome.lost === 0 ? [] : [`${outcome.lost} callers were let down`]),
    ...outcome.complaints,
    ...['node-1', 'node-2'].filter((node) => !carried[node]).map((node) => `${node} carried no call`),
    ...processes.filter((name) => !scraped.includes(name)).map((name) => `${name} is not scraped`),
    ...(outcome.rows >= plan.calls ? [] : [`${outcome.rows} of ${plan.calls} calls were understood`]),
    ...boards
      .filter(({ asked, withData }) => withData < asked * plan.shareMin)
      .map(
        ({ board, asked, withData, empty }) =>
          `${board}: ${withData} of ${asked} queries have data; ${empty.join('; ')}`,
      ),
  ];
}
