import type { WebSocket } from 'uWebSockets.js';
import { checkListenToken, listenTokenCharsMax } from '../services/listen-token.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { TapEar } from './tap.ts';

/** What the upgrade hands over; the listener is put in when the socket opens. */
export interface ListenSocketData {
  listener?: Listener;
}
type ListenSocket = WebSocket<ListenSocketData>;

export const listenLimits = {
  /** From the upgrade to the token. */
  tokenMs: 5_000,
  /** Then the page asks for another token: whoever may not listen any more gets none. */
  listenMs: 600_000,
  /** Of one call, and of all calls of a process. */
  callMax: 8,
  allMax: 100,
  /** Sockets that have not shown a token. */
  strangersMax: 50,
  /** What a browser has not read; beyond it audio is left out: a second and a half of both sides. */
  unreadBytesMax: 24 * 1024,
  /** Of which call and token the node remembers that they were used. */
  usedMax: 10_000,
} as const;

/** Why a socket is closed, as close codes that a page can tell apart. */
export const listenCodes = {
  /** The token is none of ours, of another call's or was changed. */
  forged: 4401,
  expired: 4408,
  used: 4409,
  /** The call has no stream here: it is elsewhere, with somebody else or over. */
  absent: 4404,
  full: 4429,
  /** The stream ended; the call may go on. */
  over: 4000,
  /** The time of a token is up. */
  renew: 4001,
} as const;
type ListenEnd = keyof typeof listenCodes;

/** First byte of a message with audio. */
const CALLER = 0;
const ASSISTANT = 1;
/** The carrier's frames are 160 bytes, the model's pieces are cut into 480; a sentence of ours comes in pieces as well. */
const AUDIO_BYTES_MAX = 16 * 1024;

export interface ListenDeps {
  /** Has somebody hear a call from now on; null where the call has no stream here. */
  tap(callSid: string, ear: TapEar): Tapped | null;
  secret: string;
  /** Redis-clock ms. */
  now(): number;
  log: Log;
  metrics: Pick<Metrics, 'listeners' | 'listenerFrames' | 'listenersRefused' | 'onScrape'>;
  limits?: Partial<Record<keyof typeof listenLimits, number>>;
}

export interface Tapped {
  /** Ends it. */
  stop(): void;
  /** Listeners of the call, this one included. */
  count: number;
}

export interface ListenRoute {
  settings: { idleTimeoutS: number; backpressureBytesMax: number; messageBytesMax: number };
  open(socket: ListenSocket): void;
  message(socket: ListenSocket, message: ArrayBuffer, isBinary: boolean): void;
  close(socket: ListenSocket): void;
}

/** Twice what may be unread: only a socket of which one message is larger than the rest gets there. */
const settings = { idleTimeoutS: 60, backpressureBytesMax: 64 * 1024, messageBytesMax: 1024 };

/**
 * `/listen`: supervisors who hear calls of this process. The first message is the token. Then the socket sends audio
 * (binary: 0 for the caller or 1 for the assistant, then µ-law, 8,000 bytes a second) and JSON: `clear` (what was not
 * heard of the assistant will not be) and `dropped` (frames that were left out, because the browser reads too slowly).
 */
export function createListen(deps: ListenDeps): ListenRoute {
  const desk = new ListenDesk(deps);
  deps.metrics.onScrape(() => deps.metrics.listeners.set(desk.listening.size));
  return {
    settings,
    open: (socket) => {
      socket.getUserData().listener = new Listener(desk, socket);
      desk.makeRoom();
    },
    message: (socket, message, isBinary) => socket.getUserData().listener?.message(message, isBinary),
    close: (socket) => socket.getUserData().listener?.closed(),
  };
}

/** Who listens here, and which tokens were used. */
class ListenDesk {
  readonly deps: ListenDeps;
  readonly limits: Record<keyof typeof listenLimits, number>;
  readonly strangers = new Set<Listener>();
  readonly listening = new Set<Listener>();
  /** Nonce → when its token expires by itself. */
  readonly #used = new Map<string, number>();

  constructor(deps: ListenDeps) {
    this.deps = deps;
    this.limits = { ...listenLimits, ...deps.limits };
  }

  /** The call that a token opens, or why it opens none. */
  admit(token: string): { callSid: string; by: string } | ListenEnd {
    const check = checkListenToken(token, this.deps.now(), this.deps.secret);
    if (!check.ok) return check.refused === 'expired' ? 'expired' : 'forged';
    const { callSid, by, nonce, expiresAt } = check.ticket;
    if (this.#used.has(nonce)) return 'used';
    if (this.listening.size >= this.limits.allMax) return 'full';
    this.#use(nonce, expiresAt);
    return { callSid, by };
  }

  /** Who shows no token makes room for whoever comes later: strangers keep nobody out. */
  makeRoom(): void {
    const [first] = this.strangers;
    if (this.strangers.size > this.limits.strangersMax) first?.end('full');
  }

  #use(nonce: string, expiresAt: number): void {
    const now = this.deps.now();
    for (const [known, until] of this.#used) {
      if (until > now && this.#used.size < this.limits.usedMax) break;
      this.#used.delete(known);
    }
    this.#used.set(nonce, expiresAt);
  }
}

/** One browser that listens, or is about to. */
class Listener implements TapEar {
  readonly #desk: ListenDesk;
  readonly #socket: ListenSocket;
  readonly #message = new Uint8Array(1 + AUDIO_BYTES_MAX);
  #timer: NodeJS.Timeout;
  #tapped: Tapped | null = null;
  #call: { callSid: string; by: string } | null = null;
  #open = true;
  #dropped = 0;

  constructor(desk: ListenDesk, socket: ListenSocket) {
    this.#desk = desk;
    this.#socket = socket;
    this.#timer = setTimeout(() => this.end('expired'), desk.limits.tokenMs);
    desk.strangers.add(this);
  }

  message(message: ArrayBuffer, isBinary: boolean): void {
    // After the token there is nothing to say.
    if (!this.#open || this.#call !== null) return;
    const { deps, limits, strangers, listening } = this.#desk;
    const isToken = !isBinary && message.byteLength <= listenTokenCharsMax;
    const admitted = isToken ? this.#desk.admit(Buffer.from(message).toString('latin1')) : 'forged';
    if (typeof admitted === 'string') return this.end(admitted);
    this.#call = admitted;
    strangers.delete(this);
    listening.add(this);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end('renew'), limits.listenMs);
    this.#tapped = deps.tap(admitted.callSid, this);
    if (this.#tapped === null) return this.end('absent');
    if (this.#tapped.count > limits.callMax) return this.end('full');
    deps.log.info({ ...admitted }, 'somebody listens to a call');
  }

  fromCaller(ulaw: Uint8Array): void {
    this.#audio(CALLER, ulaw);
  }

  toCaller(ulaw: Uint8Array): void {
    this.#audio(ASSISTANT, ulaw);
  }

  cleared(): void {
    if (this.#open) this.#socket.send('{"event":"clear"}', false, false);
  }

  over(): void {
    this.#tapped = null;
    this.end('over');
  }

  /** By the desk's word, or our own. */
  end(why: ListenEnd): void {
    if (!this.#open) return;
    const { deps } = this.#desk;
    if (why !== 'over' && why !== 'renew') deps.metrics.listenersRefused.inc({ reason: why });
    deps.log.info({ ...this.#call, why }, 'listening ends');
    this.#open = false;
    // The socket's close handler runs within it.
    this.#socket.end(listenCodes[why], why);
  }

  /** By itself or by `end`. */
  closed(): void {
    if (this.#call !== null && this.#open)
      this.#desk.deps.log.info({ ...this.#call }, 'somebody has stopped listening');
    this.#open = false;
    clearTimeout(this.#timer);
    this.#desk.strangers.delete(this);
    this.#desk.listening.delete(this);
    this.#tapped?.stop();
    this.#tapped = null;
  }

  /** Never queued: whoever reads too slowly misses it. */
  #audio(side: typeof CALLER | typeof ASSISTANT, ulaw: Uint8Array): void {
    if (!this.#open) return;
    const { metrics } = this.#desk.deps;
    if (ulaw.length > AUDIO_BYTES_MAX || this.#socket.getBufferedAmount() > this.#desk.limits.unreadBytesMax) {
      this.#dropped += 1;
      metrics.listenerFrames.inc({ result: 'dropped' });
      return;
    }
    if (this.#dropped > 0) {
      this.#socket.send(`{"event":"dropped","frames":${this.#dropped}}`, false, false);
      this.#dropped = 0;
    }
    this.#message[0] = side;
    this.#message.set(ulaw, 1);
    this.#socket.send(this.#message.subarray(0, 1 + ulaw.length), true, false);
    metrics.listenerFrames.inc({ result: 'sent' });
  }
}
