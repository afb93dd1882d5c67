import type { CallEvent } from '../../machines/call-events.ts';
import { speaksOfCard } from '../redact/card-talk.ts';
import type { CarrierAnswer, CarrierPort } from './carrier.ts';
import { declinesRecording } from './decline-words.ts';
import type { Told } from './stream-port.ts';

type RecordingState = Extract<CallEvent, { type: 'carrier.recordingSet' }>['to'];

export interface RecordingWatchDeps {
  callSid: string;
  carrier: Pick<CarrierPort, 'record'>;
  tell(fact: Told): void;
  /** The carrier was asked and did not do it. */
  failed(to: RecordingState, answer: CarrierAnswer): void;
}

/**
 * Follows the talk of a call that is recorded: paused from where a card number is spoken of or begins until a later turn
 * of the caller's without one, stopped for good when the caller declines. The fact comes first: what was declined is deleted
 * even where the carrier could not be asked. Words are known only after they were said: the pause is best effort.
 */
export class RecordingWatch {
  private readonly deps: RecordingWatchDeps;
  private state: RecordingState | null = null;
  /** Turns of the caller's that began since the pause: words of earlier ones may become known after it. */
  private readonly since = new Set<string>();
  private asking: Promise<void> = Promise.resolve();

  constructor(deps: RecordingWatchDeps, earlier: Iterable<CallEvent>) {
    this.deps = deps;
    for (const fact of earlier) this.note(fact);
  }

  /** A fact of the call, redacted; what it asks for is told by `tell`, later than this returns. */
  hear(fact: CallEvent): void {
    this.note(fact);
    const to = this.wanted(fact);
    if (to === null) return;
    this.state = to;
    this.since.clear();
    this.asking = this.asking.then(() => this.ask(to));
  }

  private note(fact: CallEvent): void {
    if (fact.type === 'carrier.arrived' && fact.recorded === true) this.state = 'in-progress';
    if (fact.type === 'carrier.recordingSet' && this.state !== 'stopped') this.state = fact.to;
    if (fact.type === 'caller.speechStarted' && this.state === 'paused') this.since.add(fact.itemId);
  }

  private wanted(fact: CallEvent): RecordingState | null {
    if (this.state === null || this.state === 'stopped') return null;
    const isCallers = fact.type === 'caller.said';
    if (!isCallers && fact.type !== 'assistant.said') return null;
    if (isCallers && declinesRecording(fact.text)) return 'stopped';
    const isCard = speaksOfCard(fact.text);
    if (isCard && this.state === 'in-progress') return 'paused';
    return isCallers && !isCard && this.since.has(fact.itemId) ? 'in-progress' : null;
  }

  private async ask(to: RecordingState): Promise<void> {
    const { callSid, carrier, tell, failed } = this.deps;
    tell({ type: 'carrier.recordingSet', to });
    const answer = await carrier.record(callSid, to);
    if (answer !== 'done' && answer !== 'gone') failed(to, answer);
  }
}
