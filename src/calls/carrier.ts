import twilio from 'twilio';
import { finalStatuses } from '../../machines/call-events.ts';
import type { Told } from './stream-port.ts';

const REQUEST_TIMEOUT_MS = 5_000;
const CALL_IS_OVER = 21_220;
const NOT_FOUND = 20_404;

/** What the carrier's REST interface is asked. */
export interface CarrierPort {
  /** What became of the call, as a fact; null when the carrier did not answer: ask again at the next deadline. */
  ask(callSid: string): Promise<Told | null>;
}

export interface CarrierSettings {
  accountSid: string;
  /** The first signs in; the others are on their way in or out. */
  authTokens: readonly string[];
  /** Base of the REST interface, without a trailing slash. */
  apiUrl: string;
}

/** The carrier's REST interface through its own SDK. */
export function createCarrier(settings: CarrierSettings, failed: (error: unknown) => void): CarrierPort {
  // Edge and region would rewrite the host, and the SDK reads both from the environment.
  const client = twilio(settings.accountSid, settings.authTokens[0], {
    edge: '',
    region: '',
    timeout: REQUEST_TIMEOUT_MS,
  });
  client.api.baseUrl = settings.apiUrl;
  return {
    async ask(callSid) {
      try {
        const { status, duration } = await client.calls(callSid).fetch();
        const durationS = duration === null || duration === '' ? null : Number(duration);
        return finalStatuses.has(status)
          ? { type: 'carrier.gone', status, durationS }
          : { type: 'carrier.stillLive', status };
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : null;
        if (code === CALL_IS_OVER || code === NOT_FOUND)
          return { type: 'carrier.gone', status: 'completed', durationS: null };
        failed(error);
        return null;
      }
    },
  };
}
