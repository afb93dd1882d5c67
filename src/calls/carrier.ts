import twilio from 'twilio';
import { finalStatuses } from '../../machines/call-events.ts';
import type { Told } from './stream-port.ts';

/** The recording of the call that is under way. */
const CURRENT_RECORDING = 'Twilio.CURRENT';
const REQUEST_TIMEOUT_MS = 5_000;
const SOCKETS_MAX = 100;
const CALL_IS_OVER = 21_220;
const NOT_FOUND = 20_404;
const TOO_MANY_REQUESTS = 20_429;
const HTTP_TOO_MANY_REQUESTS = 429;
const LIST_PAGE = 1_000;
/** Calls of one status; of more, the list is not known. */
const LIST_MAX = 100_000;
/** In the order of a call's life: one that moves on while the lists are read is in a later one. */
const liveStatuses = ['queued', 'ringing', 'in-progress'] as const;

/** `gone`: the call is over; `busy`: too many requests, ask more slowly; `failed`: no answer or another error. */
export type CarrierAnswer = 'done' | 'gone' | 'busy' | 'failed';

export interface PlacedCall {
  to: string;
  from: string;
  /** Asked what the call hears once it is answered; absolute. */
  url: string;
  /** Told how the call ended; absolute. */
  statusCallback: string;
}

/** What the carrier's REST interface is asked. No method throws; each answers within seconds. */
export interface CarrierPort {
  /** What became of the call, as a fact; null when the carrier did not answer: ask again at the next deadline. */
  ask(callSid: string): Promise<Told | null>;
  /** Takes a live call from whatever it does now to the TwiML at `url`, absolute. */
  redirect(callSid: string, url: string): Promise<CarrierAnswer>;
  /** As `redirect`, with the TwiML itself: 4,000 characters at most. */
  replace(callSid: string, twiml: string): Promise<CarrierAnswer>;
  /** Pauses the recording of a whole call (silence meanwhile), goes on with it, or ends it. */
  record(callSid: string, to: 'paused' | 'in-progress' | 'stopped'): Promise<CarrierAnswer>;
  /** CallSids that are in progress, ringing or queued, outgoing legs included; null when the carrier did not answer. */
  live(): Promise<string[] | null>;
  /** Places a call; its CallSid, or null when it is not known to be placed. */
  place(call: PlacedCall): Promise<string | null>;
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
    maxSockets: SOCKETS_MAX,
  });
  client.api.baseUrl = settings.apiUrl;

  async function update(callSid: string, change: { url: string; method: 'POST' } | { twiml: string }) {
    try {
      await client.calls(callSid).update(change);
      return 'done';
    } catch (error) {
      const answer = answerOf(error);
      if (answer === 'failed') failed(error);
      return answer;
    }
  }

  return {
    async ask(callSid) {
      try {
        const { status, duration } = await client.calls(callSid).fetch();
        const durationS = duration === null || duration === '' ? null : Number(duration);
        return finalStatuses.has(status)
          ? { type: 'carrier.gone', status, durationS }
          : { type: 'carrier.stillLive', status };
      } catch (error) {
        if (answerOf(error) === 'gone') return { type: 'carrier.gone', status: 'completed', durationS: null };
        failed(error);
        return null;
      }
    },
    redirect: (callSid, url) => update(callSid, { url, method: 'POST' }),
    replace: (callSid, twiml) => update(callSid, { twiml }),
    async record(callSid, status) {
      try {
        const pause = status === 'paused' ? { pauseBehavior: 'silence' } : {};
        await client
          .calls(callSid)
          .recordings(CURRENT_RECORDING)
          .update({ status, ...pause });
        return 'done';
      } catch (error) {
        const answer = answerOf(error);
        if (answer === 'failed') failed(error);
        return answer;
      }
    },
    async live() {
      const live = new Set<string>();
      try {
        for (const status of liveStatuses) {
          const calls = await client.calls.list({ status, pageSize: LIST_PAGE, limit: LIST_MAX });
          if (calls.length === LIST_MAX) return null;
          for (const { sid } of calls) live.add(sid);
        }
        return [...live];
      } catch (error) {
        failed(error);
        return null;
      }
    },
    async place({ to, from, url, statusCallback }) {
      try {
        const placed = await client.calls.create({ to, from, url, method: 'POST', statusCallback });
        return placed.sid;
      } catch (error) {
        failed(error);
        return null;
      }
    },
  };
}

function answerOf(error: unknown): CarrierAnswer {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  const status = error instanceof Error && 'status' in error ? error.status : null;
  if (code === CALL_IS_OVER || code === NOT_FOUND) return 'gone';
  return code === TOO_MANY_REQUESTS || status === HTTP_TOO_MANY_REQUESTS ? 'busy' : 'failed';
}
