import type { Metrics } from './metrics.ts';

const msPerSecond = 1_000;

/** What a link to Redis tells of its commands. No method throws. */
export interface RedisMeter {
  began(): void;
  /** `code`: what it came to nothing by; null where it was answered. */
  ended(ms: number, code: string | null): void;
  /** The link is there again. */
  restored(): void;
}

/** What the database tells of its queries. No method throws. */
export interface QueryMeter {
  /** `error`: what the driver rejected with, null where it was answered. */
  ended(ms: number, error: unknown): void;
}

/** Codes of PostgreSQL that speak of the server or the way to it, by their first two letters. */
const connectionClasses: ReadonlySet<string> = new Set(['08', '53', '57', '58']);
const statementTimeout = '57014';

export function redisMeter(
  metrics: Pick<Metrics, 'redisSeconds' | 'redisErrors' | 'redisReconnects' | 'redisInFlight' | 'onScrape'>,
): RedisMeter {
  let inFlight = 0;
  metrics.onScrape(() => metrics.redisInFlight.set(inFlight));
  return {
    began: () => {
      inFlight += 1;
    },
    ended(ms, code) {
      inFlight -= 1;
      metrics.redisSeconds.observe(ms / msPerSecond);
      if (code !== null) metrics.redisErrors.inc({ code });
    },
    restored: () => metrics.redisReconnects.inc(),
  };
}

export function queryMeter(metrics: Pick<Metrics, 'postgresSeconds' | 'postgresErrors' | 'postgresUp'>): QueryMeter {
  return {
    ended(ms, error) {
      metrics.postgresSeconds.observe(ms / msPerSecond);
      const kind = error === null ? null : faultOf(error);
      metrics.postgresUp.set(kind === 'connection' ? 0 : 1);
      if (kind !== null) metrics.postgresErrors.inc({ kind });
    },
  };
}

function faultOf(error: unknown): 'connection' | 'timeout' | 'query' {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const isLate = error instanceof Error && error.message === 'Query read timeout';
  if (isLate || code === statementTimeout) return 'timeout';
  // The driver's own errors have no code of the server's.
  return !/^[0-9A-Z]{5}$/.test(code) || connectionClasses.has(code.slice(0, 2)) ? 'connection' : 'query';
}
