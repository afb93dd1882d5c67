import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Form } from './form.ts';

export interface SignedRequest {
  /** `X-Twilio-Signature`, '' without one. */
  signature: string;
  /** Spellings of the URL of which one was signed. */
  urls: readonly string[];
  /** Form parameters; empty for GET, WebSocket upgrades and JSON. */
  form: Form;
}

/** SHA-1, 20 bytes, as base64. */
const SIGNATURE_LENGTH = 28;
const BODY_HASH = /[?&]bodySHA256=([0-9a-fA-F]{64})(?:&|$)/;

/**
 * Base64 of HMAC-SHA1 over the URL and, sorted by name, each parameter's name and value without separators;
 * values of a repeated name once each, sorted. The same for WebSocket upgrades, whose URL begins with `wss:`.
 */
export function sign(authToken: string, url: string, form: Form): string {
  const byName = new Map<string, Set<string>>();
  for (const [name, value] of form) byName.set(name, (byName.get(name) ?? new Set<string>()).add(value));
  const names = [...byName.keys()].toSorted();
  const parameters = names.flatMap((name) => [...(byName.get(name) ?? [])].toSorted().map((value) => name + value));
  return createHmac('sha1', authToken)
    .update(url + parameters.join(''), 'utf8')
    .digest('base64');
}

/** True if any of the tokens (several while rotating) signed any of the spellings. Always does all the work. */
export function isSigned(request: SignedRequest, authTokens: readonly string[]): boolean {
  const given = Buffer.alloc(SIGNATURE_LENGTH);
  const isWellFormed = /^[A-Za-z0-9+/]{27}=$/.test(request.signature);
  if (isWellFormed) given.write(request.signature, 'latin1');
  let matches = 0;
  for (const authToken of authTokens) {
    for (const url of request.urls) {
      if (timingSafeEqual(Buffer.from(sign(authToken, url, request.form), 'latin1'), given)) matches += 1;
    }
  }
  return isWellFormed && matches > 0;
}

/** For bodies that are no forms the URL carries their SHA-256: true if it is there and right. */
export function isBodyAsSigned(target: string, body: Buffer): boolean {
  const hash = BODY_HASH.exec(target)?.[1];
  if (!hash) return false;
  return timingSafeEqual(createHash('sha256').update(body).digest(), Buffer.from(hash, 'hex'));
}

/**
 * How the address of an upgrade may have been spelled when it was signed: as it came, with or without a trailing
 * slash, each with or without the default port. Empty if the host is none of ours. `hosts` are `host[:port]`.
 */
export function upgradeSpellings(host: string, target: string, hosts: Iterable<string>): string[] {
  const bare = withoutDefaultPort(host);
  if (![...hosts].some((own) => withoutDefaultPort(own) === bare)) return [];
  const other = target.endsWith('/') ? target.slice(0, -1) : `${target}/`;
  const authorities = /:\d+$/.test(bare) ? [bare] : [bare, `${bare}:443`];
  return [target, other].flatMap((path) => authorities.map((authority) => `wss://${authority}${path}`));
}

function withoutDefaultPort(host: string): string {
  return host.toLowerCase().replace(/:443$/, '');
}
