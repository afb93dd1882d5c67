const MINUTE_MS = 60_000;

interface Allowance {
  readonly name: 'requests' | 'tokens';
  readonly limit: number;
  used: number;
  atMs: number;
}

/** What all sessions of one account may use per minute. It only tells: nothing is refused. */
export class Account {
  readonly #requests: Allowance;
  readonly #tokens: Allowance;

  constructor(requestsPerMinute: number, tokensPerMinute: number) {
    const atMs = performance.now();
    this.#requests = { name: 'requests', limit: requestsPerMinute, used: 0, atMs };
    this.#tokens = { name: 'tokens', limit: tokensPerMinute, used: 0, atMs };
  }

  requested(): void {
    settled(this.#requests).used += 1;
  }

  used(tokens: number): void {
    settled(this.#tokens).used += tokens;
  }

  /** As `rate_limits.updated` says it. */
  limits(): Record<string, unknown>[] {
    return [this.#requests, this.#tokens].map((allowance) => {
      const { name, limit, used } = settled(allowance);
      return {
        name,
        limit,
        remaining: Math.max(0, Math.floor(limit - used)),
        reset_seconds: Math.round((MINUTE_MS / 10) * Math.min(1, used / limit)) / 100,
      };
    });
  }
}

/** What was used comes back evenly. */
function settled(allowance: Allowance): Allowance {
  const now = performance.now();
  allowance.used = Math.max(0, allowance.used - (allowance.limit * (now - allowance.atMs)) / MINUTE_MS);
  allowance.atMs = now;
  return allowance;
}
