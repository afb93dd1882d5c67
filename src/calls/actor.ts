import { type Actor, createActor } from 'xstate';
import { callMachine } from '../../machines/call.ts';
import type { CallContext } from '../../machines/call-context.ts';
import type { CallEffect, CallEvent, StreamStopReason } from '../../machines/call-events.ts';
import { isBetweenTurns } from '../../machines/call-turns.ts';
import type { CallState, CallView } from './call-door.ts';

/** What a call was lost by that nobody wanted to end: its stream broke, or the process that had it failed. */
export type CutCause = 'stream' | 'node';

/** One call's machine, running: a cache of the call's journal. */
export class CallActor {
  private readonly actor: Actor<typeof callMachine>;
  private wanted: CallEffect[] = [];
  private cutOff = false;
  private lastStop: StreamStopReason | null = null;
  private lostBy: CutCause | null = null;
  private unheard = false;

  private constructor(callSid: string) {
    this.actor = createActor(callMachine, { input: { callSid } });
    // `step` throws what a handler threw. Unwatched, XState would throw it once more where nobody can catch it.
    this.actor.subscribe({ error: () => {} });
  }

  /** Folds a journal with effects off: what they would have done was done by whoever wrote it. */
  static fold(callSid: string, facts: Iterable<CallEvent>): CallActor {
    const folded = new CallActor(callSid);
    folded.actor.start();
    for (const fact of facts) folded.step(fact);
    folded.actor.on('*', (effect) => folded.wanted.push(effect));
    return folded;
  }

  /**
   * Takes one fact; returns the effects that it asks for. An ended call takes none.
   * @throws what a handler of the machine threw; the actor is of no use afterwards
   */
  step(fact: CallEvent): CallEffect[] {
    if (this.ended) return [];
    const { value, context } = this.actor.getSnapshot();
    this.actor.send(fact);
    const snapshot = this.actor.getSnapshot();
    if (snapshot.status === 'error') throw snapshot.error;
    if (fact.type === 'carrier.streamStarted') this.lastStop = null;
    else if (fact.type === 'carrier.streamStopped') this.lastStop = fact.reason;
    if (snapshot.status === 'done') {
      this.cutOff = isCutOff(value, context);
      this.lostBy = causeOf(value, this.lastStop);
      this.unheard = value === 'ringing' && context.outcome === 'missed';
    }
    const wanted = this.wanted;
    this.wanted = [];
    return wanted;
  }

  get ended(): boolean {
    return this.actor.getSnapshot().status === 'done';
  }

  /** The call has ended in the middle of a turn, without a goodbye, and the caller had spoken. */
  get wasCutOff(): boolean {
    return this.cutOff;
  }

  /** What ended the call in place of its caller or Aida; null where one of them did. */
  get cutBy(): CutCause | null {
    return this.lostBy;
  }

  /** It was to be streamed and ended before its first stream came: its caller heard nothing. */
  get wasUnheard(): boolean {
    return this.unheard;
  }

  get state(): CallState {
    const { value } = this.actor.getSnapshot();
    return typeof value === 'string' ? value : 'conversation';
  }

  /** The state with the one within it: `conversation.talking`. */
  get place(): string {
    const { value } = this.actor.getSnapshot();
    return typeof value === 'string' ? value : `conversation.${value.conversation}`;
  }

  get context(): CallContext {
    return this.actor.getSnapshot().context;
  }

  /** How the call stands, for its next TwiML. */
  viewAt(epoch: number): CallView {
    const { callSid, from, to, about, recordings, ringing, supervisor, turns, language } = this.context;
    const dialed = { ringing, supervisor };
    return { callSid, epoch, state: this.state, from, to, about, recordings, ...dialed, turns, language };
  }

  /** The next deadline, Redis-clock ms; null when the call waits for none. */
  get nextDeadline(): { name: keyof CallContext['pending']['deadlines']; at: number } | null {
    let next: ReturnType<typeof this.deadlines>[number] | null = null;
    for (const deadline of this.deadlines()) if (next === null || deadline.at < next.at) next = deadline;
    return next;
  }

  private deadlines() {
    const { deadlines } = this.context.pending;
    return Object.entries(deadlines).map(([name, at]) => ({ name: name as keyof typeof deadlines, at }));
  }

  stop(): void {
    this.actor.stop();
  }
}

type Value = ReturnType<Actor<typeof callMachine>['getSnapshot']>['value'];

/** The carrier says `stopped` when the caller hangs up; a stream that nobody said was over went with its process. */
const causes: Readonly<Partial<Record<StreamStopReason, CutCause>>> = {
  closed: 'stream',
  silent: 'stream',
  failed: 'node',
  superseded: 'node',
};

function causeOf(value: Value, lastStop: StreamStopReason | null): CutCause | null {
  if (typeof value !== 'string') return 'node';
  return value === 'detached' && lastStop !== null ? (causes[lastStop] ?? null) : null;
}

const midTalk: ReadonlySet<string> = new Set(['opening', 'talking']);

/** Who hangs up after an answer has what they called for; who is gone in the middle of a turn was cut off. */
function isCutOff(value: Value, context: CallContext): boolean {
  const talks = typeof value === 'string' ? value === 'detached' : midTalk.has(value.conversation);
  return talks && !isBetweenTurns(context) && context.turns.some(({ who }) => who === 'caller');
}
