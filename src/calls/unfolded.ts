import { type CallEvent, finalStatuses } from '../../machines/call-events.ts';
import type { CallState } from './call-door.ts';
import type { Told } from './stream-port.ts';

export type UnfoldedReason = 'broke too often' | 'corrupt entry' | 'newer machine' | 'too long' | 'fold threw';

/** A journal that is not folded here. Its call goes on by keypad, staff or voicemail, and ends as any other. */
export class Unfolded extends Error {
  override readonly name = 'Unfolded';
  readonly reason: UnfoldedReason;

  constructor(reason: UnfoldedReason, detail: string, cause?: unknown) {
    super(`${reason}: ${detail}`, { cause });
    this.reason = reason;
  }
}

const personKeys: ReadonlySet<string> = new Set(['2', '0', '*']);
const bridged: ReadonlySet<string> = new Set(['completed', 'answered']);

/** True for what ends a call, wherever it stands. */
export function endsCall(fact: Told | CallEvent): boolean {
  return fact.type === 'carrier.gone' || (fact.type === 'carrier.statusReported' && finalStatuses.has(fact.status));
}

/** The call's end may be told before this: how it came out is worth a line all the same. */
export function tellsOutcome(fact: Told): boolean {
  return fact.type === 'carrier.recordEnded' || fact.type === 'carrier.dialEnded';
}

/** Where a call goes on after a fact if nothing is known of it but the fact. Never to a stream. */
export function unfoldedState(fact: CallEvent): CallState {
  if (endsCall(fact)) return 'ended';
  switch (fact.type) {
    case 'carrier.nextAsked':
      if (fact.intent?.kind === 'transfer') return 'dialing';
      if (fact.intent?.kind === 'voicemail') return 'recording';
      return fact.intent?.kind === 'hangup' ? 'hangingUp' : 'menu';
    case 'carrier.menuChosen':
      if (personKeys.has(fact.digits)) return 'dialing';
      if (fact.digits === '3') return 'recording';
      // Nobody counts the rounds.
      return fact.digits === '' ? 'hangingUp' : 'menu';
    case 'carrier.dialEnded':
      return bridged.has(fact.result) ? 'hangingUp' : 'menu';
    case 'carrier.reviewed':
      if (fact.choice === 'person') return 'dialing';
      return fact.choice === 'again' ? 'recording' : 'hangingUp';
    // Nobody could tell afterwards what the caller decided.
    case 'carrier.recordEnded':
      return 'hangingUp';
    default:
      return 'menu';
  }
}
