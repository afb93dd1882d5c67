import { Callbacks } from './callbacks.ts';
import { Flow } from './flow.ts';
import { type Hosts, Places } from './hosts.ts';
import { Leg } from './leg.ts';
import { Random } from './random.ts';
import { Recordings } from './recordings.ts';
import type { RestRecord } from './rest-answer.ts';
import type { PhoneNumber } from './rest-numbers.ts';
import { startRest } from './rest.ts';
import { SimCall } from './sim-call.ts';
import { reportStatus } from './status.ts';
import { Ticker } from './ticker.ts';
import { Web } from './web.ts';
import { NO_FAULTS, type NumberSettings, type StaffPhone, type TwilioFaults, type World } from './world.ts';

export interface FakeTwilioOptions {
  accountSid: string;
  authToken: string;
  number: NumberSettings;
  /** Kept and read live: a test may move a name while calls run. */
  hosts: Hosts;
  faults?: Partial<TwilioFaults>;
  staff?: Record<string, StaffPhone>;
  /** Numbers of the account, for REST alone. */
  phoneNumbers?: PhoneNumber[];
  /** Port of the REST interface, a free one when left out. */
  apiPort?: number;
  /** Where it listens, 127.0.0.1 when left out. */
  apiHost?: string;
  /** Ids, faults and delays follow from it; a random one when left out. */
  seed?: number;
}

export interface PlaceCallOptions {
  from: string;
  to: string;
  /** Keep the audio for {@link SimCall.wav}; true when left out. Loads leave it away. */
  keepAudio?: boolean;
  /** More webhook parameters, or other values for the usual ones' neighbours. */
  params?: Record<string, string>;
  /** Its CallSid; a random one when left out. */
  sid?: string;
}

export interface FakeTwilio {
  /** Base of the REST interface: TWILIO_API_URL. May be set to a proxy before it: recordings are fetched from there. */
  apiUrl: string;
  seed: number;
  /** Breaches by the service. Empty after a good test. */
  complaints: string[];
  /** What a broken network explains, with Twilio's error code. */
  warnings: { code: number; text: string }[];
  /** May be changed at any time, as `hosts` and `staff` may. */
  faults: TwilioFaults;
  staff: Record<string, StaffPhone>;
  hosts: Hosts;
  /** Every request to the REST interface, in order of arrival. */
  requests: readonly RestRecord[];
  /** Placed here or by REST. */
  calls: SimCall[];
  placeCall(options: PlaceCallOptions): SimCall;
  /** Nothing is kept any more of calls that are over: for whoever calls on and on. */
  forget(): void;
  /** Hangs up every call, waits for the last callbacks, leaves no socket and no timer. */
  close(): Promise<void>;
}

/** A call that nobody ends is ended and complained about. */
const CALL_MS_MAX = 30 * 60_000;

/** The service gets so long to answer the last callbacks. */
const CLOSE_MS_MAX = 3_000;

/** Starts a Twilio that knows one number. */
export async function startFakeTwilio(options: FakeTwilioOptions): Promise<FakeTwilio> {
  const seed = options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const complaints: string[] = [];
  const warnings: FakeTwilio['warnings'] = [];
  const calls: SimCall[] = [];
  const complain = (text: string): void => void complaints.push(text);
  const warn = (code: number, text: string): void => void warnings.push({ code, text });
  const random = new Random(seed);
  const faults = { ...NO_FAULTS, ...options.faults };
  const places = new Places(options.hosts);
  const web = new Web(places, options.authToken, complain);
  let apiUrl = '';
  const world: World = {
    accountSid: options.accountSid,
    authToken: options.authToken,
    number: options.number,
    places,
    staff: options.staff ?? {},
    faults,
    random,
    ticker: new Ticker(),
    web,
    callbacks: new Callbacks(web, random, faults, complain, warn),
    recordings: new Recordings(),
    legs: new Map(),
    phoneNumbers: options.phoneNumbers ?? [],
    requests: [],
    outbound: { freeMs: 0 },
    adopt: (leg, flow) => void calls.push(new SimCall(leg, bounded(leg, flow))),
    apiUrl: () => apiUrl,
    complain,
    warn,
  };
  const rest = await startRest(world, options.apiPort ?? 0, options.apiHost);
  apiUrl = rest.url;
  let closing: Promise<void> | null = null;
  const closeDown = async (): Promise<void> => {
    for (const call of calls) call.hangUp();
    const impatience = setTimeout(() => web.close(), CLOSE_MS_MAX);
    await Promise.all(calls.map((call) => call.done));
    await world.callbacks.settled();
    clearTimeout(impatience);
    web.close();
    await rest.close();
  };
  return {
    get apiUrl() {
      return apiUrl;
    },
    set apiUrl(url) {
      apiUrl = url;
    },
    seed,
    complaints,
    warnings,
    faults,
    staff: world.staff,
    hosts: options.hosts,
    requests: world.requests,
    calls,
    placeCall(ask) {
      const call = place(world, ask);
      calls.push(call);
      return call;
    },
    forget() {
      for (const [sid, { endedMs }] of world.legs) if (endedMs !== null) world.legs.delete(sid);
      calls.splice(0, calls.length, ...calls.filter(({ ended }) => !ended));
    },
    close() {
      closing ??= closeDown();
      return closing;
    },
  };
}

function place(world: World, ask: PlaceCallOptions): SimCall {
  const { number } = world;
  const leg = new Leg(world, {
    from: ask.from,
    to: ask.to,
    direction: 'inbound',
    parentSid: null,
    keepAudio: ask.keepAudio ?? true,
    params: ask.params ?? {},
    ...(ask.sid !== undefined && { sid: ask.sid }),
  });
  if (number.statusCallback !== undefined)
    reportStatus(leg, {
      url: number.statusCallback,
      method: 'POST',
      events: number.statusCallbackEvents ?? ['completed'],
    });
  const flow = new Flow(leg).start({ url: number.voiceUrl, method: number.voiceMethod ?? 'POST', params: [] });
  return new SimCall(leg, bounded(leg, flow));
}

/** Resolves when the call has ended and its last callbacks were answered. */
async function bounded(leg: Leg, flow: Promise<void>): Promise<void> {
  const { world } = leg;
  const bound = setTimeout(() => {
    world.complain(`${leg.sid}: the call still lives after ${CALL_MS_MAX} ms`);
    leg.end('completed', 'network');
  }, CALL_MS_MAX);
  await flow.finally(() => clearTimeout(bound));
  await world.callbacks.settled(leg.sid);
}
