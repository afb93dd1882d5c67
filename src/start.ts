import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { ConfigError, readConfig } from './config.ts';
import { nodeEnvironments } from './nodes.ts';
import { READY, Supervisor } from './supervisor.ts';
import { createLog } from './telemetry/log.ts';

/**
 * `npm start`: one node, this process. `npm start -- --nodes N`: N nodes in processes of their own, which this one
 * keeps running until it is told to end; on SIGHUP it replaces one after the other.
 */
const { count, rest } = nodesAsked(process.argv.slice(2));
if (count === null) {
  // A supervisor that is gone cannot tell its nodes to end.
  if (process.channel) process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  await import('./main.ts');
  process.send?.(READY);
} else {
  process.exitCode = await supervise(count, rest);
}

function nodesAsked(args: readonly string[]): { count: number | null; rest: string[] } {
  const at = args.findIndex((arg) => arg === '--nodes' || arg.startsWith('--nodes='));
  if (at < 0) return { count: null, rest: [...args] };
  const [, value] = (args[at] ?? '').split('=');
  const taken = value === undefined ? 2 : 1;
  return { count: Number(value ?? args[at + 1]), rest: args.toSpliced(at, taken) };
}

async function supervise(nodes: number, args: readonly string[]): Promise<number> {
  const environments = environmentsOrExit(nodes);
  const log = createLog(readConfig(process.env).logLevel);
  const cores = availableParallelism();
  if (nodes > cores) log.warn({ nodes, cores }, 'more nodes than cores: one for each core carries as many calls');
  const supervisor = new Supervisor({
    count: nodes,
    log,
    start: (index) =>
      spawn(process.execPath, [...process.execArgv, import.meta.filename, ...args], {
        env: environments[index],
        // Ctrl-C reaches a whole group; a second signal means more than one, so that only we may pass it on.
        detached: true,
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      }),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => supervisor.leave('SIGTERM'));
  process.on('SIGHUP', () => void supervisor.renew());
  return supervisor.over;
}

function environmentsOrExit(nodes: number): Record<string, string>[] {
  try {
    return nodeEnvironments(process.env, nodes);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
