import { createHmac } from 'node:crypto';
import { AddressBook } from './address.ts';
import { Call, type CallPlan, type Outcome } from './call.ts';
import type { CallWorld } from './call-world.ts';
import { Callbacks } from './callbacks.ts';
import { Chance } from './chance.ts';
import { Lines, phaseMs } from './lines.ts';
import type { Network, Socket, SocketListener, WebAsk, WebResult } from './network.ts';
import { Phrases } from './phrases.ts';
import { readSettings } from './settings.ts';
import { Web } from './web.ts';

const PUBLIC = 'https://voice.example.com';
const TOKEN = 'secret';
const phrases = new Phrases((bytes) => Buffer.from(bytes).toString('base64'));

/** What a service answers to one request. */
export type Answering = (path: string, form: URLSearchParams) => string | WebResult;

/** A media socket as the service has it. */
export interface FakeSocket {
  url: string;
  listener: SocketListener;
  sent: Record<string, unknown>[];
  pings: number;
  isClosed: boolean;
  isDestroyed: boolean;
  answersPings: boolean;
}

/** A service and a clock that tests hold in their hands: nothing happens but in {@link run}. */
export class Clockwork {
  nowMs = 1_000_000;
  readonly asked: { path: string; form: URLSearchParams; headers: Record<string, string> }[] = [];
  readonly sockets: FakeSocket[] = [];
  readonly times: Record<string, number[]> = {};
  readonly counts: Record<string, number> = {};
  readonly world: CallWorld;
  outcome: Outcome | null = null;
  #timers: { atMs: number; callback: () => void }[] = [];

  constructor(answering: Answering, env: Record<string, string> = {}) {
    const settings = readSettings({ TARGET: PUBLIC, TOKEN, ...env }, {});
    const network = this.#network(answering);
    const ids = new Chance(1);
    const web = new Web(network, new AddressBook({}), TOKEN, ids);
    const figures: CallWorld['figures'] = {
      time: (name, ms) => void (this.times[name] ??= []).push(ms),
      count: (name, by = 1) => void (this.counts[name] = (this.counts[name] ?? 0) + by),
      note: () => undefined,
    };
    this.world = {
      settings,
      network,
      addresses: new AddressBook({}),
      web,
      callbacks: new Callbacks(web, network, new Chance(2), figures),
      chance: new Chance(3),
      ids,
      figures,
      phrases,
      lines: new Lines(),
      number: '+12075550142',
      voiceUrl: `${PUBLIC}/voice`,
      fallbackUrl: `${PUBLIC}/voice/fallback`,
      statusUrl: `${PUBLIC}/voice/status`,
    };
  }

  call(plan: Partial<CallPlan> = {}): Call {
    const talk = {
      firstPhrase: 0,
      talkMs: 60_000,
      saysGoodbye: false,
      interrupts: () => false,
      pressesKey: () => false,
    };
    const call = new Call(this.world, {
      from: '+12075550100',
      patienceMs: 600_000,
      callMsMax: 900_000,
      talk,
      ...plan,
    });
    void call.run().then((outcome) => {
      this.outcome = outcome;
    });
    return call;
  }

  /** Paths that were asked, in order, callbacks left out. */
  get documents(): string[] {
    return this.asked.map(({ path }) => path).filter((path) => !/\/voice\/(status|stream-status)/.test(path));
  }

  async run(ms: number): Promise<void> {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += phaseMs) {
      await settle();
      const due = this.#timers.filter(({ atMs }) => atMs <= this.nowMs);
      this.#timers = this.#timers.filter(({ atMs }) => atMs > this.nowMs);
      for (const { callback } of due) callback();
      this.world.lines.run(this.nowMs);
    }
    await settle();
  }

  #network(answering: Answering): Network {
    return {
      nowMs: () => this.nowMs,
      ask: async (ask) => this.#answer(ask, answering),
      soundMs: async () => 3_000,
      open: (url, headers, listener) => this.#open(url, headers, listener),
      later: (ms, callback) => {
        const timer = { atMs: this.nowMs + ms, callback };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer);
        };
      },
      hmac: (key, data) => createHmac('sha1', key).update(data).digest('base64'),
      decode: (text) => Uint8Array.from(Buffer.from(text, 'base64')).buffer,
      random: () => 0.5,
    };
  }

  #answer({ url, body, headers }: WebAsk, answering: Answering): WebResult {
    const path = url.slice(PUBLIC.length);
    const form = new URLSearchParams(body);
    this.asked.push({ path, form, headers });
    const answer = answering(path, form);
    if (typeof answer !== 'string') return answer;
    return { status: 200, contentType: 'text/xml', location: null, body: answer, ms: 5 };
  }

  #open(url: string, _headers: Record<string, string>, listener: SocketListener): Socket {
    const socket: FakeSocket = {
      url,
      listener,
      sent: [],
      pings: 0,
      isClosed: false,
      isDestroyed: false,
      answersPings: true,
    };
    this.sockets.push(socket);
    return {
      send: (text) => void socket.sent.push(JSON.parse(text) as Record<string, unknown>),
      ping: () => {
        socket.pings += 1;
        if (socket.answersPings) void Promise.resolve().then(() => listener.onPong());
      },
      close: () => {
        socket.isClosed = true;
      },
      destroy: () => {
        socket.isDestroyed = true;
      },
    };
  }
}

/** Promises that were resolved have had their say. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
}
