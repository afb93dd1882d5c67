import { Person, StepFailure } from '../caller/person.ts';
import { eventually } from '../eventually.ts';
import { formatLine, Transcript } from '../caller/transcript.ts';
import type { Heard, SimCall } from '../twilio/index.ts';
import { inflict } from './inflict.ts';
import type { ScenarioStep } from './scenario.ts';
import { changeStore, type Stage } from './stage.ts';

/** Callers speak twice as fast as people do. */
const PACE = 2;
/** Whoever waits for a signal before calling does so for so long. */
const DIALS_MS_MAX = 90_000;

/** What all callers of a scenario know of each other. */
export class Signals {
  private readonly given = new Set<string>();

  give(name: string): void {
    this.given.add(name);
  }

  has(name: string): boolean {
    return this.given.has(name);
  }
}

/** Something that happened, by `performance.now()`. */
export interface Event {
  ms: number;
  text: string;
}

/** From and to, ms since the call was placed. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** The call under way. */
interface Line {
  call: SimCall;
  person: Person;
  transcript: Transcript;
}

/** One call of a party, and when nothing was to be heard on purpose. */
export interface PartyCall {
  call: SimCall;
  pauses: Span[];
}

/** What a real model's calls are heard and had with. */
export interface RealVoices {
  utterances(call: SimCall): readonly Heard[];
  /** The callers' lines as sound. */
  audio: ReadonlyMap<string, Uint8Array>;
  /** Nobody listens any more. */
  stop(): Promise<void>;
}

export interface PartyOptions {
  stage: Stage;
  signals: Signals;
  from: string;
  to: string;
  /** Calls when this was signalled. */
  dials?: string | undefined;
  dir: string;
  steps: readonly ScenarioStep[];
  /** Before everything that the caller says: where a fault of the whole run comes in. */
  onSaying?: (saying: number, call: SimCall) => void;
  /** For a real model: words come from transcripts, lines are spoken as sound. */
  real?: RealVoices;
}

/** Somebody who calls, perhaps several times, and does what the steps say. */
export class Party {
  readonly calls: PartyCall[] = [];
  readonly events: Event[] = [];
  private readonly options: PartyOptions;
  private line: Line | null = null;
  private sayings = 0;

  constructor(options: PartyOptions) {
    this.options = options;
  }

  /** The step that did not come about, in words; null when all did. The last call is over afterwards, or within `withinS`. */
  async live(withinS: number): Promise<string | null> {
    const { steps, dials } = this.options;
    if (dials !== undefined && !(await this.signalled(dials, DIALS_MS_MAX)))
      return `nobody signalled ${dials}: no call was placed`;
    this.line = this.dial();
    for (const [index, step] of steps.entries()) {
      try {
        await this.act(step, this.line);
      } catch (error) {
        if (!(error instanceof StepFailure)) throw error;
        return `steps[${index}] ${step.kind}: ${error.message}`;
      }
    }
    const { call } = this.line;
    await call.waitFor(({ ended }) => ended, withinS * 1000).catch(() => undefined);
    return call.ended ? null : `the call was not ended within ${withinS} s after the last step`;
  }

  /** Hangs up wherever nobody did, and writes the rest down. */
  async leave(): Promise<void> {
    this.line?.call.hangUp();
    await Promise.all(this.calls.map(({ call }) => call.done));
    this.line?.transcript.look();
  }

  private async act(step: ScenarioStep, { call, person }: Line): Promise<void> {
    const { stage, signals } = this.options;
    switch (step.kind) {
      case 'redial':
        return this.redial(step.afterS);
      case 'fault':
        this.note(`fault ${JSON.stringify(step.fault)}`);
        return inflict(stage, call, step.fault);
      case 'store':
        this.note(`store ${JSON.stringify(step.store)}`);
        return changeStore(stage, step.store);
      case 'signal':
        return signals.give(step.signal);
      case 'await':
        return this.awaits(step.await, step.withinS);
      case 'pause':
        return this.onPurpose(() => person.act(step));
      case 'hear':
        // A real model chooses its own words: whoever speaks next waits for its answer anyway.
        return this.options.real ? undefined : person.act(step);
      default:
        if (step.kind === 'say' || step.kind === 'interrupt') {
          this.options.onSaying?.(this.sayings, call);
          this.sayings += 1;
        }
        return person.act(step);
    }
  }

  private async awaits(name: string, withinS: number): Promise<void> {
    let isGiven = false;
    await this.onPurpose(async () => {
      isGiven = await this.signalled(name, withinS * 1000);
    });
    if (!isGiven) throw new StepFailure(`nobody signalled ${name} within ${withinS} s`);
  }

  private signalled(name: string, boundMs: number): Promise<boolean> {
    return eventually(
      () => this.options.signals.has(name),
      (given) => given,
      boundMs,
    );
  }

  private async redial(afterS: number): Promise<void> {
    await this.leave();
    await new Promise((resolve) => setTimeout(resolve, afterS * 1000));
    this.line = this.dial();
  }

  private async onPurpose(work: () => Promise<void>): Promise<void> {
    const { call, pauses } = this.calls.at(-1) as PartyCall;
    const span = { fromMs: call.nowMs(), toMs: Infinity };
    pauses.push(span);
    await work().finally(() => (span.toMs = call.nowMs()));
  }

  private dial(): Line {
    const { stage, from, to, dir, real } = this.options;
    const call = stage.twilio.placeCall({ from, to, keepAudio: false });
    this.calls.push({ call, pauses: [] });
    const [place, count] = [call.leg.originMs, this.calls.length];
    this.note(`call ${count} is placed: ${call.sid}`);
    const utterances = (): readonly Heard[] => real?.utterances(call) ?? call.heard();
    const transcript = new Transcript({
      call,
      tools: () => [],
      utterances,
      onLine: (line) => this.events.push({ ms: place + line.atMs, text: `${count}: ${formatLine(line)}` }),
    });
    call.leg.watch(() => transcript.look());
    const words = (sinceMs: number): string =>
      utterances()
        .filter(({ speaker, startMs }) => speaker !== 'caller' && startMs >= sinceMs)
        .map(({ text }) => text)
        .join(' ');
    const person = new Person({
      call,
      transcript,
      words,
      audio: real?.audio ?? new Map(),
      dir,
      pace: real === undefined ? PACE : 1,
    });
    return { call, person, transcript };
  }

  private note(text: string): void {
    this.events.push({ ms: performance.now(), text: `   ${text}` });
  }
}
