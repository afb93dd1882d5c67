import type { Usage } from '../../machines/call-events.ts';
import type { RateLimits } from './events.ts';

/** Who keeps the account's books. Called once or twice for each response. */
export interface AccountListener {
  limitsTold(limits: RateLimits): void;
  /** What one response used, whether it was heard or not. */
  used(usage: Usage): void;
}
