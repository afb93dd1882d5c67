import { randomBytes } from 'node:crypto';
import type { FailureReason } from '../../../../load-tests/lib/summary.ts';
import type { Places } from '../../twilio/hosts.ts';
import { sign } from '../../twilio/signature.ts';
import { parseTwiml } from '../../twilio/twiml.ts';
import { ERRORS, type Web } from '../../twilio/web.ts';
import type { XmlElement } from '../../twilio/xml.ts';
import type { FrameJourneys } from '../frame-journeys.ts';
import type { SlotClock } from '../slot-clock.ts';
import type { CallerSettings, CallerTarget } from './caller-options.ts';
import { CallerStream, type StreamEnd } from './caller-stream.ts';
import { numberOf, reasonOf, standard } from './carrier-words.ts';
import type { Recorder } from './recorder.ts';
import { Talker, type TalkerBooks } from './talker.ts';
import { documentsMax, loopDocumentsMax, loopWindowMs, sayMs, type Sounds } from './sounds.ts';

/** Callbacks reach the service in any order. */
const callbackDelayMsMax = 250;
const overridesOfCallbacks = '#ct=1000&rt=2500&rc=3&rp=all';

/** What callers of one party have in common. */
export interface PartyDeps {
  target: CallerTarget;
  settings: CallerSettings;
  books: TalkerBooks;
  recorder: Recorder;
  web: Web;
  places: Places;
  sounds: Sounds;
  clock: SlotClock;
  journeys: { toModel: FrameJourneys; toCaller: FrameJourneys } | null;
  random: () => number;
  complain(complaint: string): void;
}

type Outcome = 'hungUp' | 'left' | 'ended' | 'failed';
type Params = readonly (readonly [string, string])[];
type Next = { url: string; method: 'GET' | 'POST'; params: Params } | 'end' | null;

/** One call as the carrier lives it: documents, streams, callbacks. It ends by itself, whatever the service does. */
export class Caller {
  readonly callSid = `CA${randomBytes(16).toString('hex')}`;
  readonly line: number;
  readonly done: Promise<void>;
  readonly #deps: PartyDeps;
  readonly #from: string;
  #status: 'ringing' | 'in-progress' | 'completed' | 'busy' | 'no-answer' = 'ringing';
  #stream: CallerStream | null = null;
  #talker: Talker | null = null;
  #streams = 0;
  #answeredAt = 0;
  #waitingSince: number | null = null;
  #outcome: Outcome | null = null;
  #hasFailed = false;
  #baseUrl: string;
  #documents: number[] = [];
  #wake: (() => void) | null = null;
  #callbacks: Promise<void>[] = [];
  /** What went wrong and may still turn out well: the next stream decides. */
  #trouble: FailureReason | null = null;
  #inFallback = false;

  constructor(deps: PartyDeps, line: number) {
    this.#deps = deps;
    this.line = line;
    this.#from = numberOf(line);
    this.#baseUrl = deps.target.publicUrl;
    this.done = this.#live();
  }

  /** A stream is open. */
  get isTalking(): boolean {
    return this.#stream !== null;
  }

  get isPausing(): boolean {
    return this.#talker?.isPausing ?? true;
  }

  get isWaiting(): boolean {
    return this.#waitingSince !== null;
  }

  get isOver(): boolean {
    return this.#outcome !== null;
  }

  /** The caller has had enough; `failed`: the call was at its bound. */
  hangUp(how: 'hungUp' | 'left' | 'failed' = 'hungUp'): void {
    if (this.#outcome !== null) return;
    this.#outcome = how;
    this.#stream?.stop(performance.now());
    this.#wake?.();
  }

  fail(why: FailureReason): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#deps.recorder.fail(why);
  }

  async #live(): Promise<void> {
    const { recorder, target } = this.#deps;
    recorder.count('aida_calls');
    let next: Next = { url: `${target.publicUrl}/voice${overridesOfCallbacks}`, method: 'POST', params: [] };
    while (next !== null && next !== 'end' && this.#outcome === null) next = await this.#document(next);
    this.#outcome ??= this.#hasFailed ? 'failed' : 'ended';
    this.#finish();
    await this.#tellStatus();
    await Promise.all(this.#callbacks);
  }

  #finish(): void {
    const { recorder } = this.#deps;
    if (this.#status === 'ringing' || this.#status === 'in-progress') this.#status = 'completed';
    if (this.#trouble !== null && this.#outcome === 'ended') this.fail(this.#trouble);
    if (this.#outcome === 'left') recorder.count('aida_left');
    if (this.#outcome === 'ended' && !this.#hasFailed) {
      recorder.count(this.#streams > 0 ? 'aida_hung_up_by_us' : 'aida_refused');
      // These callers never say goodbye.
      if (this.#streams > 0) this.fail('cut_off');
    }
    if (this.#streams > 0 && !this.#hasFailed) recorder.count('aida_completed');
  }

  /** Asks for a document and does what it says. */
  async #document(jump: Exclude<Next, 'end' | null>): Promise<Next> {
    if (this.#loops()) return this.#lost('webhook_loop');
    const { web, recorder } = this.#deps;
    const answer = await web.ask({ ...jump, params: [...this.#params(), ...jump.params] });
    recorder.trend('aida_webhook', answer.record.ms);
    if (this.#outcome !== null) return 'end';
    if (answer.record.errorCode !== null) return this.#fallBack(reasonOf(answer), answer.record.errorCode, jump.url);
    this.#baseUrl = answer.url;
    let verbs: XmlElement[];
    try {
      const twiml = parseTwiml(answer.record.body, answer.url);
      for (const complaint of twiml.complaints) this.#deps.complain(`${this.callSid}: ${complaint}`);
      verbs = twiml.verbs;
    } catch {
      return this.#fallBack('webhook_twiml', ERRORS.badXml, jump.url);
    }
    this.#inFallback = false;
    this.#noteWait(verbs);
    for (const verb of verbs) {
      if (this.#outcome !== null) return 'end';
      const next = await this.#verb(verb);
      if (next !== null) return next;
    }
    return 'end';
  }

  /** The number's fallback; where that fails too, the end. What it says may still turn out well. */
  #fallBack(why: FailureReason, code: number, url: string): Next {
    this.#trouble ??= why;
    if (this.#inFallback) return this.#lost(this.#trouble);
    this.#inFallback = true;
    const params: Params = [
      ['ErrorCode', String(code)],
      ['ErrorUrl', url],
    ];
    return { url: `${this.#deps.target.publicUrl}/voice/fallback`, method: 'POST', params };
  }

  #lost(why: FailureReason): 'end' {
    this.fail(why);
    return 'end';
  }

  #loops(): boolean {
    const now = performance.now();
    this.#documents.push(now);
    const first = this.#documents.at(-loopDocumentsMax);
    if (this.#documents.length > documentsMax) return true;
    return first !== undefined && this.#documents.length >= loopDocumentsMax && now - first < loopWindowMs;
  }

  /** A document that asks again whether it is the caller's turn. */
  #noteWait(verbs: readonly XmlElement[]): void {
    const { recorder, settings } = this.#deps;
    const isWait = verbs.some(
      (verb) => /\/voice\/wait\b/.test(verb.text) || /\/voice\/wait\b/.test(verb.attributes['action'] ?? ''),
    );
    if (!isWait) {
      this.#waitingSince = null;
      return;
    }
    if (this.#waitingSince === null) {
      recorder.count('aida_waited');
      this.#waitingSince = performance.now();
    } else if (performance.now() - this.#waitingSince > settings.patienceMs) this.hangUp('left');
  }

  async #verb(verb: XmlElement): Promise<Next> {
    if (verb.name !== 'Reject' && this.#status === 'ringing') this.#answered();
    switch (verb.name) {
      case 'Say':
      case 'Play':
      case 'Pause':
        await this.#sound(verb);
        return null;
      case 'Gather':
        for (const prompt of verb.children) await this.#sound(prompt);
        await this.#sleep(Number(verb.attributes['timeout'] ?? 5) * 1000);
        return verb.attributes['actionOnEmptyResult'] === 'true' ? this.#jump(verb, [['Digits', '']]) : null;
      case 'Redirect':
        return { url: this.#resolve(verb.text.trim()), method: methodOf(verb), params: [] };
      case 'Connect':
        return this.#connect(verb);
      case 'Start':
        return null;
      case 'Reject':
        this.#status = verb.attributes['reason'] === 'busy' ? 'busy' : 'no-answer';
        return 'end';
      default:
        // Staff, voicemail, queues: callers of a load test do not want them.
        return 'end';
    }
  }

  #answered(): void {
    this.#status = 'in-progress';
    this.#answeredAt = performance.now();
  }

  async #sound(verb: XmlElement): Promise<void> {
    if (verb.name === 'Pause') return this.#sleep(Number(verb.attributes['length'] ?? 1) * 1000);
    if (verb.name === 'Say') return this.#sleep(sayMs(verb.text));
    const url = this.#resolve(verb.text.trim());
    const ms = url === '' ? 0 : await this.#deps.sounds.lengthMs(url);
    await this.#sleep(ms * Math.max(1, Number(verb.attributes['loop'] ?? 1)));
  }

  async #connect(verb: XmlElement): Promise<Next> {
    const element = verb.children[0];
    if (!element) return this.#lost('webhook_twiml');
    const url = element.attributes['url'] ?? '';
    const place = this.#deps.places.find(url);
    if (!place) return this.#lost('stream_unreachable');
    const parameters = Object.fromEntries(
      element.children.map(({ attributes }) => [attributes['name'] ?? '', attributes['value'] ?? '']),
    );
    const headers = { Host: place.publicHost, 'X-Twilio-Signature': sign(this.#deps.target.authToken, url) };
    const target = { host: place.host, port: place.port, path: place.target, headers };
    const end = await this.#converse(target, parameters, element);
    if (this.#outcome !== null) return 'end';
    if (end.by === 'refused') return this.#lost('stream_refused');
    if (end.by === 'unreachable') this.#trouble ??= 'stream_unreachable';
    if (end.by === 'broken') this.#trouble ??= 'stream_broken';
    return this.#jump(verb, []);
  }

  #converse(
    target: { host: string; port: number; path: string; headers: Record<string, string> },
    parameters: Record<string, string>,
    element: XmlElement,
  ): Promise<StreamEnd> {
    const { settings, recorder, random, clock } = this.#deps;
    return new Promise((resolve) => {
      const stream = new CallerStream(target, parameters, {
        settings,
        recorder,
        random,
        accountSid: this.#deps.target.accountSid,
        callSid: this.callSid,
        complain: (complaint) => {
          this.#deps.complain(`${this.callSid}: ${complaint}`);
          this.fail('stream_protocol');
        },
        onOpen: (opened) => {
          clearTimeout(timer);
          this.#opened(opened);
          this.#tellStream(element, opened, 'stream-started');
        },
        onEnd: (end) => {
          clearTimeout(timer);
          clock.remove(stream);
          if (this.#stream !== null)
            this.#tellStream(element, stream, end.by === 'broken' ? 'stream-error' : 'stream-stopped');
          this.#stream = null;
          resolve(end);
        },
      });
      const timer = setTimeout(() => stream.giveUp(), settings.connectMsMax);
      this.#wake = () => stream.giveUp();
    });
  }

  #opened(stream: CallerStream): void {
    const { recorder, clock, settings, books, journeys, random } = this.#deps;
    this.#streams++;
    this.#trouble = null;
    this.#wake = null;
    recorder.count(this.#streams === 1 ? 'aida_answered' : 'aida_resumed');
    this.#stream = stream;
    const deps = { settings, books, recorder, journeys, random, fail: (why: FailureReason) => this.fail(why) };
    this.#talker = new Talker(deps, this.line, performance.now());
    stream.attach(this.#talker);
    clock.add(stream);
  }

  #jump(verb: XmlElement, params: Params): Next {
    const action = verb.attributes['action'];
    return action === undefined ? null : { url: this.#resolve(action), method: methodOf(verb), params };
  }

  #resolve(url: string): string {
    return url === '' ? '' : new URL(url, this.#baseUrl).href;
  }

  /** Ends early when the caller hangs up. */
  #sleep(ms: number): Promise<void> {
    if (ms <= 0 || this.#outcome !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
    });
  }

  #params(): [string, string][] {
    return [
      ...standard,
      ['AccountSid', this.#deps.target.accountSid],
      ['CallSid', this.callSid],
      ['CallStatus', this.#status],
      ['Caller', this.#from],
      ['From', this.#from],
    ];
  }

  #tellStream(element: XmlElement, stream: CallerStream, event: string): void {
    const url = element.attributes['statusCallback'];
    if (url === undefined) return;
    this.#callbacks.push(
      this.#callback(url, [
        ['AccountSid', this.#deps.target.accountSid],
        ['CallSid', this.callSid],
        ['StreamSid', stream.sid],
        ['StreamName', element.attributes['name'] ?? stream.sid],
        ['StreamEvent', event],
        ...(event === 'stream-error' ? [['StreamError', '31921 the socket broke'] as const] : []),
        ['Timestamp', new Date().toISOString()],
      ]),
    );
  }

  #tellStatus(): Promise<void> {
    const seconds = this.#answeredAt === 0 ? 0 : Math.ceil((performance.now() - this.#answeredAt) / 1000);
    const url = `${this.#deps.target.publicUrl}/voice/status${overridesOfCallbacks}`;
    return this.#callback(url, [
      ...this.#params(),
      ['CallDuration', String(seconds)],
      ['Duration', String(Math.ceil(seconds / 60))],
      ['SequenceNumber', '0'],
      ['Timestamp', new Date().toUTCString().replace('GMT', '+0000')],
      ['CallbackSource', 'call-progress-events'],
      ['SipResponseCode', '200'],
    ]);
  }

  async #callback(url: string, params: Params): Promise<void> {
    const { random, web, recorder } = this.#deps;
    await new Promise((resolve) => setTimeout(resolve, random() * callbackDelayMsMax));
    recorder.count('aida_callbacks');
    const { record } = await web.ask({ url, method: 'POST', params });
    if (record.errorCode !== null) recorder.count('aida_callbacks_failed');
  }
}

function methodOf(verb: XmlElement): 'GET' | 'POST' {
  return verb.attributes['method'] === 'GET' ? 'GET' : 'POST';
}
