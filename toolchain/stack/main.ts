import { parseArgs } from 'node:util';
import { faultsOf, type Plan, rehearse } from './rehearse.ts';
import { startDeployed } from './stack.ts';

/**
 * `npm run stack`: what docker-compose.yml describes, without containers, through a promotion of sixty simulated calls,
 * until all is over. `-- --calls 12 --at-once 6` for another one, `-- --keep` to look around until Ctrl-C.
 */
const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '60' },
    'at-once': { type: 'string', default: '10' },
    keep: { type: 'boolean', default: false },
  },
});
const plan: Plan = { calls: Number(values.calls), atOnce: Number(values['at-once']), settlesMs: 8_000, shareMin: 0.9 };
const startedMs = performance.now();
const say = (line: string): void =>
  void process.stdout.write(`${((performance.now() - startedMs) / 1_000).toFixed(0).padStart(4)} s  ${line}\n`);
const stack = await startDeployed(say);
let isStopping = false;
const stop = async (code: number): Promise<void> => {
  if (isStopping) return;
  isStopping = true;
  await stack.stop();
  process.exit(code);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(130));
say(`a promotion of ${plan.calls} calls, ${plan.atOnce} at a time`);
const outcome = await rehearse(stack, plan, say);
say(`streams by node: ${JSON.stringify(outcome.carried)}; ${outcome.rows} calls understood`);
for (const { board, asked, withData, empty } of outcome.boards)
  say(
    `${board}: ${withData} of ${asked} queries have data${empty.map((one) => `\n          without: ${one}`).join('')}`,
  );
say(`alerts: ${outcome.alerts.join(', ') || 'none'}`);
const faults = faultsOf(outcome, plan, [...stack.processes.keys()]);
for (const fault of faults) say(`FAULT ${fault}`);
say(faults.length === 0 ? 'Verdict: as it should be' : 'Verdict: not as it should be');
if (values.keep) {
  for (const [name, place] of stack.opsPlaces) say(`  ${name}: http://${place}/metrics`);
  say(`  Prometheus: ${stack.prometheus.url}; database: ${stack.databaseUrl}; Ctrl-C ends it`);
} else await stop(faults.length === 0 ? 0 : 1);
