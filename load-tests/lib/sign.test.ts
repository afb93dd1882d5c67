import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import twilio from 'twilio';
import { expect, test } from 'vitest';
import { formBody, sign } from './sign.ts';

const hmac = (key: string, data: string): string => createHmac('sha1', key).update(data, 'utf8').digest('base64');
const url = 'https://mycompany.com/myapp.php?foo=1&bar=2';

test('the documented vector comes out, whatever stands behind #', () => {
  const params = Object.entries({
    CallSid: 'CA1234567890ABCDE',
    Caller: '+14158675309',
    Digits: '1234',
    From: '+14158675309',
    To: '+18005551212',
  });
  for (const target of [url, `${url}#rc=2&rp=all`]) {
    expect(sign(hmac, '12345', target, params)).toBe('RSOYDt4T1cUTdK1PDd93/VVr8B8=');
  }
});

test("the carrier's own package accepts what is signed, forms and upgrades alike", () => {
  const name = fc.stringMatching(/^[A-Za-z]{1,12}$/);
  fc.assert(
    fc.property(fc.dictionary(name, fc.string({ unit: 'binary', maxLength: 20 })), (params) => {
      const signature = sign(hmac, 'secret', url, Object.entries(params));
      expect(twilio.validateRequest('secret', signature, url, params)).toBe(true);
      expect(twilio.validateRequest('other', signature, url, params)).toBe(false);
    }),
    { numRuns: 100 },
  );
  const stream = 'wss://node-1.example.com/media-stream';
  expect(twilio.validateRequest('secret', sign(hmac, 'secret', stream), stream, {})).toBe(true);
});

test('a repeated parameter is signed once for each value, in order', () => {
  const repeated = [
    ['A', '2'],
    ['A', '1'],
    ['A', '2'],
  ] as const;
  expect(sign(hmac, 'secret', url, repeated)).toBe(hmac('secret', `${url}A1A2`));
});

test('a form reads back as it was written', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.string({ unit: 'grapheme' }))), (params) => {
      expect([...new URLSearchParams(formBody(params))]).toEqual(params);
    }),
    { numRuns: 100 },
  );
  expect(formBody([['From', '+1 ä&=']])).toBe('From=%2B1+%C3%A4%26%3D');
});
