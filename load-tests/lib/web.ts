import { readOverrides } from '../../src/sim/twilio/overrides.ts';
import { type AddressBook, resolveUrl, withoutFragment } from './address.ts';
import type { Chance } from './chance.ts';
import type { Network, WebResult } from './network.ts';
import { formBody, type Parameters, sign } from './sign.ts';
import type { FailureReason } from './summary.ts';

export interface Request {
  /** With the carrier's overrides as its fragment. */
  url: string;
  method: 'GET' | 'POST';
  params: Parameters;
}

export interface Answer {
  /** Null where all tries failed. */
  body: string | null;
  contentType: string;
  /** The URL that answered, after redirects. */
  url: string;
  failure: Extract<FailureReason, `webhook_${string}`> | null;
  /** The carrier's code for it, 0 without. */
  errorCode: number;
  /** All tries together. */
  ms: number;
  tries: number;
}

const redirectsMax = 10;
const documentCharsMax = 64 * 1024;
const codes = { webhook_unreachable: 11_205, webhook_late: 11_200, webhook_status: 11_200, webhook_twiml: 12_300 };

/** Signed requests with the carrier's retry rules, redirects and ceilings. */
export class Web {
  readonly #network: Network;
  readonly #addresses: AddressBook;
  readonly #token: string;
  readonly #ids: Chance;

  constructor(network: Network, addresses: AddressBook, token: string, ids: Chance) {
    this.#network = network;
    this.#addresses = addresses;
    this.#token = token;
    this.#ids = ids;
  }

  /** Never rejects. */
  async ask(request: Request): Promise<Answer> {
    const overrides = readOverrides(request.url);
    const startedMs = this.#network.nowMs();
    let spentMs = 0;
    let tries = 0;
    const idempotencyToken = this.#ids.uuid();
    let { method } = request;
    let url = withoutFragment(request.url);
    let retries = overrides.retries;
    for (let redirects = 0; ;) {
      const leftMs = overrides.totalMs - (this.#network.nowMs() - startedMs);
      const timeoutMs = Math.max(1, Math.min(overrides.connectMs + overrides.readMs, leftMs));
      const result = await this.#once({ ...request, url, method }, idempotencyToken, timeoutMs);
      spentMs += result.ms;
      tries += 1;
      const reason = reasonOf(result);
      if (reason !== null && overrides.policy.has(reason) && retries > 0 && spentMs < overrides.totalMs) {
        retries -= 1;
        continue;
      }
      const isRedirect = 'status' in result && result.status >= 300 && result.status < 400 && result.location !== null;
      if (!isRedirect || redirects === redirectsMax) return { ...answerOf(result, url, spentMs), tries };
      redirects += 1;
      url = withoutFragment(resolveUrl(result.location ?? '', url));
      if (result.status !== 307 && result.status !== 308) method = 'GET';
    }
  }

  /** Length of what a `<Play>` plays; null where it cannot be had. */
  soundMs(publicUrl: string): Promise<number | null> {
    const { url, host } = this.#addresses.find(publicUrl);
    return this.#network.soundMs(url, host === null ? {} : { Host: host });
  }

  #once({ url, method, params }: Request, idempotencyToken: string, timeoutMs: number): Promise<WebResult> {
    const form = formBody(params);
    const isPost = method === 'POST';
    const full = isPost || form === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${form}`;
    const address = this.#addresses.find(full);
    const signature = sign((key, data) => this.#network.hmac(key, data), this.#token, full, isPost ? params : []);
    return this.#network.ask({
      url: address.url,
      method,
      body: isPost ? form : '',
      timeoutMs,
      name: /^[a-z]+:\/\/[^/]+(\/[^?]*)?/.exec(url)?.[1] ?? '/',
      headers: {
        'User-Agent': 'TwilioProxy/1.1',
        Accept: '*/*',
        'X-Twilio-Signature': signature,
        'I-Twilio-Idempotency-Token': idempotencyToken,
        ...(address.host === null ? {} : { Host: address.host }),
        ...(isPost ? { 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' } : {}),
      },
    });
  }
}

function reasonOf(result: WebResult): 'ct' | 'rt' | '4xx' | '5xx' | null {
  if ('failed' in result) return result.failed;
  if (result.status >= 500) return '5xx';
  return result.status >= 400 ? '4xx' : null;
}

function answerOf(result: WebResult, url: string, ms: number): Omit<Answer, 'tries'> {
  const failed = (failure: keyof typeof codes): Omit<Answer, 'tries'> => {
    return { body: null, contentType: '', url, failure, errorCode: codes[failure], ms };
  };
  if ('failed' in result) return failed(result.isLate ? 'webhook_late' : 'webhook_unreachable');
  if (result.status < 200 || result.status > 299) return failed('webhook_status');
  if (result.body.length > documentCharsMax) return failed('webhook_twiml');
  return { body: result.body, contentType: result.contentType, url, failure: null, errorCode: 0, ms };
}
