import type { PhonePort } from '../console/phone/routes.ts';
import type { SocketRoute, Socket } from '../http/socket.ts';
import { plain } from '../http/message.ts';
import type { RedisLink } from '../directory/redis.ts';
import { browserCaller } from '../services/caller-number.ts';
import type { Speech } from '../services/speech.ts';
import { phoneSid } from '../telemetry/synthetic-sid.ts';
import type { Log } from '../telemetry/log.ts';
import { CallWatch } from './call-watch.ts';
import { Line } from './line.ts';
import { ServiceDoor } from './service-door.ts';
import { type LineSignal, readPageSignal, typedCharsMax } from './signals.ts';
import { issueTicket, readTicket, type Ticket, ticketLifeMs } from './ticket.ts';

export interface PhoneOptions {
  publicUrl: string;
  mediaUrl: string;
  twilio: { accountSid: string; authTokens: readonly string[] };
  streamTokenSecret: string;
  link: RedisLink;
  /** Speaks what is typed and what a carrier would say; null: nothing can. */
  speech: Speech | null;
  /** The store's number, '' where it has none. */
  storeNumber(): string;
  /** Origin of this process's webhooks, null where it takes no calls. */
  own(): string | null;
  /** Milliseconds since the epoch. */
  now(): number;
  log: Pick<Log, 'warn' | 'info'>;
  limits?: Partial<PhoneLimits>;
}

export interface PhoneLimits {
  /** Calls at once, of this process and of one person. */
  callsMax: number;
  callsPerPersonMax: number;
  lastsMsMax: number;
  /** Staff at telephones ring for longer; here nobody can answer. */
  ringMs: number;
  /** Sentences that are spoken for one call. */
  spokenMax: number;
}

const LIMITS: PhoneLimits = { callsMax: 8, callsPerPersonMax: 2, lastsMsMax: 900_000, ringMs: 4_000, spokenMax: 200 };

const PATH = '/phone/line';
const SETTINGS = { idleTimeoutS: 32, backpressureBytesMax: 16 * 1024 * 1024, messageBytesMax: 16 * 1024 };
const STREAM_MESSAGE = '{"event":';
const RESTART = 'Aida is being restarted.';
const NORMAL = 1000;
const NOT_ALLOWED = 1008;
const NUMBER = /^\+[1-9]\d{6,14}$/;
/** Nobody's: the carrier's own test number. */
const NO_NUMBER = '+15005550000';
const OTHER_THAN_NAME = /[^A-Za-z0-9_.-]+/g;
const VOICES = { caller: 'verse', carrier: 'sage' } as const;
const INSTRUCTIONS = {
  caller: 'You are on the telephone with a store. Speak naturally, at an even pace. Say the words as they stand.',
  carrier: 'You are a telephone announcement. Speak clearly and calmly. Say the words as they stand.',
} as const;

interface LineData {
  ticket: Ticket;
  call: { line: Line; over: Promise<void> } | null;
}

/** Telephones in browsers: tickets for those who are signed in, and the socket on which the server plays the carrier. */
export class Phone implements PhonePort {
  readonly socketPath = PATH;
  readonly typedCharsMax = typedCharsMax;
  readonly hasVoice: boolean;
  readonly socket: SocketRoute<LineData>;
  private readonly options: PhoneOptions;
  private readonly limits: PhoneLimits;
  private readonly door: ServiceDoor;
  /** CallSids of tickets that were used, until they would be too old anyway. */
  private readonly used = new Map<string, number>();
  private readonly calls = new Map<LineData, string>();
  private isClosed = false;

  constructor(options: PhoneOptions) {
    this.options = options;
    this.hasVoice = options.speech !== null;
    this.limits = { ...LIMITS, ...options.limits };
    const [authToken = ''] = options.twilio.authTokens;
    const { publicUrl, mediaUrl } = options;
    this.door = new ServiceDoor({ publicUrl, mediaUrl, authToken, own: () => options.own() });
    this.socket = {
      path: PATH,
      settings: SETTINGS,
      upgrade: ({ query }) => {
        const ticket = this.take(new URLSearchParams(query).get('ticket') ?? '');
        if (ticket === null) return { refuse: plain(403, 'Only the page of the phone opens this line.') };
        return { accept: { ticket, call: null } };
      },
      open: (socket) => this.open(socket),
      message: (socket, message, isBinary) => this.heard(socket, message, isBinary),
      dropped: (socket) => socket.getUserData().call?.line.hangUp('The browser could not keep up with the sound.'),
      close: (socket) => socket.getUserData().call?.line.hangUp('The page was closed.'),
    };
  }

  /** A carrier's word for whoever calls from a program: no number, so nobody can be called back there. */
  callerOf(name: string): string {
    return browserCaller + name.replaceAll(OTHER_THAN_NAME, '-');
  }

  /** One call for whoever is signed in, or why there is none. */
  ticketFor(name: string): { ticket: string; callSid: string } | { refused: string } {
    const refused = this.whyNot(name);
    if (refused !== null) return { refused };
    const { twilio, streamTokenSecret, now } = this.options;
    const callSid = phoneSid(twilio.authTokens[0] ?? '');
    const ticket = issueTicket({ callSid, name, expiresAt: now() + ticketLifeMs }, streamTokenSecret);
    return { ticket, callSid };
  }

  /** Ends the calls; resolves when their end was told, within the bounds of a request. */
  async close(): Promise<void> {
    this.isClosed = true;
    const open = [...this.calls.keys()].flatMap(({ call }) => call ?? []);
    for (const { line } of open) line.hangUp(RESTART);
    await Promise.all(open.map(({ over }) => over));
  }

  private whyNot(name: string): string | null {
    const { callsMax, callsPerPersonMax } = this.limits;
    if (this.isClosed) return RESTART;
    const own = [...this.calls.values()].filter((each) => each === name).length;
    if (own >= callsPerPersonMax) return `You have ${own} calls already. Hang one up first.`;
    return this.calls.size >= callsMax ? `All ${callsMax} browser phones are in use.` : null;
  }

  /** A ticket opens one line. */
  private take(text: string): Ticket | null {
    const { now, streamTokenSecret } = this.options;
    const ticket = readTicket(text, streamTokenSecret, now());
    for (const [callSid, expiresAt] of this.used) if (expiresAt <= now()) this.used.delete(callSid);
    if (ticket === null || this.used.has(ticket.callSid)) return null;
    this.used.set(ticket.callSid, ticket.expiresAt);
    return ticket;
  }

  private open(socket: Socket<LineData>): void {
    const data = socket.getUserData();
    const { callSid, name } = data.ticket;
    // Since the ticket was given others may have come.
    if (this.whyNot(name) !== null) return socket.end(NOT_ALLOWED, 'no phone is free');
    const { publicUrl, twilio, link, log, storeNumber } = this.options;
    const say = (message: string): void => void (data.call && send(socket, message));
    const tell = (signal: LineSignal): void => say(JSON.stringify(signal));
    const number = storeNumber();
    let spoken = 0;
    const line = new Line({
      door: this.door,
      publicUrl,
      accountSid: twilio.accountSid,
      callSid,
      from: this.callerOf(name),
      to: NUMBER.test(number) ? number : NO_NUMBER,
      tell,
      pass: say,
      speak: (text, as, signal) => {
        spoken += 1;
        return spoken > this.limits.spokenMax ? Promise.resolve(null) : this.speak(text, as, signal);
      },
      log,
      lastsMsMax: this.limits.lastsMsMax,
      ringMs: this.limits.ringMs,
    });
    const { promise: over, resolve: isOver } = Promise.withResolvers<void>();
    data.call = { line, over };
    this.calls.set(data, name);
    const watch = new CallWatch({ link, callSid, tell, obey: (order) => void line.obey(order) });
    log.info({ callSid, name }, 'a browser calls');
    void line.lead().then(async () => {
      await watch.end();
      this.calls.delete(data);
      end(socket);
      isOver();
    });
  }

  private heard(socket: Socket<LineData>, message: ArrayBuffer, isBinary: boolean): void {
    const { call } = socket.getUserData();
    if (!call || isBinary) return;
    const text = Buffer.from(message).toString('utf8');
    if (text.startsWith(STREAM_MESSAGE)) return call.line.media(text);
    const signal = readPageSignal(text);
    if (signal?.line === 'hangUp') call.line.hangUp('You have hung up.');
    else if (signal) call.line.hear(signal);
  }

  private async speak(text: string, as: 'caller' | 'carrier', signal: AbortSignal): Promise<Buffer | null> {
    const { speech, log } = this.options;
    if (speech === null) return null;
    try {
      return await speech.speak({ text, voice: VOICES[as], instructions: INSTRUCTIONS[as] }, signal);
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'words for the browser phone were not spoken');
      return null;
    }
  }
}

/** A socket that is closed throws at any use. */
function send(socket: Socket<LineData>, message: string): void {
  try {
    socket.send(message);
  } catch {
    // The line's end is on its way.
  }
}

function end(socket: Socket<LineData>): void {
  try {
    socket.end(NORMAL);
  } catch {
    // It was closed by the page.
  }
}
