import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const PREFIX = 'CA';
/** Of 16 bytes that a CallSid has: so many are chance, the others vouch for them. */
const CHANCE_BYTES = 8;
const CALL_SID = /^CA[0-9a-f]{32}$/;

/** What the voucher says of the call: who placed it. */
type Maker = 'aida-synthetic:' | 'aida-phone:';

function vouch(secret: string, maker: Maker, chance: Buffer): Buffer {
  return createHmac('sha256', secret).update(maker).update(chance).digest().subarray(0, CHANCE_BYTES);
}

function sidOf(maker: Maker, secret: string): string {
  const chance = randomBytes(CHANCE_BYTES);
  return PREFIX + Buffer.concat([chance, vouch(secret, maker, chance)]).toString('hex');
}

/**
 * The CallSid of a call of the synthetic caller: half of it is a signature over the other half. Whoever meets the call
 * anywhere knows it by its CallSid alone, and no caller can choose one: it takes the secret that webhooks are signed with.
 */
export function syntheticSid(secret: string): string {
  return sidOf('aida-synthetic:', secret);
}

/** The same for a call from the browser's phone, which the carrier does not know. */
export function phoneSid(secret: string): string {
  return sidOf('aida-phone:', secret);
}

export type IsSynthetic = (callSid: string) => boolean;

/** `secrets`: all that a webhook may be signed with. The carrier's own CallSids pass for synthetic once in 2^64. */
export function createSyntheticCheck(secrets: readonly string[]): IsSynthetic {
  return createCheck('aida-synthetic:', secrets);
}

/** True for the CallSids of `phoneSid`. */
export function createPhoneCheck(secrets: readonly string[]): (callSid: string) => boolean {
  return createCheck('aida-phone:', secrets);
}

function createCheck(maker: Maker, secrets: readonly string[]): (callSid: string) => boolean {
  return (callSid) => {
    if (!CALL_SID.test(callSid)) return false;
    const bytes = Buffer.from(callSid.slice(PREFIX.length), 'hex');
    const [chance, voucher] = [bytes.subarray(0, CHANCE_BYTES), bytes.subarray(CHANCE_BYTES)];
    return secrets.some((secret) => timingSafeEqual(vouch(secret, maker, chance), voucher));
  };
}
