import { parseXml, type XmlElement } from '../../src/sim/twilio/xml.ts';
import { resolveUrl } from './address.ts';
import type { CallWorld } from './call-world.ts';
import type { MediaStream } from './stream.ts';
import type { FailureReason } from './summary.ts';
import { Talker, type TalkPlan } from './talker.ts';
import type { Parameters } from './sign.ts';
import { type CallStatus, END, type EndedBy, type Jump, type Step, type VerbCall } from './step.ts';
import { runVerb } from './verbs.ts';
import type { Answer } from './web.ts';

export interface CallPlan {
  from: string;
  talk: TalkPlan;
  /** Hangs up when it has no stream so long after its beginning. */
  patienceMs: number;
  /** Ends in any case. */
  callMsMax: number;
}

/** How a call ended. `left`: lost patience before anybody spoke with them. */
export type Outcome = { kind: 'completed' | 'refused' | 'left' } | { kind: 'failed'; why: FailureReason };

/** Documents within {@link loopWindowMs}: more are a loop. */
const loopDocumentsMax = 15;
const loopWindowMs = 5_000;
/** The carrier's own words before it hangs up. */
const apologyMs = 4_000;
const ticksPerLook = 5;

/** One call as the carrier makes it, from the first webhook to the last callback, and the caller on it. */
export class Call implements VerbCall {
  readonly sid: string;
  readonly from: string;
  readonly world: CallWorld;
  readonly talker: Talker;
  status: CallStatus = 'ringing';
  stream: MediaStream | null = null;
  baseUrl = '';
  hadStream = false;
  hasWaited = false;
  trouble: FailureReason | null = null;
  #answeredMs: number | null = null;
  #endedBy: EndedBy | null = null;
  #failure: FailureReason | null = null;
  #leave: () => void = () => undefined;
  #offAir: () => void = () => undefined;
  readonly #left: Promise<void>;
  #documentsMs: number[] = [];
  #inFallback = false;
  readonly #cancels: (() => void)[];
  #looks = 0;

  constructor(world: CallWorld, plan: CallPlan) {
    this.world = world;
    this.from = plan.from;
    this.sid = `CA${world.ids.hex(32)}`;
    this.talker = new Talker(plan.talk, world.phrases, world.figures);
    this.#left = new Promise((resolve) => {
      this.#leave = resolve;
    });
    this.#cancels = [
      world.network.later(plan.callMsMax, () => this.#fail('overdue')),
      world.network.later(plan.patienceMs, () => {
        if (!this.hadStream) this.end('no-answer', 'caller');
      }),
    ];
  }

  /** Resolves when the call has ended; its last callbacks may still be on their way. */
  async run(): Promise<Outcome> {
    const { world } = this;
    world.figures.count('aida_calls');
    if (world.settings.allStatuses) this.reportStatus('ringing', 0);
    let step: Step = { url: world.voiceUrl, method: 'POST', params: [] };
    while (step !== null && step !== END && this.#endedBy === null) step = await this.#document(step);
    this.end('completed', 'service');
    for (const cancel of this.#cancels) cancel();
    this.#reportEnd();
    this.talker.ended();
    return this.#outcome();
  }

  get isOver(): boolean {
    return this.#endedBy !== null;
  }

  /** The run is over: who waits hangs up; who talks, and who is not yet told anything, comes to an end or hangs up `atOnce`. */
  leave(atOnce: boolean): void {
    this.talker.leave();
    const isWaiting = this.status === 'in-progress' && !this.hadStream && this.stream === null && this.trouble === null;
    if (atOnce || isWaiting) this.end('no-answer', 'caller');
  }

  streamOpened(): void {
    this.trouble = null;
    if (!this.hadStream) this.world.figures.count('aida_answered');
    this.hadStream = true;
    this.#offAir = this.world.lines.add((nowMs) => this.#tick(nowMs));
  }

  streamClosed(): void {
    this.#offAir();
    this.stream = null;
  }

  answer(): void {
    if (this.status !== 'ringing') return;
    this.status = 'in-progress';
    this.#answeredMs = this.world.network.nowMs();
    if (this.world.settings.allStatuses) this.reportStatus('in-progress', 1);
  }

  end(status: CallStatus, by: EndedBy): void {
    if (this.#endedBy !== null) return;
    this.#endedBy = by;
    this.status = status === 'no-answer' && this.#answeredMs !== null ? 'completed' : status;
    this.stream?.stop();
    this.#leave();
  }

  async until<T>(promise: Promise<T>): Promise<T | null> {
    if (this.isOver) return null;
    return Promise.race([promise, this.#left.then(() => null)]);
  }

  async wait(ms: number): Promise<boolean> {
    if (this.isOver) return false;
    let cancel: () => void = () => undefined;
    const passed = new Promise<true>((resolve) => {
      cancel = this.world.network.later(ms, () => resolve(true));
    });
    const result = await this.until(passed);
    cancel();
    return result ?? false;
  }

  jump(verb: XmlElement, params: Parameters): Jump | null {
    const action = verb.attributes['action'];
    if (action === undefined) return null;
    return { url: this.resolve(action), method: verb.attributes['method'] === 'GET' ? 'GET' : 'POST', params };
  }

  resolve(url: string): string {
    return resolveUrl(url, this.baseUrl);
  }

  params(): [string, string][] {
    const { accountSid } = this.world.settings;
    return [
      ['AccountSid', accountSid],
      ['ApiVersion', '2010-04-01'],
      ['CallSid', this.sid],
      ['CallStatus', this.status],
      ['Called', this.world.number],
      ['CalledCity', ''],
      ['CalledCountry', 'US'],
      ['Caller', this.from],
      ['CallerCity', 'SAN JOSÉ'],
      ['CallerCountry', 'US'],
      ['Direction', 'inbound'],
      ['From', this.from],
      ['FromCity', 'SAN JOSÉ'],
      ['FromCountry', 'US'],
      ['StirVerstat', 'TN-Validation-Passed-A'],
      ['To', this.world.number],
      ['ToCity', ''],
      ['ToCountry', 'US'],
    ];
  }

  reportStatus(status: CallStatus, sequence: number): void {
    const params = this.params().map(([name, value]): [string, string] => [
      name,
      name === 'CallStatus' ? status : value,
    ]);
    params.push(
      ['SequenceNumber', String(sequence)],
      ['Timestamp', new Date().toUTCString().replace('GMT', '+0000')],
      ['CallbackSource', 'call-progress-events'],
    );
    if (this.isOver) {
      const nowMs = this.world.network.nowMs();
      const seconds = this.#answeredMs === null ? 0 : Math.ceil((nowMs - this.#answeredMs) / 1_000);
      params.push(['CallDuration', String(seconds)], ['Duration', String(Math.ceil(seconds / 60))]);
      params.push(['SipResponseCode', this.#answeredMs === null ? '487' : '200']);
    }
    this.world.callbacks.send(this.world.statusUrl, params);
  }

  /** Every 20 ms while there is a stream: it carries a frame, and now and then the caller looks how things stand. */
  #tick(nowMs: number): void {
    const { stream, talker } = this;
    if (stream === null) return;
    stream.tick(nowMs);
    this.#looks += 1;
    if (this.#looks % ticksPerLook !== 0) return;
    if (stream.complaint !== null) this.#fail('stream_protocol');
    else if (talker.failure !== null) this.#fail(talker.failure);
    else if (talker.isDone) this.end('completed', 'caller');
  }

  async #document(jump: Jump): Promise<Step> {
    if (this.#loops()) {
      this.#fail('webhook_loop');
      return END;
    }
    const { figures, web } = this.world;
    if (/\/voice\/wait\b/.test(jump.url)) this.#noteWaiting();
    const answer = await this.until(web.ask({ ...jump, params: [...this.params(), ...jump.params] }));
    if (answer === null) return END;
    figures.time('aida_webhook', answer.ms);
    const verbs = verbsOf(answer);
    if (typeof verbs === 'string') return this.#giveUp(verbs, answer.errorCode, jump.url);
    this.#inFallback = false;
    this.baseUrl = answer.url;
    for (const [index, verb] of verbs.entries()) {
      if (this.isOver) return END;
      if (verb.name !== 'Reject' && !(verb.name === 'Pause' && index === 0)) this.answer();
      const step = await runVerb(this, verb);
      if (step !== null) return step;
    }
    return null;
  }

  /** The number's fallback; where that fails too, an apology and the end. */
  async #giveUp(why: FailureReason, errorCode: number, url: string): Promise<Step> {
    this.trouble ??= why;
    if (this.#inFallback) {
      this.answer();
      await this.wait(apologyMs);
      return END;
    }
    this.#inFallback = true;
    const params: Parameters = [
      ['ErrorCode', String(errorCode)],
      ['ErrorUrl', url],
    ];
    return { url: this.world.fallbackUrl, method: 'POST', params };
  }

  #noteWaiting(): void {
    if (this.hasWaited) return;
    this.hasWaited = true;
    this.world.figures.count('aida_waited');
  }

  #loops(): boolean {
    const nowMs = this.world.network.nowMs();
    this.#documentsMs = this.#documentsMs.filter((atMs) => nowMs - atMs < loopWindowMs);
    this.#documentsMs.push(nowMs);
    return this.#documentsMs.length > loopDocumentsMax;
  }

  #fail(why: FailureReason): void {
    if (this.isOver) return;
    this.#failure ??= why;
    this.end('completed', 'caller');
  }

  #reportEnd(): void {
    this.reportStatus(this.status, this.world.settings.allStatuses ? 2 : 0);
  }

  #outcome(): Outcome {
    const failed = (why: FailureReason): Outcome => ({ kind: 'failed', why });
    if (this.#failure) return failed(this.#failure);
    if (!this.hadStream) {
      if (this.trouble !== null) return failed(this.trouble);
      return { kind: this.#endedBy === 'caller' ? 'left' : 'refused' };
    }
    if (this.#endedBy === 'service') this.world.figures.count('aida_hung_up_by_us');
    if (this.#endedBy === 'caller' || this.talker.saidGoodbye) return { kind: 'completed' };
    return failed(this.trouble ?? 'cut_off');
  }
}

/** The document's verbs; a reason where the carrier would give up on it. */
function verbsOf({ failure, body, contentType }: Answer): XmlElement[] | FailureReason {
  if (failure !== null || body === null) return failure ?? 'webhook_unreachable';
  if (!/^(text\/xml|application\/xml|text\/html)/.test(contentType)) return 'webhook_twiml';
  try {
    const root = parseXml(body);
    return root.name === 'Response' ? root.children : 'webhook_twiml';
  } catch {
    return 'webhook_twiml';
  }
}
