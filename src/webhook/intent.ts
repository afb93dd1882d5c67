import type { Intent } from '../../machines/call-events.ts';
import type { CallState, CallView } from '../calls/call-door.ts';
import type { Documents, StoreFacts } from './documents.ts';

/** Where a call that left for an intent stands when the carrier has carried it out. */
const states: Partial<Record<Intent['kind'], CallState>> = {
  transfer: 'dialing',
  voicemail: 'recording',
  hangup: 'hangingUp',
  menu: 'menu',
};

/**
 * What `/voice/next` would be answered after this intent, for a carrier that is told before it asks; null for an intent
 * whose answer only a reserved place gives.
 */
export function twimlForIntent(documents: Documents, intent: Intent, view: CallView, facts: StoreFacts): string | null {
  const state = states[intent.kind];
  if (state === undefined) return null;
  const ask = { kind: 'next', digits: '', succeeded: false, from: view.from, to: view.to, puttingOff: 0 } as const;
  const ringing = intent.kind === 'transfer' ? (intent.to ?? null) : null;
  return documents.forView({ ...view, state, ringing }, ask, facts, 'nowhere');
}
