import type { Leg } from './leg.ts';
import { Run, Stopped } from './run.ts';
import { END, type FlowPort, type Jump, type Params, type Step } from './step.ts';
import { parseTwiml } from './twiml.ts';
import { runVerb } from './verbs.ts';
import { ERRORS, type WebAnswer } from './web.ts';
import { type XmlElement, XmlError } from './xml.ts';

/** Enough for half an hour of waiting, told a second at a time. */
const DOCUMENTS_MAX = 2_000;
/** More documents than this within {@link LOOP_WINDOW_MS} are a loop. */
const LOOP_DOCUMENTS_MAX = 15;
const LOOP_WINDOW_MS = 5_000;
const APOLOGY = 'We are sorry, an application error has occurred. Goodbye.';

/** Runs the documents of one leg, one after another, until one ends the call. */
export class Flow implements FlowPort {
  readonly leg: Leg;
  /** URL of the document under way, null for one given by REST: relative URLs resolve against it. */
  baseUrl: string | null = null;
  private readonly startedMs: number[] = [];
  private inFallback = false;

  constructor(leg: Leg) {
    this.leg = leg;
  }

  /** Control goes to the verb's action, to the next verb without one. */
  jump(verb: XmlElement, params: Params): Jump | null {
    const target = verb.attributes['action'];
    if (target === undefined) return null;
    return { url: this.resolve(target), method: verb.attributes['method'] === 'GET' ? 'GET' : 'POST', params };
  }

  resolve(url: string): string {
    return /^https?:\/\//.test(url) || this.baseUrl === null ? url : new URL(url, this.baseUrl).href;
  }

  /** The action of a verb whose caller hung up: asked for its own sake, what it answers runs nowhere. */
  afterHangUp(verb: XmlElement, params: Params): void {
    const jump = this.jump(verb, params);
    if (!jump || !this.leg.world.faults.actionAfterHangUp) return;
    this.leg.world.callbacks.send({
      callSid: this.leg.rootSid,
      ...jump,
      params: [...this.leg.params(), ...params],
      record: (record) => this.leg.webhooks.push(record),
    });
  }

  /** Resolves when the call has ended; rejects only on a fault of the fake itself. */
  async start(first: Step): Promise<void> {
    let step = first;
    while (!this.leg.final) {
      const run = new Run();
      this.leg.run = run;
      const redirect = this.leg.redirect;
      this.leg.redirect = null;
      if (redirect === null && (step === null || step === END)) break;
      try {
        if (redirect && 'twiml' in redirect) step = await this.inline(redirect.twiml, run);
        else step = await this.document(redirect ? { ...redirect, params: [] } : (step as Jump), run);
      } catch (error) {
        if (!(error instanceof Stopped)) throw error;
        step = END;
      }
    }
    this.leg.end('completed', 'service');
  }

  /** Runs a document inside a verb: the wait document of a queue. */
  async nested(jump: Jump, run: Run): Promise<Step> {
    const outer = this.baseUrl;
    try {
      return await this.document(jump, run);
    } finally {
      this.baseUrl = outer;
    }
  }

  async whisper(leg: Leg, jump: Jump): Promise<void> {
    const flow = new Flow(leg);
    const run = new Run();
    leg.run = run;
    try {
      let step: Step = jump;
      while (step !== null && step !== END) step = await flow.document(step, run);
      if (step === END) leg.end('completed', 'service');
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    }
  }

  private inline(twiml: string, run: Run): Promise<Step> {
    this.baseUrl = null;
    return this.interpret(twiml, run);
  }

  private async document(jump: Jump, run: Run): Promise<Step> {
    if (this.loops(jump.url)) return END;
    const answer = await this.fetch(jump, run);
    const code = answer.record.errorCode ?? contentFault(answer);
    if (code !== null) {
      if (answer.record.status === null) this.leg.world.warn(code, `${this.leg.sid} ${jump.url}: ${describe(answer)}`);
      else this.leg.world.complain(`${this.leg.sid} ${jump.url}: ${describe(answer)} (${code})`);
      return this.fail(code, jump.url, run);
    }
    this.baseUrl = answer.url;
    const { contentType, body } = answer.record;
    if (contentType.startsWith('text/plain'))
      return this.interpret(`<Response><Say>${escaped(body)}</Say></Response>`, run);
    if (contentType.startsWith('audio/'))
      return this.interpret(`<Response><Play>${escaped(answer.url)}</Play></Response>`, run);
    return this.interpret(body, run);
  }

  private async fetch(jump: Jump, run: Run): Promise<WebAnswer> {
    const { world } = this.leg;
    const ask = { ...jump, params: [...this.leg.params(), ...jump.params] };
    const token = crypto.randomUUID();
    const times = world.random.chance(world.faults.webhookTwice) ? 2 : 1;
    const asked = Array.from({ length: times }, async () => {
      const answer = await world.web.ask(ask, token);
      this.leg.webhooks.push(answer.record);
      this.leg.changed();
      return answer;
    });
    const [answer, repeat] = await run.until(Promise.all(asked));
    if (repeat && answer?.record.body !== repeat.record.body) {
      world.complain(`${jump.url}: a request sent twice was answered in two ways`);
    }
    return answer as WebAnswer;
  }

  private async interpret(source: string, run: Run): Promise<Step> {
    const { leg } = this;
    leg.documents.push({ atMs: leg.nowMs(), url: this.baseUrl, twiml: source });
    leg.changed();
    let verbs: XmlElement[];
    try {
      const twiml = parseTwiml(source, this.baseUrl);
      twiml.complaints.forEach((text) => leg.world.complain(`${leg.sid} ${this.baseUrl ?? 'inline TwiML'}: ${text}`));
      verbs = twiml.verbs;
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
      leg.world.complain(`${leg.sid} ${this.baseUrl ?? 'inline TwiML'}: ${error.message} (${ERRORS.badXml})`);
      return this.fail(ERRORS.badXml, this.baseUrl ?? '', run);
    }
    this.inFallback = false;
    for (const [index, verb] of verbs.entries()) {
      run.check();
      if (!(verb.name === 'Reject' || (verb.name === 'Pause' && index === 0))) leg.answer();
      const step = await runVerb(leg, verb, run, this);
      if (step !== null) return step;
    }
    return null;
  }

  /** Twilio gives up on a document: the number's fallback, else an apology and the end. */
  private async fail(code: number, url: string, run: Run): Promise<Step> {
    const { leg } = this;
    const fallback = leg.world.number.voiceFallbackUrl;
    if (fallback !== undefined && !this.inFallback) {
      this.inFallback = true;
      return {
        url: fallback,
        method: 'POST',
        params: [
          ['ErrorCode', String(code)],
          ['ErrorUrl', url],
        ],
      };
    }
    leg.answer();
    await this.interpretApology(run);
    return END;
  }

  private async interpretApology(run: Run): Promise<void> {
    const apology: XmlElement = { name: 'Say', attributes: {}, children: [], text: APOLOGY };
    await runVerb(this.leg, apology, run, this);
  }

  private loops(url: string): boolean {
    const now = this.leg.nowMs();
    this.startedMs.push(now);
    const recent = this.startedMs.filter((atMs) => now - atMs < LOOP_WINDOW_MS).length;
    if (recent <= LOOP_DOCUMENTS_MAX && this.startedMs.length <= DOCUMENTS_MAX) return false;
    this.leg.world.complain(
      `${this.leg.sid}: ${recent} documents within ${LOOP_WINDOW_MS} ms, the last is ${url}: a loop`,
    );
    return true;
  }
}

function contentFault(answer: WebAnswer): number | null {
  return /^(text\/xml|application\/xml|text\/html|text\/plain|audio\/)/.test(answer.record.contentType)
    ? null
    : ERRORS.contentType;
}

function describe(answer: WebAnswer): string {
  const { record } = answer;
  const last = record.tries.at(-1);
  return record.status === null
    ? `${last?.failure} after ${record.tries.length} tries`
    : `answered ${record.status} ${record.contentType}`;
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character] ?? '');
}
