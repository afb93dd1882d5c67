import VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js';

/** Connect, read, tries, and on what the carrier tries again: four tries fit into its 15 s. */
const OVERRIDES = '#ct=1000&rt=2500&rc=3&rp=all';
const STREAM_NAME = 'openai-bridge';
const RING_S = 25;
const RECORD_S_MAX = 120;
const RECORD_SILENCE_S = 5;
const GATHER_S = 6;
/** Numbers that carriers put in place of a withheld one. */
const withheldNumbers = /^\+(?:266696687|7378742833|2562533|8566696687|86282452253)$/;
const e164 = /^\+[1-9]\d{6,14}$/;

export const textXml = { 'content-type': 'text/xml; charset=utf-8' };

/** The webhooks that TwiML names. */
export type ActionPath = '/voice/next' | '/voice/menu' | '/voice/dial-result' | '/voice/voicemail';
type CallbackPath = '/voice/stream-status' | '/voice/recording';

export interface StreamAddress {
  /** `wss://…/media-stream` of the node that was reserved. */
  mediaUrl: string;
  token: string;
}

/** What may follow some words in one document. */
export type Ending =
  | { verb: 'dial'; numbers: readonly string[]; from: string; to: string }
  | { verb: 'record' }
  | { verb: 'menu' }
  | { verb: 'redirect'; path: ActionPath; query?: string; afterS?: number }
  | { verb: 'hangup' };

/** Pure builders of the documents that the carrier is answered. Every URL is absolute, with our retry rules. */
export class Twiml {
  private readonly publicUrl: string;

  constructor(publicUrl: string) {
    this.publicUrl = publicUrl;
  }

  /** Ends the call, or answers a request of a call that has ended. */
  empty(): string {
    return new VoiceResponse().toString();
  }

  connect({ mediaUrl, token }: StreamAddress): string {
    const response = new VoiceResponse();
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

  /** Says the sentences, then does what is next. */
  say(sentences: readonly string[], ending: Ending): string {
    const response = new VoiceResponse();
    if (ending.verb === 'menu') {
      const action = this.url('/voice/menu');
      const gather = response.gather({
        action,
        method: 'POST',
        numDigits: 1,
        timeout: GATHER_S,
        actionOnEmptyResult: true,
      });
      for (const sentence of sentences) gather.say(sentence);
      return response.toString();
    }
    for (const sentence of sentences) response.say(sentence);
    this.end(response, ending);
    return response.toString();
  }

  private end(response: VoiceResponse, ending: Exclude<Ending, { verb: 'menu' }>): void {
    switch (ending.verb) {
      case 'dial':
        return this.dial(response, ending);
      case 'record':
        return this.record(response);
      case 'redirect':
        if (ending.afterS !== undefined) response.pause({ length: ending.afterS });
        response.redirect({ method: 'POST' }, this.url(ending.path, ending.query));
        return;
      case 'hangup':
        response.hangup();
    }
  }

  private dial(response: VoiceResponse, { numbers, from, to }: Extract<Ending, { verb: 'dial' }>): void {
    const callerId = callerIdOf(from, to);
    const dial = response.dial({
      action: this.url('/voice/dial-result'),
      method: 'POST',
      timeout: RING_S,
      answerOnBridge: true,
      ...(callerId === null ? {} : { callerId }),
    });
    for (const number of numbers) dial.number(number);
  }

  private record(response: VoiceResponse): void {
    response.record({
      action: this.url('/voice/voicemail'),
      method: 'POST',
      timeout: RECORD_SILENCE_S,
      maxLength: RECORD_S_MAX,
      finishOnKey: '#',
      playBeep: true,
      recordingStatusCallback: this.url('/voice/recording'),
      recordingStatusCallbackMethod: 'POST',
    });
    // Reached only when nothing was said: the carrier asks no action then.
    response.redirect({ method: 'POST' }, this.url('/voice/voicemail'));
  }

  private url(path: ActionPath | CallbackPath, query = ''): string {
    return `${this.publicUrl}${path}${query === '' ? '' : `?${query}`}${OVERRIDES}`;
  }
}

/** Rings the staff with the caller's number where that is one; else with ours, which the carrier always allows. */
function callerIdOf(from: string, to: string): string | null {
  if (e164.test(from) && !withheldNumbers.test(from)) return null;
  return e164.test(to) ? to : null;
}
