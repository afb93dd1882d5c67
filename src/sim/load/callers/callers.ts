import type { LoadSummary } from '../../../../load-tests/lib/summary.ts';
import { seededRandom } from '../../model/options.ts';
import { Places } from '../../twilio/hosts.ts';
import { Web } from '../../twilio/web.ts';
import { phrasesMax } from '../model/model-options.ts';
import { SlotClock } from '../slot-clock.ts';
import { nobody } from '../voice/name-tag.ts';
import { phraseBook } from '../voice/phrases.ts';
import { Caller, type PartyDeps } from './caller.ts';
import { callerDefaults, type CallerOptions, type CallerSettings } from './caller-options.ts';
import { Recorder } from './recorder.ts';
import { Sounds } from './sounds.ts';

const complaintsMax = 100;
const pollMs = 20;

/** Any number of callers in one process, on one timer. */
export class Callers {
  readonly recorder = new Recorder();
  /** What the carrier would have warned of; the last of them. */
  readonly complaints: string[] = [];
  complained = 0;
  readonly clock = new SlotClock();
  readonly #deps: PartyDeps;
  readonly #web: Web;
  readonly #open = new Set<Caller>();
  #lines: number;
  #isLeaving = false;

  constructor(options: CallerOptions) {
    const { target, journeys = null, onComplaint } = options;
    const given = Object.entries(options).filter(([key, value]) => key in callerDefaults && value !== undefined);
    const settings: CallerSettings = { ...callerDefaults, ...Object.fromEntries(given) };
    this.#lines = settings.firstLine;
    const complain = (complaint: string): void => {
      this.complained++;
      this.complaints.push(complaint);
      if (this.complaints.length > complaintsMax) this.complaints.shift();
      onComplaint?.(complaint);
    };
    const places = new Places(target.hosts);
    this.#web = new Web(places, target.authToken, complain);
    this.#deps = {
      target,
      settings,
      books: {
        questions: phraseBook({ speaker: 'caller', seconds: settings.questionSeconds, count: phrasesMax }),
        answers: phraseBook({ speaker: 'assistant', seconds: settings.answerSeconds, count: phrasesMax }),
      },
      recorder: this.recorder,
      web: this.#web,
      places,
      sounds: new Sounds(this.#web),
      clock: this.clock,
      journeys,
      random: seededRandom(settings.seed),
      complain,
    };
  }

  /** One more call, from a number of its own. */
  dial(): Caller {
    const caller = new Caller(this.#deps, this.#lines++ % nobody);
    this.#open.add(caller);
    void caller.done.finally(() => this.#open.delete(caller));
    return caller;
  }

  /** So many calls, evenly at this rate; resolves when the last one was begun. */
  async dialAll(count: number, perSecond: number): Promise<Caller[]> {
    const startedAt = performance.now();
    const callers: Caller[] = [];
    while (callers.length < count && !this.#isLeaving) {
      const due = Math.min(count, Math.floor(((performance.now() - startedAt) / 1000) * perSecond) + 1);
      while (callers.length < due) callers.push(this.dial());
      if (callers.length < count) await pause();
    }
    return callers;
  }

  /** Calls that are not over. */
  get size(): number {
    return this.#open.size;
  }

  get talking(): number {
    let talking = 0;
    for (const caller of this.#open) if (caller.isTalking) talking++;
    return talking;
  }

  get waiting(): number {
    let waiting = 0;
    for (const caller of this.#open) if (caller.isWaiting) waiting++;
    return waiting;
  }

  /** True once so many have a stream; false after `boundMs`. */
  untilTalking(count: number, boundMs: number): Promise<boolean> {
    return this.#until(() => this.talking >= count, boundMs);
  }

  /** True as soon as no call is left; false after `boundMs`. */
  untilOver(boundMs: number): Promise<boolean> {
    return this.#until(() => this.#open.size === 0, boundMs);
  }

  /** Nobody dials any more, everybody hangs up. */
  leave(): void {
    this.#isLeaving = true;
    for (const caller of this.#open) caller.hangUp();
  }

  /** Everybody hangs up: between two turns within `politeMs`, then at once. Who is still there after `boundMs` more is overdue. */
  async hangUpAll(politeMs: number, boundMs: number): Promise<void> {
    const startedAt = performance.now();
    while (this.#open.size > 0 && performance.now() - startedAt < politeMs) {
      for (const caller of this.#open) if (caller.isPausing) caller.hangUp();
      await pause();
    }
    for (const caller of this.#open) caller.hangUp();
    if (await this.untilOver(boundMs)) return;
    for (const caller of this.#open) caller.fail('overdue');
    this.close();
  }

  summary(scenario: string): LoadSummary {
    return this.recorder.summary(scenario);
  }

  /** Ends requests that are under way. */
  close(): void {
    for (const caller of this.#open) caller.hangUp('failed');
    this.#web.close();
  }

  async #until(holds: () => boolean, boundMs: number): Promise<boolean> {
    const startedAt = performance.now();
    while (!holds()) {
      if (performance.now() - startedAt > boundMs) return false;
      await pause();
    }
    return true;
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pollMs));
