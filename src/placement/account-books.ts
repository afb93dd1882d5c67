import type { Usage } from '../../machines/call-events.ts';
import type { ModelPrices } from '../config.ts';
import type { ModelBudget, Spent } from '../directory/fleet.ts';
import type { RateLimits } from '../model/events.ts';
import type { AccountListener } from '../model/account.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import {
  type Allowance,
  type Ceiling,
  type CeilingInput,
  ceilingOf,
  ceilingsOf,
  remainingAt,
  UseMeter,
} from './budget.ts';
import {
  costMicros,
  judgeSpend,
  microsByKind,
  SpendMeter,
  type SpendJudgement,
  type SpendState,
  type Telling,
} from './spend.ts';

/** What the operator says of the accounts that all nodes share. */
export interface AccountSettings {
  carrierCallsMax: number | null;
  modelSessionsMax: number | null;
  /** US dollars. */
  spendMax: { perHour: number; perDay: number } | null;
  modelPrices: ModelPrices;
}

export interface AccountBooksDeps {
  settings: AccountSettings;
  /** Redis-clock ms. */
  now(): number;
  log: Log;
  metrics: Metrics;
}

/** What a heartbeat tells the fleet. */
export interface AccountReport extends Telling {
  model: ModelBudget | null;
}

/** The books of the shared accounts: what this node used, and how the whole fleet stands. */
export class AccountBooks implements AccountListener {
  private readonly deps: AccountBooksDeps;
  private readonly use = new UseMeter();
  private readonly meter = new SpendMeter();
  /** Said by the model and not yet told to the fleet. */
  private news: ModelBudget | null = null;
  private known: ModelBudget | null = null;
  private judged: SpendJudgement;
  private sum: Spent = { hourMicros: 0, dayMicros: 0 };

  constructor(deps: AccountBooksDeps) {
    this.deps = deps;
    this.judged = judgeSpend(this.sum, deps.settings.spendMax);
  }

  limitsTold({ tokens, requests }: RateLimits): void {
    if (!tokens && !requests) return;
    const at = this.deps.now();
    this.news = {
      at,
      requestsLimit: requests?.limit ?? 0,
      requestsRemaining: requests?.remaining ?? 0,
      tokensLimit: tokens?.limit ?? 0,
      tokensRemaining: tokens?.remaining ?? 0,
      resetAt: at + Math.round(1_000 * Math.max(tokens?.resetS ?? 0, requests?.resetS ?? 0)),
    };
    this.known = this.news;
  }

  used(usage: Usage): void {
    const micros = costMicros(usage, this.deps.settings.modelPrices);
    this.use.used(usage);
    this.meter.add(micros);
    const { modelTokens, modelDollars } = this.deps.metrics;
    for (const [kind, kindMicros] of microsByKind(usage, this.deps.settings.modelPrices)) {
      modelTokens.inc({ kind }, usage[kind]);
      modelDollars.inc({ kind }, kindMicros / 1_000_000);
    }
  }

  /** So many calls were live here for so long. */
  passed(calls: number, ms: number): void {
    this.use.passed(calls, ms);
  }

  report(): AccountReport {
    return { ...this.meter.tell(), model: this.news };
  }

  /** The fleet has heard the report, and answered how it stands. */
  heard(report: AccountReport, answer: { spent: Spent; model: ModelBudget | null }): void {
    this.meter.heard(report);
    if (this.news === report.model) this.news = null;
    // What nobody has repeated of late is still the last that is known.
    if (answer.model && answer.model.at >= (this.known?.at ?? 0)) this.known = answer.model;
    this.sum = answer.spent;
    const before = this.judged.state;
    this.judged = judgeSpend(answer.spent, this.deps.settings.spendMax);
    if (this.judged.state !== before) this.sayState(this.judged.state);
  }

  get spend(): SpendJudgement {
    return this.judged;
  }

  get spent(): Spent {
    return this.sum;
  }

  get perCallMinute(): { tokens: number; requests: number } {
    return this.use.perCallMinute;
  }

  /** What the model's account allows per minute, and what is left of it by now; null until it said so. */
  get allowances(): { [name in 'tokens' | 'requests']: { limit: number; left: number } } | null {
    if (this.known === null) return null;
    const now = this.deps.now();
    const { tokens, requests } = allowancesOf(this.known);
    const standing = (allowance: Allowance) => ({ limit: allowance.limit, left: remainingAt(allowance, now) });
    return { tokens: standing(tokens), requests: standing(requests) };
  }

  /** Calls of the whole fleet that the accounts bear. */
  ceiling(): Ceiling {
    return ceilingOf(this.ceilingInput());
  }

  /** The same of each account. */
  ceilings(): ReturnType<typeof ceilingsOf> {
    return ceilingsOf(this.ceilingInput());
  }

  private ceilingInput(): CeilingInput {
    const { carrierCallsMax, modelSessionsMax } = this.deps.settings;
    const allowances = this.known ? allowancesOf(this.known) : { tokens: null, requests: null };
    return { carrierCallsMax, modelSessionsMax, ...allowances, use: this.use.perCallMinute, now: this.deps.now() };
  }

  private sayState(state: SpendState): void {
    const { log } = this.deps;
    const figures = { ...this.sum, share: this.judged.share };
    if (state === 'spent') log.error(figures, 'what may be spent is spent: new callers get the keypad menu');
    else if (state === 'alarm') log.warn(figures, 'most of what may be spent is spent');
    else log.info(figures, 'there is money to spend again');
  }
}

function allowancesOf(model: ModelBudget): { tokens: Allowance; requests: Allowance } {
  const resetS = (model.resetAt - model.at) / 1_000;
  return {
    tokens: { limit: model.tokensLimit, remaining: model.tokensRemaining, resetS, at: model.at },
    requests: { limit: model.requestsLimit, remaining: model.requestsRemaining, resetS, at: model.at },
  };
}
