import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const UNPRIVILEGED_ID = 65_534;

/** Programs that are not npm packages: the system's own where it has them, else unpacked in `.toolchain/`. */
export type PartName =
  | 'redis'
  | 'postgres'
  | 'haproxy'
  | 'chromium'
  | 'k6'
  | 'helm'
  | 'prometheus'
  | 'alertmanager'
  | 'kafka'
  | 'references';

export interface Part {
  /** Absolute path of the main program: `redis-server`, `postgres`, `haproxy`, `chromium`, `k6`, `prometheus`. */
  bin: string;
  /** Folder of the part's programs: `initdb` is `join(dir, 'initdb')`. */
  dir: string;
  /** The whole environment to spawn it with (ours, and what an unpacked part needs to find its libraries). */
  env: NodeJS.ProcessEnv;
}

/** What `toolchain/fetch NAME` leaves behind: the program's path, then `KEY=VALUE` lines. */
async function readPart(name: PartName): Promise<Part | null> {
  const text = await readFile(join(ROOT, '.toolchain', `${name}.part`), 'utf8').catch(() => '');
  const [bin = '', ...extra] = text.trim().split('\n');
  if (!existsSync(bin)) return null;
  const env = { ...process.env };
  for (const line of extra) {
    const [key = '', ...value] = line.split('=');
    env[key] = value.join('=');
  }
  return { bin, dir: dirname(bin), env };
}

/** Finds a part; fetches it when it is not here yet (waiting for a fetch that is under way). Rejects when it can't be had. */
export async function findPart(name: PartName): Promise<Part> {
  const present = await readPart(name);
  if (present) return present;
  const fetching = spawn(join(ROOT, 'toolchain/fetch'), [name], { stdio: ['ignore', 'inherit', 'inherit'] });
  const code = await new Promise((resolve, reject) => fetching.once('exit', resolve).once('error', reject));
  const fetched = await readPart(name);
  if (!fetched) throw new Error(`${name} is not to be had: toolchain/fetch ended with ${String(code)}`);
  return fetched;
}

/**
 * For tests that need an optional part: `describe.skipIf(await lacksPart('chromium'))`.
 * Outside CI a part that can't be had skips its tests, with a line saying so; in CI it is an error.
 */
export async function lacksPart(name: PartName): Promise<boolean> {
  try {
    await findPart(name);
    return false;
  } catch (error) {
    if (process.env['CI']) throw error;
    console.error(`SKIPPED: tests that need ${name} (${error instanceof Error ? error.message : String(error)})`);
    return true;
  }
}

/**
 * PostgreSQL refuses to run as root. As root this returns the command that runs `bin` as nobody, still able to read
 * the checkout wherever it is; otherwise the command itself. Folders the program writes to must belong to `uid`.
 */
export function unprivileged(bin: string, args: string[]): { bin: string; args: string[]; uid: number } {
  const uid = process.getuid?.() ?? UNPRIVILEGED_ID;
  if (uid !== 0) return { bin, args, uid };
  const drop = [`--reuid=${UNPRIVILEGED_ID}`, `--regid=${UNPRIVILEGED_ID}`, '--clear-groups'];
  const read = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  return { bin: 'setpriv', args: [...drop, ...read, bin, ...args], uid: UNPRIVILEGED_ID };
}
