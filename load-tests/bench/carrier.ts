import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { Stack } from '../../src/sim/stack.ts';
import { sign } from '../../src/sim/twilio/signature.ts';
import { parseTwiml } from '../../src/sim/twilio/twiml.ts';

const answerTimeoutMs = 5_000;

export interface Answer {
  status: number;
  body: string;
}

export interface StreamAsk {
  /** `wss://…`, as it is signed. */
  url: string;
  parameters: Record<string, string>;
}

export interface CarrierOptions {
  /** Of the node, on 127.0.0.1. */
  port: number;
  publicUrl: string;
  accountSid: string;
  authToken: string;
}

/** The part of a carrier that a load generator needs: signed webhooks on connections that are kept. */
export class Carrier {
  readonly options: CarrierOptions;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(options: CarrierOptions) {
    this.options = options;
  }

  /** Of the stack's first node. */
  static of({ env, node }: Pick<Stack, 'env' | 'node'>): Carrier {
    return new Carrier({
      port: node.port,
      publicUrl: env['PUBLIC_URL'] ?? '',
      accountSid: env['TWILIO_ACCOUNT_SID'] ?? '',
      authToken: env['TWILIO_AUTH_TOKEN'] ?? '',
    });
  }

  newCallSid(): string {
    return `CA${randomBytes(16).toString('hex')}`;
  }

  /** The first question of a call: what to do with it. */
  arrive(callSid: string): Promise<Answer> {
    return this.#post('/voice', callSid, 'ringing', {});
  }

  /** The caller is gone. */
  complete(callSid: string): Promise<Answer> {
    return this.#post('/voice/status', callSid, 'completed', {
      CallDuration: '1',
      SequenceNumber: '0',
      CallbackSource: 'call-progress-events',
      Timestamp: new Date().toUTCString(),
    });
  }

  /** Headers of the media stream's upgrade. */
  upgradeHeaders(url: string): Record<string, string> {
    return { host: new URL(url).host, 'x-twilio-signature': sign(this.options.authToken, url) };
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(path: string, callSid: string, status: string, more: Record<string, string>): Promise<Answer> {
    const { port, publicUrl, authToken, accountSid } = this.options;
    const caller = callerOf(callSid);
    const params = Object.entries({
      ...standard,
      Caller: caller,
      From: caller,
      AccountSid: accountSid,
      CallSid: callSid,
      CallStatus: status,
      ...more,
    });
    const headers = {
      host: new URL(publicUrl).host,
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'x-twilio-signature': sign(authToken, publicUrl + path, params),
      'i-twilio-idempotency-token': randomBytes(16).toString('hex'),
    };
    return new Promise((resolve, reject) => {
      const ask = request(
        { host: '127.0.0.1', port, path, method: 'POST', headers, agent: this.#agent, timeout: answerTimeoutMs },
        (response) => {
          let body = '';
          response.setEncoding('utf8');
          response.on('data', (text: string) => (body += text));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
          response.on('error', reject);
        },
      );
      ask.on('timeout', () => ask.destroy(new Error(`no answer to ${path} within ${answerTimeoutMs} ms`)));
      ask.on('error', reject);
      ask.end(new URLSearchParams(params).toString());
    });
  }
}

/** Another number for each call: one number gets only a few lines. */
function callerOf(callSid: string): string {
  return `+1207${String(Number.parseInt(callSid.slice(2, 10), 16) % 10_000_000).padStart(7, '0')}`;
}

/** What else the carrier says of a caller with every request. */
const standard = {
  ApiVersion: '2010-04-01',
  Called: '+15559990000',
  CalledCity: 'PORTLAND',
  CalledCountry: 'US',
  CalledState: 'ME',
  CalledZip: '04101',
  CallerCity: '',
  CallerCountry: 'US',
  CallerState: 'CA',
  CallerZip: '',
  Direction: 'inbound',
  FromCity: '',
  FromCountry: 'US',
  FromState: 'CA',
  FromZip: '',
  To: '+15559990000',
  ToCity: 'PORTLAND',
  ToCountry: 'US',
  ToState: 'ME',
  ToZip: '04101',
};

/** The stream that a document asks for, null where it asks for none. */
export function streamOf(twiml: string): StreamAsk | null {
  const connect = parseTwiml(twiml, null).verbs.find((verb) => verb.name === 'Connect');
  const stream = connect?.children.find((child) => child.name === 'Stream');
  if (!stream) return null;
  const parameters = stream.children.map(({ attributes }) => [attributes['name'] ?? '', attributes['value'] ?? '']);
  return { url: stream.attributes['url'] ?? '', parameters: Object.fromEntries(parameters) };
}
