import { callerKey } from '../services/caller-number.ts';

const e164 = /^\+[1-9]\d{6,14}$/;

export function isNumber(text: string): boolean {
  return e164.test(text);
}

/** A caller's own number, not withheld, malformed or a SIP address: it can be called. */
export function isReachable(text: string): boolean {
  return callerKey(text) !== null;
}
