import type { Stack } from '../stack.ts';
import { Callers } from './callers/callers.ts';
import type { CallerOptions, CallerTarget } from './callers/caller-options.ts';

/** The carrier of this stack, whose addresses are kept up to date while nodes come and go. */
export function targetOf({ env, twilio }: Pick<Stack, 'env' | 'twilio'>): CallerTarget {
  return {
    publicUrl: env['PUBLIC_URL'] ?? '',
    hosts: twilio.hosts,
    accountSid: env['TWILIO_ACCOUNT_SID'] ?? '',
    authToken: env['TWILIO_AUTH_TOKEN'] ?? '',
  };
}

/** Callers of the stack's nodes. */
export function callersOf(stack: Pick<Stack, 'env' | 'twilio'>, options: Omit<CallerOptions, 'target'> = {}): Callers {
  return new Callers({ target: targetOf(stack), ...options });
}
