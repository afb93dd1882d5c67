import type { RedisLink } from '../../src/directory/redis.ts';

/** What a Redis did since it started. */
export interface Spent {
  /** Runs of each command by its name, those of scripts too. */
  commands: Map<string, number>;
  cpuMs: number;
  bytesIn: number;
  bytesOut: number;
}

/** A section of INFO by the names of its lines. */
export async function info(link: RedisLink, section: string): Promise<Map<string, string>> {
  const text = String(await link.command('info', section));
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

/** Milliseconds of CPU since it started. */
export async function redisCpuMs(link: RedisLink): Promise<number> {
  const cpu = await info(link, 'cpu');
  return 1_000 * (Number(cpu.get('used_cpu_user')) + Number(cpu.get('used_cpu_sys')));
}

export async function spent(link: RedisLink): Promise<Spent> {
  const [cpuMs, stats, commands] = [
    await redisCpuMs(link),
    await info(link, 'stats'),
    await info(link, 'commandstats'),
  ];
  const runsOf = [...commands].map(([name, line]): [string, number] => [
    name.replace('cmdstat_', ''),
    Number(/calls=(\d+)/.exec(line)?.[1] ?? 0),
  ]);
  return {
    commands: new Map(runsOf),
    cpuMs,
    bytesIn: Number(stats.get('total_net_input_bytes')),
    bytesOut: Number(stats.get('total_net_output_bytes')),
  };
}
