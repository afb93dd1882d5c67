export type Parameters = readonly (readonly [string, string])[];

/** Base64 of HMAC-SHA1. */
export type Hmac = (key: string, data: string) => string;

/**
 * `X-Twilio-Signature`: over the URL without its fragment and, for form bodies, every parameter in order of its name, name
 * and value joined; values of a repeated name are de-duplicated and sorted.
 */
export function sign(hmac: Hmac, token: string, url: string, params: Parameters = []): string {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of params) {
    const set = values.get(name) ?? new Set<string>();
    values.set(name, set.add(value));
  }
  const hash = url.indexOf('#');
  let data = hash < 0 ? url : url.slice(0, hash);
  for (const name of [...values.keys()].sort(byBytes)) {
    for (const value of [...(values.get(name) ?? [])].sort(byBytes)) data += name + value;
  }
  return hmac(token, data);
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `application/x-www-form-urlencoded`, in the order given. */
export function formBody(params: Parameters): string {
  return params.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&');
}

const encoded = (text: string): string => encodeURIComponent(text).replace(/%20/g, '+');
