import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../telemetry/log.ts';
import { Keypad } from './keypad.ts';
import type { MediaRelay } from './media-relay.ts';
import type { Params, ServiceDoor } from './service-door.ts';
import type { LineSignal, PageSignal } from './signals.ts';
import { readTwiml, TwimlError, type Verb } from './twiml-reader.ts';
import { lengthMs, type Next, runVerb, type VerbDeps } from './verbs.ts';

export interface LineOptions {
  door: ServiceDoor;
  publicUrl: string;
  accountSid: string;
  callSid: string;
  from: string;
  to: string;
  /** Never throws. */
  tell(signal: LineSignal): void;
  pass(message: string): void;
  /** Never rejects. `as`: whose voice it is to be. */
  speak(text: string, as: 'caller' | 'carrier', signal: AbortSignal): Promise<Uint8Array | null>;
  log: Pick<Log, 'warn'>;
  /** The longest a call may last. */
  lastsMsMax: number;
  ringMs: number;
}

/** What REST may ask of a call that runs: other TwiML, by itself or at an address, or its end. */
export type Order = { kind: 'end' } | { kind: 'ask'; url: string } | { kind: 'run'; twiml: string };

const DOCUMENTS_MAX = 2_000;
/** More documents within the window are a loop. */
const LOOP_DOCUMENTS_MAX = 15;
const LOOP_WINDOW_MS = 5_000;
/** After its length a sound may take so long to be reported as heard. */
const HEARD_LATE_MS = 3_000;
const STATUS_MS = 15_000;
const APOLOGY = 'We are sorry, an application error has occurred. Goodbye.';

/**
 * One call of the browser's phone, as the carrier would lead it: asks `/voice`, runs the TwiML that comes, asks what that
 * names, until the call is over.
 *
 * ringing ─▶ in-progress ─▶ completed; from each by `hangUp`, the service's end, or the time that it may last.
 */
export class Line {
  private readonly options: LineOptions;
  private readonly keypad = new Keypad();
  private readonly verbDeps: VerbDeps;
  private readonly over = new AbortController();
  private run = new AbortController();
  private order: Order | null = null;
  private relay: MediaRelay | null = null;
  private status: 'ringing' | 'in-progress' | 'completed' = 'ringing';
  private why = 'Aida has hung up.';
  private answeredAtMs = 0;
  private baseUrl: string;
  private isFallingBack = false;
  private startedMs: number[] = [];
  private sounds = 0;
  private readonly heard = new Map<number, () => void>();

  constructor(options: LineOptions) {
    this.options = options;
    const { door, accountSid, callSid, publicUrl } = options;
    this.baseUrl = `${publicUrl}/voice`;
    this.verbDeps = {
      door,
      accountSid,
      callSid,
      keypad: this.keypad,
      tell: (signal) => options.tell(signal),
      pass: (message) => options.pass(message),
      play: (mulaw, signal) => this.play(mulaw, signal),
      speak: (text, signal) => options.speak(text, 'carrier', signal),
      connect: (relay) => (this.relay = relay),
      report: (url, params) => void this.report(url, params),
      ringMs: options.ringMs,
      resolve: (url) => new URL(url, this.baseUrl).href,
    };
  }

  /** Leads the call to its end. Never rejects. */
  async lead(): Promise<void> {
    const { tell, to, callSid, publicUrl, lastsMsMax, log } = this.options;
    tell({ line: 'ringing', callSid, to });
    const timer = setTimeout(() => this.hangUp('That was the longest that a call from here may last.'), lastsMsMax);
    try {
      let next: Next = { url: `${publicUrl}/voice`, params: [] };
      while (next !== null && next !== 'end') next = await this.step(next);
    } catch (error) {
      if (!this.over.signal.aborted) {
        log.warn({ err: error, callSid }, 'a call of the browser phone failed');
        this.why = 'The call broke off: the phone failed.';
      }
    } finally {
      clearTimeout(timer);
      this.relay?.close();
      this.over.abort();
      this.status = 'completed';
      tell({ line: 'ended', why: this.why });
      await this.report(`${publicUrl}/voice/status`, this.ending());
    }
  }

  /** `why`: in words, for the page. */
  hangUp(why: string): void {
    if (this.over.signal.aborted) return;
    this.why = why;
    this.over.abort();
    this.run.abort();
  }

  /** False for a call that is over. */
  obey(order: Order): boolean {
    if (this.over.signal.aborted) return false;
    if (order.kind === 'end') this.hangUp('Aida has hung up.');
    else {
      this.order = order;
      this.run.abort();
    }
    return true;
  }

  /** A message of the media stream, as the page sent it. */
  media(message: string): void {
    this.relay?.send(message);
  }

  hear(signal: Exclude<PageSignal, { line: 'hangUp' }>): void {
    if (signal.line === 'key') return this.keypad.press(signal.digit);
    if (signal.line === 'played') return this.heard.get(signal.id)?.();
    void this.sayFor(signal.text);
  }

  /** Speaks for somebody who types. */
  private async sayFor(text: string): Promise<void> {
    const { tell, speak } = this.options;
    const sound = await speak(text, 'caller', this.over.signal);
    if (this.over.signal.aborted) return;
    if (sound) tell({ line: 'speech', payload: Buffer.from(sound).toString('base64') });
    else tell({ line: 'speechFailed', text });
  }

  /** One document and what it leads to; an order that comes meanwhile leads elsewhere. */
  private async step(next: Exclude<Next, null | 'end'>): Promise<Next> {
    let work = (): Promise<Next> => this.document(next);
    for (;;) {
      this.run = new AbortController();
      // It may have come between two documents.
      if (this.over.signal.aborted || this.order !== null) this.run.abort();
      try {
        return await work();
      } catch (error) {
        const { order } = this;
        if (this.over.signal.aborted || order === null || order.kind === 'end') throw error;
        this.order = null;
        if (order.kind === 'ask') return { url: order.url, params: [] };
        work = () => this.interpret(order.twiml);
      }
    }
  }

  private async document({ url, params }: Exclude<Next, null | 'end'>): Promise<Next> {
    if (this.loops()) {
      this.why = 'The call was led in circles and has been ended.';
      return 'end';
    }
    const { door, tell } = this.options;
    const asked = await door.ask(url, [...this.params(), ...params], this.run.signal);
    if (asked.kind === 'failed') {
      tell({ line: 'note', text: `Aida did not answer as she should: ${asked.why}.` });
      return this.fallBack('11200', url);
    }
    this.baseUrl = url;
    return this.interpret(asked.body);
  }

  private async interpret(twiml: string): Promise<Next> {
    const { signal } = this.run;
    let verbs: Verb[];
    try {
      verbs = readTwiml(twiml);
    } catch (error) {
      if (!(error instanceof TwimlError)) throw error;
      this.options.tell({ line: 'note', text: `Aida's answer was not understood: ${error.message}.` });
      return this.fallBack('12100', this.baseUrl);
    }
    this.isFallingBack = false;
    for (const [index, verb] of verbs.entries()) {
      if (!(verb.name === 'Reject' || (verb.name === 'Pause' && index === 0))) this.answer();
      const next = await runVerb(verb, this.verbDeps, signal);
      if (next !== null) return next;
      signal.throwIfAborted();
    }
    return 'end';
  }

  /** What the number names for when a document cannot be had; after that an apology. */
  private async fallBack(code: string, url: string): Promise<Next> {
    if (!this.isFallingBack) {
      this.isFallingBack = true;
      const params: Params = [
        ['ErrorCode', code],
        ['ErrorUrl', url],
      ];
      return { url: `${this.options.publicUrl}/voice/fallback`, params };
    }
    this.options.tell({ line: 'words', text: APOLOGY });
    this.why = 'Aida could not be reached.';
    return 'end';
  }

  private answer(): void {
    if (this.status !== 'ringing') return;
    this.status = 'in-progress';
    this.answeredAtMs = performance.now();
    this.options.tell({ line: 'answered' });
  }

  private async play(mulaw: Uint8Array, signal: AbortSignal): Promise<void> {
    this.sounds += 1;
    const id = this.sounds;
    const { tell } = this.options;
    tell({ line: 'sound', id, payload: Buffer.from(mulaw).toString('base64') });
    const isHeard = new AbortController();
    this.heard.set(id, () => isHeard.abort());
    try {
      await pause(lengthMs(mulaw) + HEARD_LATE_MS, undefined, { signal: AbortSignal.any([signal, isHeard.signal]) });
    } catch (error) {
      if (!isHeard.signal.aborted) throw error;
    } finally {
      this.heard.delete(id);
      if (signal.aborted) tell({ line: 'hush' });
    }
  }

  /** What every request about this call carries. */
  private params(): Params {
    const { accountSid, callSid, from, to } = this.options;
    return [
      ['AccountSid', accountSid],
      ['ApiVersion', '2010-04-01'],
      ['CallSid', callSid],
      ['CallStatus', this.status],
      ['Called', to],
      ['Caller', from],
      ['Direction', 'inbound'],
      ['From', from],
      ['To', to],
    ];
  }

  private ending(): Params {
    const lastedMs = this.answeredAtMs === 0 ? 0 : performance.now() - this.answeredAtMs;
    return [
      ['CallDuration', String(Math.ceil(lastedMs / 1_000))],
      ['SequenceNumber', '0'],
      ['Timestamp', new Date().toUTCString().replace('GMT', '+0000')],
      ['CallbackSource', 'call-progress-events'],
    ];
  }

  private async report(url: string, params: Params): Promise<void> {
    const { door, log, callSid } = this.options;
    // The call's own end must not keep its end from being told.
    const told = await door.ask(url, [...this.params(), ...params], AbortSignal.timeout(STATUS_MS)).catch(String);
    if (typeof told === 'string' || told.kind === 'failed')
      log.warn(
        { callSid, why: typeof told === 'string' ? told : told.why },
        'a callback of the browser phone was not taken',
      );
  }

  private loops(): boolean {
    const now = performance.now();
    this.startedMs.push(now);
    const recent = this.startedMs.filter((atMs) => now - atMs < LOOP_WINDOW_MS).length;
    return recent > LOOP_DOCUMENTS_MAX || this.startedMs.length > DOCUMENTS_MAX;
  }
}
