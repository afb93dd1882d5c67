import { phoneKey, phoneOrderKey } from './keys.ts';
import type { RedisLink } from './redis.ts';

/** Renewed a few times within it; a process that is gone has no calls after it. */
export const phoneLifeMs = 15_000;
const ORDER_LIFE_MS = 10_000;

/** A browser holds this call. Says so until `phoneLifeMs` later. */
export async function holdPhoneCall(link: RedisLink, callSid: string): Promise<void> {
  await link.command('set', phoneKey(callSid), '1', 'PX', phoneLifeMs);
}

/** It does not any more. */
export async function dropPhoneCall(link: RedisLink, callSid: string): Promise<void> {
  await link.command('del', phoneKey(callSid));
}

export async function isPhoneCallHeld(link: RedisLink, callSid: string): Promise<boolean> {
  return (await link.command('exists', phoneKey(callSid))) === 1;
}

/** Leaves an order for whoever holds the call; the last one counts. */
export async function leavePhoneOrder(link: RedisLink, callSid: string, order: string): Promise<void> {
  await link.command('set', phoneOrderKey(callSid), order, 'PX', ORDER_LIFE_MS);
}

/** Takes it, null where there is none. */
export async function takePhoneOrder(link: RedisLink, callSid: string): Promise<string | null> {
  const order = await link.command('getdel', phoneOrderKey(callSid));
  return typeof order === 'string' ? order : null;
}
