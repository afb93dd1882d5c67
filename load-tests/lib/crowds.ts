import type { Call, Outcome } from './call.ts';
import type { Crowd, Generator } from './generator.ts';

/** Calls last this much less or more than they should: they do not end in step. */
const spread = 0.3;
/** Where many are missing they do not all call in one moment: so many each {@link crowdMs}. */
const newPerStepMax = 2;

/** Keeps so many calls on the line: who has gone is followed by somebody else. */
export class SteadyCrowd implements Crowd {
  readonly #target: (sinceMs: number) => number;
  #startedMs: number | null = null;

  constructor(target: (sinceMs: number) => number) {
    this.#target = target;
  }

  step(nowMs: number, generator: Generator): void {
    this.#startedMs ??= nowMs;
    const missing = Math.floor(this.#target(nowMs - this.#startedMs)) - generator.live.size;
    for (let index = 0; index < Math.min(missing, newPerStepMax); index += 1) generator.place(usualCall(generator));
  }

  ended(_call: Call, _outcome: Outcome): void {}
}

export function usualCall({ world: { settings, chance } }: Generator): { talkMs: number } {
  return { talkMs: settings.talkMs * chance.between(1 - spread, 1 + spread) };
}
