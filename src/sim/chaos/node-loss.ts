import type { Scene } from './scene.ts';

/** The ways in which the fleet loses a node that it did not send away. */
export type LossKind = 'nodeKill' | 'nodeKillSilent' | 'nodeVanish' | 'nodeFreeze';

/** Takes a node away (counted from 0) while something is done, and gives it back whatever comes of that. */
export async function withoutNode<T>(scene: Scene, kind: LossKind, node: number, work: () => Promise<T>): Promise<T> {
  return scene.during(kind, node, async () => {
    const giveBack = await losses[kind](scene, node);
    try {
      return await work();
    } finally {
      await giveBack();
    }
  });
}

/** Takes the node away; what is returned gives it back. */
const losses: Record<LossKind, (scene: Scene, node: number) => Promise<() => Promise<void>>> = {
  async nodeKill(scene, node) {
    await end(scene, node, 'SIGKILL');
    return () => revive(scene, node);
  },
  async nodeKillSilent(scene, node) {
    const { faults } = scene.stack.twilio;
    const before = faults.brokenStream;
    faults.brokenStream = 'silence';
    await end(scene, node, 'SIGKILL');
    return async () => {
      faults.brokenStream = before;
      await revive(scene, node);
    };
  },
  async nodeVanish(scene, node) {
    const { proxies } = scene.stack;
    if (!proxies) throw new Error('only a host behind proxies can vanish');
    const ways = [proxies.media[node], proxies.web[node], proxies.nodeOps[node], proxies.redisOf[node]];
    const lines = ways.filter((line) => line !== undefined);
    await Promise.all(lines.map((line) => line.set({ drop: 'both' })));
    return async () => {
      // What was gone so long does not come back as it was.
      await end(scene, node, 'SIGKILL');
      await Promise.all(lines.map((line) => line.heal()));
      await revive(scene, node);
    };
  },
  async nodeFreeze(scene, node) {
    const frozen = scene.stack.nodes[node];
    frozen?.kill('SIGSTOP');
    return () => Promise.resolve(frozen?.kill('SIGCONT'));
  },
};

/** Resolves when the process is gone. */
export async function end(scene: Scene, node: number, signal: NodeJS.Signals): Promise<void> {
  const ending = scene.stack.nodes[node];
  ending?.kill(signal);
  await ending?.exited;
}

async function revive(scene: Scene, node: number): Promise<void> {
  await scene.revive(node);
}
