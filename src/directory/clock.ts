import { performance } from 'node:perf_hooks';
import type { RedisLink } from './redis.ts';
import { readTexts } from './reply.ts';

const SAMPLES_MAX = 8;
/** How fast the clock runs while it is ahead of Redis': it never stands still and never goes back. */
const SLEWED_RATE = 0.5;
const SYNC_SAMPLES = 3;

export interface RedisClock {
  /** Redis' time in whole ms, strictly by the monotonic clock: never goes back, goes on without Redis. */
  now(): number;
  /** What Redis said the time was (ms), asked for at `sentAt` and heard at `heardAt` (ms of `monotonic()`). */
  observe(sentAt: number, heardAt: number, redisMs: number): void;
  monotonic(): number;
  /** False until Redis has been heard once; the wall clock stands in. */
  readonly learned: boolean;
}

interface Sample {
  /** Redis' time − monotonic time lies within these. */
  least: number;
  most: number;
}

const width = (sample: Sample): number => sample.most - sample.least;

/**
 * Redis' clock as the monotonic clock + an offset: the best of the last few answers, the one with the shortest way. An
 * answer that cannot be true beside the best one (a failover, drift) makes all older ones void.
 */
export function createRedisClock(
  monotonic: () => number = () => performance.now(),
  wall: () => number = Date.now,
): RedisClock {
  let samples: Sample[] = [];
  let offset = wall() - monotonic();
  let saidAt = monotonic();
  let said = saidAt + offset;

  function read(): number {
    const at = monotonic();
    const passed = at - saidAt;
    const target = at + offset;
    said = target >= said + passed * SLEWED_RATE ? target : said + passed * SLEWED_RATE;
    saidAt = at;
    return said;
  }

  return {
    monotonic,
    get learned() {
      return samples.length > 0;
    },
    now: () => Math.floor(read()),
    observe(sentAt, heardAt, redisMs) {
      read();
      const sample = { least: redisMs - heardAt, most: redisMs - sentAt };
      samples = samples.filter((known) => known.least <= sample.most && sample.least <= known.most);
      samples = [...samples, sample].slice(-SAMPLES_MAX);
      const best = samples.reduce((a, b) => (width(b) <= width(a) ? b : a));
      offset = (best.least + best.most) / 2;
    },
  };
}

/** What Redis says the time is, whole ms. Rejects with DirectoryError. */
export async function redisTime(link: RedisLink): Promise<number> {
  const [seconds, micros] = readTexts(await link.command('time'));
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

/** Asks Redis for the time, a few times. Rejects with DirectoryError. */
export async function syncClock(link: RedisLink, clock: RedisClock): Promise<void> {
  for (let i = 0; i < SYNC_SAMPLES; i++) {
    const sentAt = clock.monotonic();
    const [seconds, micros] = readTexts(await link.command('time'));
    clock.observe(sentAt, clock.monotonic(), Number(seconds) * 1_000 + Number(micros) / 1_000);
  }
}
