import { setTimeout as wait } from 'node:timers/promises';
import { placementKeys } from '../../directory/keys.ts';
import type { RedisLink } from '../../directory/redis.ts';
import { readTexts } from '../../directory/reply.ts';
import { script } from '../../directory/scripts/script.ts';
import type { PlacementNode, PlacementSample } from './history.ts';

const SAMPLE_MS = 40;
const SAMPLES_MAX = 100_000;

/** Node by node: load, capacity, calls of its last heartbeat, reservations; all of one moment. */
const sampleScript = script(
  'samplePlacement',
  ['load', 'cap', 'live', 'resat'],
  `
local reserved, reply = {}, {}
local res = redis.call('HGETALL', resat)
for i = 2, #res, 2 do reserved[res[i]] = (reserved[res[i]] or 0) + 1 end
local loads = redis.call('ZRANGE', load, 0, -1, 'WITHSCORES')
for i = 1, #loads, 2 do
  local name = loads[i]
  for _, value in ipairs({ name, loads[i + 1], redis.call('HGET', cap, name) or '0',
    redis.call('HGET', live, name) or '0', tostring(reserved[name] or 0) }) do reply[#reply + 1] = value end
end
return reply
`,
);
const KEYS = [placementKeys.load, placementKeys.capacity, placementKeys.live, placementKeys.reservedAt];
const FIELDS = 5;

export async function samplePlacement(link: RedisLink): Promise<PlacementNode[]> {
  const values = readTexts(await link.run(sampleScript, KEYS, []));
  const nodes: PlacementNode[] = [];
  for (let at = 0; at + FIELDS <= values.length; at += FIELDS) {
    const [node = '', load, capacity, live, reserved] = values.slice(at, at + FIELDS);
    nodes.push({
      node,
      load: Number(load),
      capacity: Number(capacity),
      live: Number(live),
      reserved: Number(reserved),
    });
  }
  return nodes;
}

/** Looks at the fleet's placement again and again. */
export class PlacementSampler {
  readonly samples: PlacementSample[] = [];
  private readonly link: RedisLink;
  private isStopped = false;
  private loop: Promise<void> = Promise.resolve();

  constructor(link: RedisLink) {
    this.link = link;
  }

  start(): void {
    this.loop = this.run();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.loop;
  }

  private async run(): Promise<void> {
    while (!this.isStopped) {
      const nodes = await samplePlacement(this.link).catch(() => null);
      // What is as before tells nothing new.
      if (nodes && JSON.stringify(nodes) !== JSON.stringify(this.samples.at(-1)?.nodes))
        this.samples.push({ atMs: performance.now(), nodes });
      if (this.samples.length > SAMPLES_MAX) this.samples.shift();
      await wait(SAMPLE_MS);
    }
  }
}
