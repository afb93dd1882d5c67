import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Of `utime` and `stime` in /proc: a hundredth of a second on every Linux that Node runs on. */
const tickMs = 10;
/** Fields of /proc/PID/stat behind the name, which may hold spaces: utime is the 14th of all, stime the 15th. */
const utimeField = 11;

/** Binds all threads of a process to cores, in taskset's words. False where that cannot be done. */
async function bind(pid: number, cores: string): Promise<boolean> {
  return run('taskset', ['-acp', cores, String(pid)]).then(
    () => true,
    () => false,
  );
}

const last = availableParallelism() - 1;

/** Gives the node the last core for its own. This process and all that it starts afterwards get the others. */
export async function keepToOtherCores(): Promise<boolean> {
  return last > 0 && bind(process.pid, `0-${last - 1}`);
}

export async function pinToOwnCore(pid: number): Promise<boolean> {
  return last > 0 && bind(pid, String(last));
}

export async function useAllCores(): Promise<void> {
  if (last > 0) await bind(process.pid, `0-${last}`);
}

/** Milliseconds of CPU that the processes used since they began; null where the system does not say. */
export async function cpuMsOf(pids: readonly number[]): Promise<number | null> {
  let sum = 0;
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null);
    if (stat === null) return null;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    sum += (Number(fields[utimeField]) + Number(fields[utimeField + 1])) * tickMs;
  }
  return sum;
}

/** The eighth figure of the first line of /proc/stat: time in which the machine itself was not run. */
const stealField = 8;

/** Milliseconds that all cores together were busy, or taken away from this machine, since it started. */
export async function busyMs(): Promise<number> {
  const stat = await readFile('/proc/stat', 'latin1').catch(() => '');
  const stolenMs = Number(stat.slice(0, stat.indexOf('\n')).split(/\s+/)[stealField] ?? 0) * tickMs;
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys, stolenMs);
}

export const coreCount = last + 1;
