import type { CommandResult, Deed } from '../../directory/commands.ts';
import type { Holder } from './standing.ts';

type Refusal = Extract<CommandResult, { kind: 'refused' }>['why'];

/** What is said of a call, by who has it. */
export const holderWords: Readonly<Record<Holder, string>> = {
  assistant: 'Aida talks with the caller.',
  coming: 'The caller is on the way to Aida, or waits for a place.',
  supervisor: 'The call is at the phone of',
  staff: 'The call is with the staff, or rings there.',
  keypad: 'The caller is in the keypad menu.',
  message: 'The caller leaves a message.',
  ending: 'The call is being ended.',
  over: 'The call is over.',
  unknown: 'The call is not live.',
};

/** What may be done, by who has the call. */
export const mayBeDone: Readonly<Record<Holder, ReadonlySet<Deed['kind'] | 'listen'>>> = {
  assistant: new Set(['listen', 'whisper', 'takeOver', 'transfer', 'hangUp']),
  coming: new Set(['whisper', 'takeOver', 'transfer', 'hangUp']),
  supervisor: new Set(['whisper', 'giveBack', 'hangUp']),
  staff: new Set(['whisper', 'takeOver', 'hangUp']),
  keypad: new Set(['takeOver', 'transfer', 'hangUp']),
  message: new Set(['takeOver', 'transfer', 'hangUp']),
  ending: new Set([]),
  over: new Set([]),
  unknown: new Set([]),
};

const doneWords: Readonly<Record<Deed['kind'], string>> = {
  whisper: 'Aida knows it and goes by it in its next answer.',
  takeOver: 'The caller is being put through: your phone rings in a moment. Press 1 to take the call.',
  giveBack: 'The caller is on the way back to Aida, which goes on where it was.',
  transfer: 'The caller is being put through to the staff.',
  hangUp: 'The call is being ended.',
};

const refusalWords: Readonly<Record<Refusal, string>> = {
  unknown: 'Nobody knows this call any more.',
  ended: 'The call has ended meanwhile.',
  moving: 'The call was between two places just then. Please try again.',
  withAssistant: 'Aida has the call: there is nothing to give back.',
  withoutAssistant: 'Aida does not have the call, and will not get it as it stands.',
  withStaff: 'The call is with the staff, or rings there.',
  allBusy: 'Everybody on the staff is on another call.',
  staffAway: 'Nobody on the staff takes calls at this hour.',
  carrier: 'The carrier did not do it. The call goes on as before; please try again.',
  unavailable: 'That could not be done just now. The call goes on as before; please try again.',
  late: 'It took too long to reach the call, so nothing was done. Please try again.',
  noNode: 'No node runs that could do it.',
  silent: 'Whoever has the call did not answer. It may or may not have been done: look at the call.',
};

/** What is told of what came of it. */
export function toldOf(deed: Deed['kind'], result: CommandResult): string {
  if (result.kind === 'refused') return refusalWords[result.why];
  if (result.place === undefined) return doneWords[deed];
  return `Everybody on the staff is on another call. The caller is number ${result.place} in line and talks on with Aida.`;
}
