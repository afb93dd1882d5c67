import { type Account, readAccount } from '../account.ts';
import { matcherOf } from '../caller/words.ts';
import { seededRandom } from '../model/options.ts';
import type { Staff } from '../twilio/index.ts';
import { accountsOf, unmet } from './evidence.ts';
import { inflict } from './inflict.ts';
import { type Event, Party, type PartyOptions, type RealVoices, Signals } from './party.ts';
import type { Expectation, Scenario, ScenarioCaller } from './scenario.ts';
import { type Stage, startStage, type Variant } from './stage.ts';

/** How a scenario went. */
export interface Result {
  scenario: Scenario;
  variant: Variant;
  failures: string[];
  /** Why it was not lived. */
  skipped: string | null;
  /** What was heard, said and done, in order. */
  timeline: string[];
  ms: number;
}

export interface RunOptions {
  variant: Variant;
  /** Decides where the model is cut. */
  seed: number;
  /** Settings of every node. */
  env?: Record<string, string>;
  /** How scenarios are lived and judged with a real model. */
  real?: RealModel;
  onResult?: (result: Result) => void;
  /** What the journals say of the main caller's calls, before it is judged. */
  onLived?: (scenario: Scenario, accounts: readonly Account[]) => Promise<void>;
}

/** What a real model needs besides. */
export interface RealModel {
  /** Before the calls of a scenario: what its callers say, as sound, and where words come from. */
  voices(stage: Stage, scenario: Scenario): Promise<RealVoices>;
  judge(scenario: Scenario, timeline: readonly string[]): Promise<string[]>;
}

/** So many scenarios are lived at the same time on one stack; folding after each fact takes its time. */
const AT_ONCE_MAX = 20;
const AT_ONCE_AMNESIA_MAX = 8;
/** Their first callers, so long apart: a node that has just begun would close its door to all of them at once. */
const APART_MS = 200;
/** Callers of their own numbers, unless a scenario says who calls. */
const NUMBERS_FROM = 3_000;
const WITHIN_S = 20;
const FACT_CHARS_MAX = 160;
/** The model is cut so long after the caller began to speak, at most. */
const CUT_MS_MAX = 2_500;

/** Lives all scenarios, those that share a stack at the same time. Rejects only when a stack cannot be had. */
export async function runScenarios(scenarios: readonly Scenario[], options: RunOptions): Promise<Result[]> {
  const results: Result[] = [];
  for (const group of groupsOf(scenarios)) results.push(...(await runGroup(group, options)));
  return results;
}

/** Scenarios with the same stack; those that must be alone are. */
export function groupsOf(scenarios: readonly Scenario[]): Scenario[][] {
  const groups = Map.groupBy(scenarios, ({ id, stack }) =>
    stack?.alone === true ? `alone ${id}` : JSON.stringify(stack ?? {}),
  );
  return [...groups.values()];
}

async function runGroup(group: readonly Scenario[], options: RunOptions): Promise<Result[]> {
  const isLived = (scenario: Scenario): boolean => skipOf(scenario, options.variant) === null;
  const skipped = group.filter((scenario) => !isLived(scenario)).map((scenario) => skippedResult(scenario, options));
  for (const result of skipped) options.onResult?.(result);
  const lived = group.filter(isLived);
  if (lived.length === 0) return skipped;
  const stage = await startStage(lived, options.variant, options.env ?? {});
  try {
    const desk = new Desk(stage, options);
    const results = await desk.liveAll(lived);
    return [...skipped, ...results];
  } finally {
    await stage.stop();
  }
}

function skipOf(scenario: Scenario, variant: Variant): string | null {
  if (variant === 'cut' && 'skip' in scenario.whenCut) return scenario.whenCut.skip;
  if (variant === 'amnesia' && scenario.whenAmnesic) return scenario.whenAmnesic.skip;
  return variant === 'real' && scenario.judged.length === 0 ? 'nothing is judged of it' : null;
}

function expectationOf({ expect, whenCut }: Scenario, variant: Variant): Expectation {
  if (variant !== 'cut' || 'skip' in whenCut) return expect;
  const { lifts, ...instead } = whenCut;
  const kept = Object.entries(expect).filter(([name]) => !lifts.some((lifted) => lifted === name));
  return { ...Object.fromEntries(kept), ...instead };
}

function skippedResult(scenario: Scenario, { variant }: RunOptions): Result {
  return { scenario, variant, failures: [], skipped: skipOf(scenario, variant), timeline: [], ms: 0 };
}

/** The scenarios of one stack. */
class Desk {
  private readonly stage: Stage;
  private readonly options: RunOptions;
  private numbers = NUMBERS_FROM;

  constructor(stage: Stage, options: RunOptions) {
    this.stage = stage;
    this.options = options;
  }

  async liveAll(scenarios: readonly Scenario[]): Promise<Result[]> {
    const waiting = [...scenarios];
    const results: Result[] = [];
    const worker = async (index: number): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, index * APART_MS));
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const scenario = next;
        results.push(await this.live(scenario).catch((error: unknown) => this.broken(scenario, error)));
      }
    };
    const atOnceMax = this.options.variant === 'amnesia' ? AT_ONCE_AMNESIA_MAX : AT_ONCE_MAX;
    await Promise.all(Array.from({ length: Math.min(atOnceMax, scenarios.length) }, (_, index) => worker(index)));
    this.blame(results);
    for (const result of results) this.options.onResult?.(result);
    return results;
  }

  /** Something is wrong with the run itself: the others go on. */
  private broken(scenario: Scenario, error: unknown): Result {
    const failures = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
    return { scenario, variant: this.options.variant, failures, skipped: null, timeline: [], ms: 0 };
  }

  private async live(scenario: Scenario): Promise<Result> {
    const { stage, options } = this;
    const { variant } = options;
    const startedMs = performance.now();
    const expect = expectationOf(scenario, variant);
    const real = variant === 'real' ? await options.real?.voices(stage, scenario) : undefined;
    const signals = new Signals();
    const common = { stage, signals, to: scenario.to, dir: scenario.dir, ...(real ? { real } : {}) };
    const main = new Party({ ...common, ...this.caller(scenario), onSaying: this.cutterOf(scenario) });
    const others = scenario.others.map((other) => new Party({ ...common, ...this.caller(other) }));
    const withinS = expect.withinS ?? WITHIN_S;
    const told = await Promise.all([main, ...others].map((party) => party.live(withinS)));
    await Promise.all([main, ...others].map((party) => party.leave()));
    await real?.stop();
    const steps = told.flatMap((failure, index) =>
      failure === null ? [] : [index === 0 ? failure : `others[${index - 1}] ${failure}`],
    );
    const timeline = timelineOf([main, ...others]);
    const failures = steps.length > 0 ? steps : await this.judge(scenario, expect, main, timeline);
    const ms = performance.now() - startedMs;
    if (failures.length > 0 && this.isReadable(scenario)) timeline.push(...(await this.factsOf(main)));
    return { scenario, variant, failures, skipped: null, timeline, ms };
  }

  private async judge(
    scenario: Scenario,
    expect: Expectation,
    main: Party,
    timeline: readonly string[],
  ): Promise<string[]> {
    const { stage, options } = this;
    if (options.real) return options.real.judge(scenario, timeline);
    const accounts: Account[] = this.isReadable(scenario) ? await accountsOf(stage, main.calls) : [];
    await options.onLived?.(scenario, accounts);
    const failures = await unmet(expect, { stage, calls: main.calls, accounts });
    return [...failures, ...this.complaintsOf(scenario, main, accounts)];
  }

  /** Without Redis there are no journals. */
  private isReadable({ steps }: Scenario): boolean {
    return !steps.some((step) => step.kind === 'fault' && 'stop' in step.fault && step.fault.stop === 'redis');
  }

  private async factsOf({ calls }: Party): Promise<string[]> {
    const accounts = await Promise.all(calls.map(({ call }) => readAccount(this.stage, call)));
    return accounts.flatMap(({ facts }, index) =>
      facts.map((fact) => {
        const { at, type, ...rest } = fact;
        const ms = at - (calls[index]?.call.leg.createdAt.getTime() ?? 0);
        return `${index + 1}: ${(ms / 1000).toFixed(1).padStart(6)} s  fact ${type} ${JSON.stringify(rest).slice(0, FACT_CHARS_MAX)}`;
      }),
    );
  }

  /** What the fakes dislike about the calls of this scenario. */
  private complaintsOf(scenario: Scenario, main: Party, accounts: readonly Account[]): string[] {
    const sids = main.calls.flatMap(({ call }) => [call.sid, ...call.dialed.map(({ sid }) => sid)]);
    const sessions = accounts.flatMap(({ facts }) =>
      facts.flatMap((fact) => ('sessionId' in fact && fact.sessionId ? [`session ${fact.sessionId.slice(5)}:`] : [])),
    );
    const isOurs = (complaint: string): boolean => [...sids, ...sessions].some((id) => complaint.includes(id));
    return this.complaints()
      .filter(isOurs)
      .filter((complaint) => !isAllowed(scenario, complaint))
      .map((complaint) => `complaint: ${complaint}`);
  }

  private complaints(): string[] {
    return [...this.stage.twilio.complaints, ...(this.stage.model?.complaints ?? [])];
  }

  /** A complaint that is about nobody's call is held against all: the first who passed is told. */
  private blame(results: readonly Result[]): void {
    const known = new Set(results.flatMap(({ failures }) => failures));
    const stray = this.complaints().filter(
      (complaint) =>
        !known.has(`complaint: ${complaint}`) && !results.some(({ scenario }) => isAllowed(scenario, complaint)),
    );
    results[0]?.failures.push(...stray.map((complaint) => `complaint: ${complaint}`));
  }

  private caller({ from, dials, staff, steps }: ScenarioCaller): Pick<PartyOptions, 'from' | 'dials' | 'steps'> {
    const number = from ?? `+1207555${String((this.numbers += 1))}`;
    this.stage.phones.expect(number, staff as Staff[]);
    return { from: number, dials, steps };
  }

  /** In the variant that cuts, the model's socket dies once, at a saying and a moment that follow from the seed. */
  private cutterOf(scenario: Scenario): NonNullable<PartyOptions['onSaying']> {
    if (this.options.variant !== 'cut') return () => undefined;
    const random = seededRandom(this.options.seed + hashOf(scenario.id));
    const sayings = scenario.steps.filter(({ kind }) => kind === 'say' || kind === 'interrupt').length;
    const chosen = Math.floor(random() * sayings);
    const afterMs = random() * CUT_MS_MAX;
    return (saying, call) => {
      if (saying !== chosen) return;
      setTimeout(() => void inflict(this.stage, call, { model: 'die' }).catch(() => undefined), afterMs);
    };
  }
}

function isAllowed({ expect }: Scenario, complaint: string): boolean {
  return (expect.complaints ?? []).some((pattern) => matcherOf(pattern)?.(complaint) === true);
}

function hashOf(text: string): number {
  return Array.from(text).reduce((hash, letter) => (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0, 7);
}

function timelineOf(parties: readonly Party[]): string[] {
  const events = parties.flatMap((party, index): (Event & { who: string })[] =>
    party.events.map((event) => ({ ...event, who: parties.length > 1 ? `caller ${index + 1} ` : '' })),
  );
  return events.toSorted((a, b) => a.ms - b.ms).map(({ who, text }) => `${who}${text}`);
}
