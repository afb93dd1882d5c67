import { createHmac } from 'node:crypto';

/**
 * `X-Twilio-Signature`: base64 of HMAC-SHA1 over the URL without its fragment and, for form bodies, every
 * parameter in order of its name (bytes), name and value joined. Values of a repeated name are de-duplicated and sorted.
 */
export function sign(authToken: string, url: string, params: readonly (readonly [string, string])[] = []): string {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of params) {
    const set = values.get(name) ?? new Set<string>();
    values.set(name, set.add(value));
  }
  let data = withoutFragment(url);
  for (const name of [...values.keys()].toSorted(byBytes)) {
    for (const value of [...(values.get(name) ?? [])].toSorted(byBytes)) data += name + value;
  }
  return createHmac('sha1', authToken).update(data, 'utf8').digest('base64');
}

export function withoutFragment(url: string): string {
  const hash = url.indexOf('#');
  return hash < 0 ? url : url.slice(0, hash);
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
