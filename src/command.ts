import { ConfigError } from './config.ts';
import { DirectoryError } from './directory/errors.ts';
import { connectRedis, type RedisLink, type RedisScan } from './directory/redis.ts';

/** What the operators' commands share. */

/** Why it could not be done, in words for the operator. */
export class Refusal extends Error {}

export const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** `2026-11-22 22:22:20`, UTC. */
export const when = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

/** Does it with a link of its own, which is closed whatever comes of that. */
export async function withRedis(url: string, work: (link: RedisLink & RedisScan) => Promise<void>): Promise<void> {
  const link = await connectRedis(url);
  try {
    await work(link);
  } finally {
    await link.close();
  }
}

/** Runs a command. A refusal, a wrong setting or a Redis that is away is one line and exit code 1; anything else is thrown. */
export async function carryOut(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    const isTold = error instanceof Refusal || error instanceof ConfigError || error instanceof DirectoryError;
    if (!isTold) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
