import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const PREFIX = 'CA';
/** Of 16 bytes that a CallSid has: so many are chance, the others vouch for them. */
const CHANCE_BYTES = 8;
const CALL_SID = /^CA[0-9a-f]{32}$/;

function vouch(secret: string, chance: Buffer): Buffer {
  return createHmac('sha256', secret).update('aida-synthetic:').update(chance).digest().subarray(0, CHANCE_BYTES);
}

/**
 * The CallSid of a call of the synthetic caller: half of it is a signature over the other half. Whoever meets the call
 * anywhere knows it by its CallSid alone, and no caller can choose one: it takes the secret that webhooks are signed with.
 */
export function syntheticSid(secret: string): string {
  const chance = randomBytes(CHANCE_BYTES);
  return PREFIX + Buffer.concat([chance, vouch(secret, chance)]).toString('hex');
}

export type IsSynthetic = (callSid: string) => boolean;

/** `secrets`: all that a webhook may be signed with. The carrier's own CallSids pass for synthetic once in 2^64. */
export function createSyntheticCheck(secrets: readonly string[]): IsSynthetic {
  return (callSid) => {
    if (!CALL_SID.test(callSid)) return false;
    const bytes = Buffer.from(callSid.slice(PREFIX.length), 'hex');
    const [chance, voucher] = [bytes.subarray(0, CHANCE_BYTES), bytes.subarray(CHANCE_BYTES)];
    return secrets.some((secret) => timingSafeEqual(vouch(secret, chance), voucher));
  };
}
