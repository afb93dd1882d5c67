import VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js';
import type { HttpResponse } from '../http/message.ts';
import { type Ring, staffLimits } from '../services/staff-desk.ts';
import { defaultLanguage, sayLocale } from '../services/languages.ts';
import type { LineKeeper } from '../services/prepared-lines.ts';
import { audioPath } from './audio.ts';
import { isNumber, isReachable } from './numbers.ts';

/** Connect, read, tries, and on what the carrier tries again: four tries fit into its 15 s. */
const OVERRIDES = '#ct=1000&rt=2500&rc=3&rp=all';
const STREAM_NAME = 'openai-bridge';
const RING_S = 25;
const RECORD_S_MAX = 120;
const RECORD_SILENCE_S = 5;
const GATHER_S = 6;
/** For the key of somebody who has just taken a phone up. */
const WHISPER_GATHER_S = 5;
const TALK_S_MAX = staffLimits.talkMsMax / 1_000;
/** The least that the carrier takes: it listens for a key so long after the last sound. */
const WAIT_GATHER_S = 1;
export const waitListenMs = WAIT_GATHER_S * 1000;

const textXml = { 'content-type': 'text/xml; charset=utf-8' };

/** The answer that a document is. */
export function xml(body: string): HttpResponse {
  return { status: 200, headers: textXml, body };
}

/** Sentences that are ready as sound. */
export type SpokenLines = Pick<LineKeeper, 'said'>;
/** What a document speaks with: itself, or inside `<Gather>`. */
type Speaker = Pick<VoiceResponse, 'play' | 'say'>;

/** The webhooks that TwiML names. */
export type ActionPath = '/voice/next' | '/voice/wait' | '/voice/menu' | '/voice/dial-result' | '/voice/voicemail';
type CallbackPath = '/voice/stream-status' | '/voice/recording' | '/voice/status' | '/voice/whisper';

export interface StreamAddress {
  /** `wss://…/media-stream` of the node that was reserved. */
  mediaUrl: string;
  token: string;
}

/** What comes before a stream. */
interface Opening {
  before: readonly string[];
  language: string;
  /** The whole call is recorded from here on. */
  isRecorded: boolean;
}

/** What may follow some words in one document. */
export type Ending =
  /** `query` goes with the question what to do after it. `ring`: who is kept for the call, alone. */
  | { verb: 'dial'; numbers: readonly string[]; from: string; to: string; query?: string; ring?: Ring | null }
  /** `tries`: times that a message was asked for, this one included; absent: once. */
  | { verb: 'record'; tries?: number }
  /** A key says what becomes of the message; `rounds`: times that it was asked, this one included. */
  | { verb: 'review'; rounds: number }
  | { verb: 'menu' }
  /** Music, a path of ours or null for none; then `/voice/wait` is asked with the query, at a key at once. */
  | { verb: 'wait'; query: string; music: string | null }
  /** Said to staff; then `/voice/whisper` is asked with the query, at a key at once. */
  | { verb: 'whisper'; query: string }
  | { verb: 'redirect'; path: ActionPath; query?: string; afterS?: number }
  | { verb: 'hangup' };

/** Where the carrier asks what is next. */
export const nextUrl = (publicUrl: string): string => `${publicUrl}/voice/next${OVERRIDES}`;

/** Where the carrier asks when it is told to: the call is claimed only while its epoch is this. */
export const moveUrl = (publicUrl: string, epoch: number): string =>
  `${publicUrl}/voice/next?move=${epoch}${OVERRIDES}`;

/** What a call that we place is told by and asks; both name the call in which it was asked for. */
export const placedUrls = (publicUrl: string, asked: string): { url: string; statusCallback: string } => ({
  url: `${publicUrl}/voice?asked=${asked}${OVERRIDES}`,
  statusCallback: `${publicUrl}/voice/status?asked=${asked}${OVERRIDES}`,
});

/** Pure builders of the documents that the carrier is answered. Every URL is absolute, with our retry rules. */
export class Twiml {
  private readonly publicUrl: string;
  private readonly lines: SpokenLines;

  constructor(publicUrl: string, lines: SpokenLines) {
    this.publicUrl = publicUrl;
    this.lines = lines;
  }

  /** Ends the call, or answers a request of a call that has ended. */
  empty(): string {
    return new VoiceResponse().toString();
  }

  /** Without a word. */
  hangup(): string {
    const response = new VoiceResponse();
    response.hangup();
    return response.toString();
  }

  connect({ mediaUrl, token }: StreamAddress, { before, language, isRecorded }: Opening): string {
    const response = new VoiceResponse();
    for (const sentence of before) this.speak(response, sentence, language);
    if (isRecorded) this.recordAll(response);
    const connect = response.connect({ action: this.url('/voice/next'), method: 'POST' });
    const stream = connect.stream({
      url: mediaUrl,
      name: STREAM_NAME,
      statusCallback: this.url('/voice/stream-status'),
      statusCallbackMethod: 'POST',
    });
    stream.parameter({ name: 'token', value: token });
    return response.toString();
  }

  /** Not taken and not paid for; only as the first answer of a call. */
  reject(): string {
    const response = new VoiceResponse();
    response.reject({ reason: 'rejected' });
    return response.toString();
  }

  /** Plays or says the sentences, all in one language, then does what is next. */
  say(sentences: readonly string[], ending: Ending, language: string): string {
    const response = new VoiceResponse();
    if (ending.verb === 'whisper') {
      const action = this.url('/voice/whisper', ending.query);
      const keys = { action, method: 'POST', numDigits: 1, timeout: WHISPER_GATHER_S, actionOnEmptyResult: true };
      const gather = response.gather(keys);
      for (const sentence of sentences) this.speak(gather, sentence, language);
      return response.toString();
    }
    if (ending.verb === 'review') {
      const action = this.url('/voice/voicemail', `review=${ending.rounds}`);
      const keys = { action, method: 'POST', numDigits: 1, timeout: GATHER_S, actionOnEmptyResult: true };
      const gather = response.gather(keys);
      for (const sentence of sentences) this.speak(gather, sentence, language);
      return response.toString();
    }
    if (ending.verb === 'menu' || ending.verb === 'wait') {
      const isMenu = ending.verb === 'menu';
      const gather = response.gather({
        action: isMenu ? this.url('/voice/menu') : this.url('/voice/wait', ending.query),
        method: 'POST',
        numDigits: 1,
        timeout: isMenu ? GATHER_S : WAIT_GATHER_S,
        actionOnEmptyResult: true,
      });
      for (const sentence of sentences) this.speak(gather, sentence, language);
      if (!isMenu && ending.music !== null) gather.play(this.publicUrl + ending.music);
      return response.toString();
    }
    for (const sentence of sentences) this.speak(response, sentence, language);
    this.end(response, ending);
    return response.toString();
  }

  private speak(verb: Speaker, sentence: string, language: string): void {
    const prepared = this.lines.said(sentence, language);
    if (prepared !== null) return void verb.play(this.publicUrl + audioPath(prepared.hash));
    const locale = language === defaultLanguage ? null : sayLocale(language);
    // The types know fewer languages than the carrier.
    verb.say(locale === null ? {} : { language: locale as 'en-US' }, sentence);
  }

  private end(
    response: VoiceResponse,
    ending: Exclude<Ending, { verb: 'menu' | 'wait' | 'whisper' | 'review' }>,
  ): void {
    switch (ending.verb) {
      case 'dial':
        return this.dial(response, ending);
      case 'record':
        return this.record(response, ending.tries ?? 1);
      case 'redirect':
        if (ending.afterS !== undefined) response.pause({ length: ending.afterS });
        response.redirect({ method: 'POST' }, this.url(ending.path, ending.query));
        return;
      case 'hangup':
        response.hangup();
    }
  }

  private dial(response: VoiceResponse, ending: Extract<Ending, { verb: 'dial' }>): void {
    const { numbers, from, to, query, ring = null } = ending;
    const callerId = callerIdOf(from, to);
    const asked = [query, ring && `h=${ring.hold}`].filter(Boolean).join('&');
    const dial = response.dial({
      action: this.url('/voice/dial-result', asked),
      method: 'POST',
      timeout: ring?.ringS ?? RING_S,
      timeLimit: TALK_S_MAX,
      answerOnBridge: true,
      ...(callerId === null ? {} : { callerId }),
    });
    if (ring === null) for (const number of numbers) dial.number(number);
    else {
      const { number, hold, isWarm } = ring;
      const whisper = { url: this.url('/voice/whisper', `h=${hold}`), method: 'POST' };
      const statusCallback = this.url('/voice/status', `h=${hold}`);
      const told = { statusCallback, statusCallbackMethod: 'POST', statusCallbackEvent: ['completed' as const] };
      dial.number(isWarm ? { ...whisper, ...told } : told, number);
    }
  }

  /** Both sides, until the call ends. */
  private recordAll(response: VoiceResponse): void {
    response.start().recording({
      recordingStatusCallback: this.url('/voice/recording', 'of=call'),
      recordingStatusCallbackMethod: 'POST',
      recordingStatusCallbackEvent: ['completed', 'absent'],
      channels: 'dual',
      trim: 'do-not-trim',
    });
  }

  private record(response: VoiceResponse, tries: number): void {
    const action = this.url('/voice/voicemail', tries === 1 ? '' : `tries=${tries}`);
    response.record({
      action,
      method: 'POST',
      timeout: RECORD_SILENCE_S,
      maxLength: RECORD_S_MAX,
      finishOnKey: '#',
      playBeep: true,
      recordingStatusCallback: this.url('/voice/recording'),
      recordingStatusCallbackMethod: 'POST',
    });
    // Reached only when nothing was said: the carrier asks no action then.
    response.redirect({ method: 'POST' }, action);
  }

  private url(path: ActionPath | CallbackPath, query = ''): string {
    return `${this.publicUrl}${path}${query === '' ? '' : `?${query}`}${OVERRIDES}`;
  }
}

/** Rings the staff with the caller's number where that is one; else with ours, which the carrier always allows. */
function callerIdOf(from: string, to: string): string | null {
  if (isReachable(from)) return from;
  return isNumber(to) ? to : null;
}
