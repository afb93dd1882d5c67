import type { CarrierPort } from '../calls/carrier.ts';
import { isPhoneCallHeld, leavePhoneOrder } from '../directory/phone-calls.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Order } from './line.ts';

/**
 * The carrier, and beside it the browsers that hold calls of their own: what is asked about such a call is answered by
 * what Redis knows of it, what is to be done with it is left there for its browser's process.
 */
export function withPhoneCalls(
  carrier: CarrierPort,
  { link, isPhone }: { link: RedisLink; isPhone: (callSid: string) => boolean },
): CarrierPort {
  const order = async (callSid: string, what: Order): Promise<'done' | 'gone' | 'failed'> => {
    try {
      if (!(await isPhoneCallHeld(link, callSid))) return 'gone';
      await leavePhoneOrder(link, callSid, JSON.stringify(what));
      return 'done';
    } catch {
      return 'failed';
    }
  };
  return {
    ...carrier,
    async ask(callSid) {
      if (!isPhone(callSid)) return carrier.ask(callSid);
      const isHeld = await isPhoneCallHeld(link, callSid).catch(() => null);
      if (isHeld === null) return null;
      return isHeld
        ? { type: 'carrier.stillLive', status: 'in-progress' }
        : { type: 'carrier.gone', status: 'completed', durationS: null };
    },
    redirect: (callSid, url) =>
      isPhone(callSid) ? order(callSid, { kind: 'ask', url }) : carrier.redirect(callSid, url),
    replace: (callSid, twiml) =>
      isPhone(callSid) ? order(callSid, { kind: 'run', twiml }) : carrier.replace(callSid, twiml),
    // Nothing records it.
    record: (callSid, to) => (isPhone(callSid) ? Promise.resolve('done') : carrier.record(callSid, to)),
  };
}
