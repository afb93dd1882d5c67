import { randomUUID } from 'node:crypto';
import { type AttemptFailure, type HttpAnswer, attempt } from './attempt.ts';
import type { Places } from './hosts.ts';
import { type RetryReason, readOverrides } from './overrides.ts';
import { sign, withoutFragment } from './signature.ts';

/** A request as Twilio makes it; `params` in the order sent. */
export interface WebRequest {
  url: string;
  method: 'GET' | 'POST';
  params: readonly (readonly [string, string])[];
  /** Audio is fetched without a signature, from whoever keeps it. */
  unsigned?: true;
  /** The largest answer taken. */
  bytesMax?: number;
}

/** One request with all its tries, as the test reads it. Times in ms, `atMs` by performance.now(). */
export interface WebhookRecord {
  url: string;
  method: 'GET' | 'POST';
  params: Record<string, string>;
  idempotencyToken: string;
  atMs: number;
  ms: number;
  tries: { atMs: number; ms: number; status: number | null; failure: AttemptFailure | 'unknownHost' | null }[];
  status: number | null;
  contentType: string;
  body: string;
  /** Twilio's error code where the request failed for good, else null. */
  errorCode: number | null;
}

export interface WebAnswer {
  record: WebhookRecord;
  /** The URL that answered, after redirects, without fragment. */
  url: string;
  body: Buffer;
}

export const ERRORS = {
  httpStatus: 11_200,
  connection: 11_205,
  host: 11_210,
  redirects: 11_215,
  tooLarge: 11_750,
  badXml: 12_100,
  contentType: 12_300,
} as const;

const REDIRECTS_MAX = 10;
const TWIML_BYTES_MAX = 64 * 1024;
const FAILURES: Record<AttemptFailure | 'unknownHost', { code: number; retry: RetryReason | null }> = {
  connectTimeout: { code: ERRORS.connection, retry: 'ct' },
  connectFailed: { code: ERRORS.connection, retry: 'ct' },
  unknownHost: { code: ERRORS.host, retry: 'ct' },
  readTimeout: { code: ERRORS.httpStatus, retry: 'rt' },
  broken: { code: ERRORS.httpStatus, retry: 'rt' },
  tooLarge: { code: ERRORS.tooLarge, retry: null },
  aborted: { code: ERRORS.connection, retry: null },
};

/** Makes signed requests with Twilio's retry rules, redirects, ceilings and limits. */
export class Web {
  private readonly places: Places;
  private readonly authToken: string;
  private readonly complain: (text: string) => void;
  private readonly stop = new AbortController();

  constructor(places: Places, authToken: string, complain: (text: string) => void) {
    this.places = places;
    this.authToken = authToken;
    this.complain = complain;
  }

  /** Never rejects: what went wrong stands in the record. */
  async ask(ask: WebRequest, idempotencyToken: string = randomUUID()): Promise<WebAnswer> {
    const overrides = readOverrides(ask.url);
    overrides.complaints.forEach((text) => this.complain(text));
    const startedMs = performance.now();
    const record: WebhookRecord = {
      url: ask.url,
      method: ask.method,
      params: Object.fromEntries(ask.params),
      idempotencyToken,
      atMs: startedMs,
      ms: 0,
      tries: [],
      status: null,
      contentType: '',
      body: '',
      errorCode: null,
    };
    let url = withoutFragment(ask.url);
    let method = ask.method;
    let answer: HttpAnswer | null = null;
    let retries = overrides.retries;
    for (let redirects = 0; ;) {
      const leftMs = overrides.totalMs - (performance.now() - startedMs);
      const result = leftMs <= 0 ? 'readTimeout' : await this.once(record, { ...ask, url, method }, overrides, leftMs);
      const reason = typeof result === 'string' ? FAILURES[result].retry : statusReason(result.status);
      if (reason !== null && overrides.policy.has(reason) && retries > 0 && leftMs > 0) {
        retries -= 1;
        continue;
      }
      if (typeof result === 'string') {
        record.errorCode = FAILURES[result].code;
        break;
      }
      answer = result;
      if (result.status < 300 || result.status >= 400 || result.location === null) break;
      redirects += 1;
      if (redirects > REDIRECTS_MAX) {
        record.errorCode = ERRORS.redirects;
        break;
      }
      url = withoutFragment(new URL(result.location, url).href);
      if (result.status !== 307 && result.status !== 308) method = 'GET';
    }
    record.ms = performance.now() - startedMs;
    if (answer) {
      record.status = answer.status;
      record.contentType = answer.contentType;
      record.body = answer.body.toString('utf8');
      if (record.errorCode === null && (answer.status < 200 || answer.status > 299))
        record.errorCode = ERRORS.httpStatus;
    }
    return { record, url, body: answer?.body ?? Buffer.alloc(0) };
  }

  /** Ends what is under way; later requests fail at once. */
  close(): void {
    this.stop.abort();
  }

  private async once(
    record: WebhookRecord,
    ask: WebRequest,
    times: { connectMs: number; readMs: number },
    leftMs: number,
  ): Promise<HttpAnswer | AttemptFailure | 'unknownHost'> {
    const query = new URLSearchParams(ask.params.map(([name, value]): [string, string] => [name, value])).toString();
    const post = ask.method === 'POST';
    const url = post || query === '' ? ask.url : `${ask.url}${ask.url.includes('?') ? '&' : '?'}${query}`;
    const place = this.places.find(url);
    const atMs = performance.now();
    const headers: Record<string, string> = {
      'User-Agent': 'TwilioProxy/1.1',
      Accept: '*/*',
      ...(ask.unsigned ? {} : { 'X-Twilio-Signature': sign(this.authToken, url, post ? ask.params : []) }),
      'I-Twilio-Idempotency-Token': record.idempotencyToken,
      Connection: 'close',
    };
    if (post) {
      headers['Content-Type'] = 'application/x-www-form-urlencoded; charset=UTF-8';
      headers['Content-Length'] = String(Buffer.byteLength(query));
    }
    const result = place
      ? await attempt({
          place,
          method: ask.method,
          headers,
          body: post ? query : '',
          bytesMax: ask.bytesMax ?? TWIML_BYTES_MAX,
          signal: this.stop.signal,
          connectMs: Math.min(times.connectMs, leftMs),
          readMs: Math.min(times.readMs, leftMs),
        })
      : 'unknownHost';
    const failed = typeof result === 'string';
    record.tries.push({
      atMs,
      ms: performance.now() - atMs,
      status: failed ? null : result.status,
      failure: failed ? result : null,
    });
    return result;
  }
}

function statusReason(status: number): RetryReason | null {
  if (status >= 500) return '5xx';
  return status >= 400 ? '4xx' : null;
}
