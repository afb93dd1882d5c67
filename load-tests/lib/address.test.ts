import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AddressBook, resolveUrl } from './address.ts';

test('a mapped name is reached without TLS at its addresses in turn, the path as it was written', () => {
  const book = new AddressBook({
    'https://voice.example.com': ['127.0.0.1:1', '127.0.0.1:2'],
    'wss://node-1.example.com': '127.0.0.1:3',
  });
  const found = [1, 2, 3].map(() => book.find('https://voice.example.com/voice/next?move=1#rc=3'));
  expect(found.map(({ url }) => url)).toEqual([1, 2, 1].map((port) => `http://127.0.0.1:${port}/voice/next?move=1`));
  expect(found[0]?.host).toBe('voice.example.com');
  expect(book.find('wss://node-1.example.com/media-stream')).toEqual({
    url: 'ws://127.0.0.1:3/media-stream',
    host: 'node-1.example.com',
  });
});

test('any other name is reached as it is written', () => {
  expect(new AddressBook({}).find('https://staging.example.com/voice#ct=1')).toEqual({
    url: 'https://staging.example.com/voice',
    host: null,
  });
});

test('URLs of documents resolve as browsers do it', () => {
  const base = 'https://voice.example.com/voice/wait?n=2';
  const segment = fc.stringMatching(/^[a-z0-9-]{1,8}$/);
  const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  const query = fc.option(
    segment.map((text) => `?n=${text}`),
    { nil: '' },
  );
  fc.assert(
    fc.property(path, query, fc.constantFrom('', '/', 'https://other.example.com/'), (to, asked, before) => {
      const url = `${before}${to}${asked}`;
      expect(resolveUrl(url, base)).toBe(new URL(url, base).href);
    }),
  );
  expect(resolveUrl('', base)).toBe(base);
});
