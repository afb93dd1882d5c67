import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Which cores the rig may use (generators, fakes, Redis, database) and which one each node gets. */
export interface CorePlan {
  rig: readonly number[];
  nodes: readonly number[];
}

/** As many cores for nodes as there are nodes, but one at least is the rig's. Null: there is only one core. */
export function planCores(cores: number, nodes: number): CorePlan | null {
  if (cores < 2) return null;
  const rigCores = Math.max(1, cores - nodes);
  const all = Array.from({ length: cores }, (_, core) => core);
  return { rig: all.slice(0, rigCores), nodes: all.slice(rigCores) };
}

/** All threads of a process; false where that cannot be done. */
function bind(pid: number, cores: readonly number[]): Promise<boolean> {
  return run('taskset', ['-acp', cores.join(','), String(pid)]).then(
    () => true,
    () => false,
  );
}

/** Keeps the rig and the nodes apart, as far as this machine has cores for it. */
export class Pinning {
  readonly plan: CorePlan | null;
  /** False: rig and nodes run wherever the system puts them. */
  readonly isPinned: boolean;

  private constructor(plan: CorePlan | null, isPinned: boolean) {
    this.plan = plan;
    this.isPinned = isPinned;
  }

  /** This process, and all that it starts from now on, keep to the rig's cores. */
  static async begin(nodes: number): Promise<Pinning> {
    const plan = nodes === 0 ? null : planCores(availableParallelism(), nodes);
    return new Pinning(plan, plan !== null && (await bind(process.pid, plan.rig)));
  }

  async node(index: number, pid: number): Promise<void> {
    const core = this.plan?.nodes[index % this.plan.nodes.length];
    if (this.isPinned && core !== undefined) await bind(pid, [core]);
  }

  async end(): Promise<void> {
    if (this.plan && this.isPinned) await bind(process.pid, [...this.plan.rig, ...this.plan.nodes]);
  }
}
