import { expect, test } from 'vitest';
import { Twiml } from '../webhook/twiml.ts';
import { readTwiml, TwimlError } from './twiml-reader.ts';

const twiml = new Twiml('https://aida.example.com', { said: () => null });

test('what Aida writes is read whole', () => {
  const stream = { mediaUrl: 'wss://aida.example.com/media-stream', token: 'a&b<c' };
  const [say, start, connect] = readTwiml(
    twiml.connect(stream, { before: ['Crème & sugar: "yes" <or> no?'], language: 'en', isRecorded: true }),
  );
  expect(say).toEqual({ name: 'Say', attributes: {}, children: [], text: 'Crème & sugar: "yes" <or> no?' });
  expect(start?.children.map(({ name }) => name)).toEqual(['Recording']);
  expect(connect?.attributes['action']).toBe('https://aida.example.com/voice/next#ct=1000&rt=2500&rc=3&rp=all');
  expect(connect?.children[0]?.children[0]?.attributes).toEqual({ name: 'token', value: 'a&b<c' });
  expect(readTwiml(twiml.hangup()).map(({ name }) => name)).toEqual(['Hangup']);
  expect(readTwiml(twiml.empty())).toEqual([]);
});

test('comments, references and nesting', () => {
  const [gather] = readTwiml(
    '<?xml version="1.0"?><!-- a --><Response><Gather numDigits="1"><Say>&#65;&#x42;&amp;amp; &unknown;</Say><Pause/></Gather></Response>',
  );
  expect(gather?.children).toEqual([
    { name: 'Say', attributes: {}, children: [], text: 'AB&amp; &unknown;' },
    { name: 'Pause', attributes: {}, children: [], text: '' },
  ]);
});

test.each([
  '',
  'no document',
  '<Response>',
  '<Response></Other>',
  '<Response/><Response/>',
  '<Other/>',
  '<Response><Say a=b/></Response>',
  '<Response><!DOCTYPE x></Response>',
  `${'<Response>'.repeat(12)}${'</Response>'.repeat(12)}`,
  `<Response>${'<Pause/>'.repeat(600)}</Response>`,
])('%j is none', (source) => {
  expect(() => readTwiml(source)).toThrow(TwimlError);
});
