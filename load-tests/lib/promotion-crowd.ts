import type { Call, Outcome } from './call.ts';
import type { Crowd, Generator } from './generator.ts';

/** Callers at once on a usual day, of the calls that there is room for. */
const usualShare = 0.6;
const spikeFactor = 20;
const spikeMs = 10_000;
/** The spike begins after this part of the run, and holds until that one; then the day runs out. */
const spikeFrom = 0.1;
const spikeUntil = 0.4;
const patience = { fromMs: 20_000, toMs: 150_000 };
/** Of those who left or were refused. */
const redialShare = 0.5;
const redial = { fromMs: 2_000, toMs: 10_000 };
const newPerStepMax = 20;

/**
 * Callers at once, waiting ones included, `ms` after the beginning: the usual day, within ten seconds twenty times as many
 * for a while, then fewer and fewer as a day has it.
 */
export function promotionDemand(calls: number, runMs: number, ms: number): number {
  const usual = calls * usualShare;
  const sinceMs = ms - runMs * spikeFrom;
  if (sinceMs < 0) return usual;
  const rise = Math.min(1, sinceMs / spikeMs);
  const fall = Math.max(0, ms / runMs - spikeUntil) / (1 - spikeUntil);
  const height = rise * (0.5 + 0.5 * Math.cos(Math.PI * Math.min(1, fall)));
  return usual * (1 + (spikeFactor - 1) * height);
}

interface Redial {
  from: string;
  atMs: number;
}

/** More callers than there is room for: they wait as they are told, lose patience, and call again. */
export class PromotionCrowd implements Crowd {
  readonly #calls: number;
  readonly #runMs: number;
  #startedMs: number | null = null;
  #nowMs = 0;
  #redials: Redial[] = [];
  readonly #generators = new WeakMap<Call, Generator>();

  constructor(calls: number, runMs: number) {
    this.#calls = calls;
    this.#runMs = runMs;
  }

  step(nowMs: number, generator: Generator): void {
    this.#startedMs ??= nowMs;
    this.#nowMs = nowMs;
    const due = this.#redials.filter(({ atMs }) => atMs <= nowMs);
    this.#redials = this.#redials.filter(({ atMs }) => atMs > nowMs);
    for (const { from } of due) {
      generator.world.figures.count('aida_redials');
      this.#call(generator, from);
    }
    const missing = promotionDemand(this.#calls, this.#runMs, nowMs - this.#startedMs) - generator.live.size;
    for (let index = 0; index < Math.min(Math.floor(missing), newPerStepMax); index += 1) this.#call(generator, null);
  }

  ended(call: Call, outcome: Outcome): void {
    const generator = this.#generators.get(call);
    if (!generator || (outcome.kind !== 'left' && outcome.kind !== 'refused')) return;
    const { chance } = generator.world;
    if (!chance.is(redialShare)) return;
    this.#redials.push({ from: call.from, atMs: this.#nowMs + chance.between(redial.fromMs, redial.toMs) });
  }

  #call(generator: Generator, from: string | null): void {
    const { chance, settings } = generator.world;
    const call = generator.place({
      talkMs: settings.talkMs * chance.between(0.5, 1.5),
      patienceMs: chance.between(patience.fromMs, patience.toMs),
      ...(from === null ? {} : { from }),
    });
    this.#generators.set(call, generator);
  }
}
