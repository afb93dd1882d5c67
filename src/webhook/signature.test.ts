import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { getExpectedTwilioSignature, validateRequest } from 'twilio/lib/webhooks/webhooks.js';
import { describe, expect, it } from 'vitest';
import { isFormType, parseForm, valueOf, type Form } from './form.ts';
import { isBodyAsSigned, isSigned, sign, upgradeSpellings } from './signature.ts';

const vector: Form = [
  ['CallSid', 'CA1234567890ABCDE'],
  ['Caller', '+14158675309'],
  ['Digits', '1234'],
  ['From', '+14158675309'],
  ['To', '+18005551212'],
];
const VECTOR_URL = 'https://mycompany.com/myapp.php?foo=1&bar=2';
const URL = 'https://voice.example.com/voice';
const signed = (signature: string, urls = [URL], form = vector) => ({ signature, urls, form });

describe('sign', () => {
  it("gives the carrier's published vector", () => {
    expect(sign('12345', VECTOR_URL, vector)).toBe('RSOYDt4T1cUTdK1PDd93/VVr8B8=');
    expect(sign('12345', VECTOR_URL, vector.toReversed())).toBe('RSOYDt4T1cUTdK1PDd93/VVr8B8=');
  });

  it("agrees with the carrier's own library on any form, repeated and empty values too", () => {
    const name = fc.string({ minLength: 1, maxLength: 4 }).filter((text) => text !== '__proto__');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string({ unit: 'grapheme', maxLength: 5 })), { maxLength: 8 }), (form) => {
        const params: Record<string, string | string[]> = {};
        for (const [key, value] of form) {
          const before = Object.hasOwn(params, key) ? params[key] : undefined;
          params[key] = before === undefined ? value : [before, value].flat();
        }
        const signature = getExpectedTwilioSignature('token', URL, params);
        expect(sign('token', URL, form)).toBe(signature);
        expect(validateRequest('token', sign('token', URL, form), URL, params)).toBe(true);
      }),
    );
  });
});

describe('isSigned', () => {
  it('accepts each of several tokens and spellings, nothing else', () => {
    const signature = sign('old-token', URL, vector);
    expect(isSigned(signed(signature), ['new-token', 'old-token'])).toBe(true);
    expect(isSigned(signed(signature, ['https://other', URL]), ['old-token'])).toBe(true);
    expect(isSigned(signed(signature), ['new-token'])).toBe(false);
    expect(isSigned(signed(signature), [])).toBe(false);
    expect(isSigned(signed(signature, [`${URL}/`, `${URL}?`, URL.replace('https', 'http')]), ['old-token'])).toBe(
      false,
    );
    expect(isSigned(signed(signature, [URL], vector.slice(1)), ['old-token'])).toBe(false);
    expect(isSigned(signed(signature, [URL], [...vector, ['New', '']]), ['old-token'])).toBe(false);
  });

  it.each(['', 'x', '='.repeat(28), 'A'.repeat(28), `${'A'.repeat(27)}=`, 'é'.repeat(28)])(
    'refuses %j',
    (signature) => {
      expect(isSigned(signed(signature), ['token'])).toBe(false);
    },
  );

  it('refuses a signature or a value in which anything was changed', () => {
    const signature = sign('token', URL, vector);
    fc.assert(
      fc.property(
        fc.nat(signature.length - 1),
        fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }),
        (at, character) => {
          fc.pre(signature[at] !== character);
          expect(isSigned(signed(signature.slice(0, at) + character + signature.slice(at + 1)), ['token'])).toBe(false);
        },
      ),
      { numRuns: 1_000 },
    );
    fc.assert(
      fc.property(fc.nat(vector.length - 1), fc.nat(1), fc.string({ maxLength: 10 }), (at, side, text) => {
        const form = vector.map(([name, value], index): [string, string] => {
          if (index !== at) return [name, value];
          return side === 0 ? [text, value] : [name, text];
        });
        // Name and value are joined without a separator: moving the border between them is no change.
        fc.pre(form.map((pair) => pair.join('')).join('') !== vector.map((pair) => pair.join('')).join(''));
        expect(isSigned(signed(signature, [URL], form), ['token'])).toBe(false);
      }),
    );
  });
});

describe('isBodyAsSigned', () => {
  const body = Buffer.from('{"a":1}');
  const hash = createHash('sha256').update(body).digest('hex');
  it('compares the raw body with the hash in the URL', () => {
    expect(isBodyAsSigned(`/x?bodySHA256=${hash}`, body)).toBe(true);
    expect(isBodyAsSigned(`/x?a=b&bodySHA256=${hash}&c=d`, body)).toBe(true);
    expect(isBodyAsSigned(`/x?bodySHA256=${hash}`, Buffer.from('{"a":2}'))).toBe(false);
    expect(isBodyAsSigned('/x', body)).toBe(false);
    expect(isBodyAsSigned(`/x?bodySHA256=${hash.slice(1)}`, body)).toBe(false);
  });
});

describe('upgradeSpellings', () => {
  const hosts = ['voice.example.com', 'node-1.example.com:8443'];
  it.each([
    ['wss://voice.example.com/media-stream'],
    ['wss://voice.example.com/media-stream/'],
    ['wss://voice.example.com:443/media-stream'],
    ['wss://voice.example.com:443/media-stream/'],
  ])('covers %s', (url) => {
    for (const host of ['voice.example.com', 'Voice.Example.com:443']) {
      const urls = upgradeSpellings(host, '/media-stream', hosts);
      expect(isSigned({ signature: sign('token', url, []), urls, form: [] }, ['token'])).toBe(true);
    }
  });

  it('keeps a port of its own, and refuses other hosts', () => {
    expect(upgradeSpellings('node-1.example.com:8443', '/media-stream/', hosts)).toEqual([
      'wss://node-1.example.com:8443/media-stream/',
      'wss://node-1.example.com:8443/media-stream',
    ]);
    for (const host of ['evil.example.com', '', 'voice.example.com:8443', 'node-1.example.com', 'voice.example.com.']) {
      expect(upgradeSpellings(host, '/media-stream', hosts)).toEqual([]);
    }
  });
});

describe('parseForm', () => {
  const parse = (text: string) => parseForm(Buffer.from(text));
  it('keeps order, repeated names, empty values and names', () => {
    expect(parse('a=1&b=&a=2&c&=x&d=%2B1+2%C3%BC&e=f=g')).toEqual([
      ['a', '1'],
      ['b', ''],
      ['a', '2'],
      ['c', ''],
      ['', 'x'],
      ['d', '+1 2ü'],
      ['e', 'f=g'],
    ]);
    expect(parse('')).toEqual([]);
    expect(valueOf(parse('a=1&a=2') ?? [], 'a')).toBe('1');
    expect(valueOf([], 'a')).toBe('');
  });

  it.each(['%', '%G0=1', 'a=%C3', 'a=%FF', 'a=ü', 'a=\0', 'a b=1', Array.from({ length: 257 }, () => 'a=1').join('&')])(
    'refuses %j',
    (text) => {
      expect(parse(text)).toBeNull();
    },
  );

  it('reads back whatever was encoded', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' })), {
          maxLength: 20,
        }),
        (pairs) => {
          expect(parse(new URLSearchParams(pairs).toString())).toEqual(pairs);
        },
      ),
    );
  });

  it('knows its content type', () => {
    expect(isFormType('application/x-www-form-urlencoded')).toBe(true);
    expect(isFormType('Application/X-WWW-Form-Urlencoded; charset=UTF-8')).toBe(true);
    for (const type of [
      '',
      'application/json',
      'multipart/form-data; x=application/x-www-form-urlencoded',
      'text/plain',
    ])
      expect(isFormType(type)).toBe(false);
  });
});
