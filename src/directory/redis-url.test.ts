import { expect, test } from 'vitest';
import { parseRedisUrl } from './redis-url.ts';

const plain = { tls: false, username: '', password: '', db: 0 };

test('one host, with and without what may be left out', () => {
  expect(parseRedisUrl('redis://localhost')).toEqual({
    ...plain,
    form: 'single',
    place: { host: 'localhost', port: 6379 },
  });
  expect(parseRedisUrl('rediss://user:p%40ss%3A@host:7000/3')).toEqual({
    tls: true,
    username: 'user',
    password: 'p@ss:',
    db: 3,
    form: 'single',
    place: { host: 'host', port: 7000 },
  });
  expect(parseRedisUrl('redis://[::1]:7000/')).toEqual({
    ...plain,
    form: 'single',
    place: { host: '::1', port: 7000 },
  });
  expect(parseRedisUrl('redis://:secret@host')).toMatchObject({ username: '', password: 'secret' });
});

test('sentinels with the name of the primary', () => {
  expect(parseRedisUrl('redis+sentinel://:pw@s1,s2:26380/main/2')).toEqual({
    ...plain,
    password: 'pw',
    db: 2,
    form: 'sentinel',
    primary: 'main',
    sentinels: [
      { host: 's1', port: 26_379 },
      { host: 's2', port: 26_380 },
    ],
  });
});

test('a cluster by its seeds', () => {
  expect(parseRedisUrl('rediss+cluster://a:1,b')).toEqual({
    ...plain,
    tls: true,
    form: 'cluster',
    seeds: [
      { host: 'a', port: 1 },
      { host: 'b', port: 6379 },
    ],
  });
});

test.each([
  'http://host',
  'host:6379',
  'redis://',
  'redis://a,b',
  'redis://host/x',
  'redis://host:port',
  'redis+sentinel://s1',
  'redis+cluster://a/1',
])('%s is refused by a rule', (url) => {
  expect(() => parseRedisUrl(url)).toThrow(/^REDIS_URL/);
});

test('a refusal does not quote the password', () => {
  expect(() => parseRedisUrl('redis://user:hunter22@host/x')).toThrow(expect.not.stringContaining('hunter22'));
});
