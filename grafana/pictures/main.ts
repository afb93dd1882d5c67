import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { doors } from '../../src/sim/parts/prometheus.ts';
import { traceOf } from '../../src/telemetry/trace-ids.ts';
import { startGround } from '../verify/ground.ts';
import { play } from '../verify/play.ts';
import { full, short } from '../verify/plan.ts';
import type { Sources } from './ask.ts';
import { renderBoards } from './render.ts';

const minuteMs = 60_000;

/**
 * `npm run grafana:pictures`: plays the promotion of `grafana:verify` on real nodes and draws every board from what a real
 * Prometheus scraped of it. `-- --prometheus URL [--database URL] [--minutes 60]` draws what another one knows.
 */
const { values } = parseArgs({
  options: {
    prometheus: { type: 'string' },
    database: { type: 'string' },
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string', default: '1m' },
    call: { type: 'string' },
    short: { type: 'boolean', default: false },
    out: { type: 'string', default: import.meta.dirname },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Run {
  prometheus: Sources['prometheus'];
  database: string | null;
  fromMs: number;
  toMs: number;
  rateInterval: string;
}

async function draw({ prometheus, database, fromMs, toMs, rateInterval }: Run): Promise<void> {
  const client = database ? new Client({ connectionString: database }) : null;
  await client?.connect();
  try {
    const rows = client ? async (sql: string) => (await client.query<Record<string, unknown>>(sql)).rows : null;
    const call = values.call ?? (rows ? await longest(rows) : '');
    const filling = { rateInterval, fromMs, toMs, call, trace: traceOf(call).traceId };
    for (const file of await renderBoards({ prometheus, rows }, filling, values.out)) say(file);
  } finally {
    await client?.end();
  }
}

/** The call with most to show. */
async function longest(rows: NonNullable<Sources['rows']>): Promise<string> {
  const [row] = await rows(`SELECT c.call_sid AS call FROM call_log c
    ORDER BY (SELECT least(count(*), 2) FROM tool_execution t WHERE t.call_sid = c.call_sid) DESC,
      (SELECT count(*) FROM turn t WHERE t.call_sid = c.call_sid) DESC LIMIT 1`);
  return String(row?.['call'] ?? '');
}

if (values.prometheus) {
  const toMs = Date.now();
  const fromMs = toMs - Number(values.minutes) * minuteMs;
  await draw({
    prometheus: doors(values.prometheus),
    database: values.database ?? null,
    fromMs,
    toMs,
    rateInterval: values.rate,
  });
} else {
  const plan = values.short ? short : full;
  const ground = await startGround(plan, (step) => say(`starting ${step}`));
  try {
    const { fromMs, toMs } = await play(ground, plan, say);
    const { prometheus, stack } = ground;
    await draw({ prometheus, database: stack.database.url, fromMs, toMs, rateInterval: '5s' });
  } finally {
    await ground.stop();
  }
}
