import { expect, test } from 'vitest';
import { parseTwiml } from './twiml.ts';

const BASE = 'https://voice.example.com';

test.each([
  ['<Response><Talk/></Response>', '<Talk> is not known'],
  ['<Response><Say speed="2">a</Say></Response>', '<Say speed="2"> is not known'],
  ['<Response><Hangup/><Say>a</Say></Response>', '<Say> after <Hangup> is never reached'],
  [
    '<Response><Connect action="/x"><Stream url="wss://a.example/m"/></Connect><Say>a</Say></Response>',
    'never reached',
  ],
  ['<Response><Connect><Stream url="https://a.example/m"/></Connect></Response>', '31922'],
  ['<Response><Connect><Stream url="wss://a.example/m?x=1"/></Connect></Response>', '31920'],
  [
    `<Response><Connect><Stream url="wss://a.example/m"><Parameter name="a" value="${'v'.repeat(499)}"/></Stream></Connect></Response>`,
    '500 characters',
  ],
  ['<response/>', 'not <Response>'],
  ['<Response>words</Response>', 'holds text'],
])('TwiML: %s', (source, complaint) => {
  expect(parseTwiml(source, `${BASE}/voice`).complaints).toEqual([expect.stringContaining(complaint)]);
});

test.each([
  '<Response>',
  '<Response/><Response/>',
  '<Response a=1/>',
  '<Response a="1" a="2"/>',
  '<Response><Say>a & b</Say></Response>',
  '<Response><Say>&nbsp;</Say></Response>',
  'words',
  '<Response></response>',
  '<!DOCTYPE a><Response/>',
  '<Response><!-- a -- b --></Response>',
])('XML: %s is not well-formed', (source) => {
  expect(() => parseTwiml(source, null)).toThrow(/at character/);
});

test('XML: entities, CDATA, comments and both quotes are read', () => {
  const { verbs, complaints } = parseTwiml(
    `<?xml version="1.0" encoding="UTF-8"?>\n<!-- x --><Response><Say voice='a"b'>a &amp; b &#x41;<![CDATA[<c>]]></Say></Response>\n`,
    null,
  );
  expect(verbs).toEqual([{ name: 'Say', attributes: { voice: 'a"b' }, children: [], text: 'a & b A<c>' }]);
  expect(complaints).toEqual([]);
});

test('inline TwiML needs absolute URLs', () => {
  expect(parseTwiml('<Response><Dial action="/x">+1555</Dial></Response>', null).complaints).toEqual([
    expect.stringContaining('inline'),
  ]);
});
