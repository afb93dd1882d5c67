import { parseArgs } from 'node:util';
import { startGround } from './ground.ts';
import { full, short } from './plan.ts';
import { isGood, linesOf, verify } from './verify.ts';

/** `npm run grafana:verify`: 0 where every panel had data and exactly the alerts fired that had to. */
const { values } = parseArgs({
  options: { keep: { type: 'boolean', default: false }, short: { type: 'boolean', default: false } },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const plan = values.short ? short : full;
const ground = await startGround(plan, (step) => say(`starting ${step}`));
let isStopping = false;
const stop = async (code: number): Promise<void> => {
  if (isStopping) return;
  isStopping = true;
  await ground.stop();
  process.exit(code);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(130));
try {
  const verdict = await verify(ground, plan, say);
  for (const line of ['', ...linesOf(verdict)]) say(line);
  say(isGood(verdict) ? 'Verdict: as it should be' : 'Verdict: not as it should be');
  if (values.keep) keep();
  else await stop(isGood(verdict) ? 0 : 1);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  await stop(2);
}

function keep(): void {
  const { prometheus, stack } = ground;
  say(`Kept until Ctrl-C: Prometheus at ${prometheus.url}`);
  stack.nodes.forEach(({ opsPort }, index) => say(`  node-${index + 1}: http://127.0.0.1:${opsPort}/metrics`));
  say(`  console: http://127.0.0.1:${stack.node.opsPort}/admin/dashboard (token ${stack.adminToken})`);
  say(`  database: ${stack.database.url}`);
}
