import { expect, test } from 'vitest';
import type { PageRoute } from './guard.ts';
import { createPaths } from './paths.ts';

const route = (path: string, method: PageRoute['method'] = 'GET'): PageRoute => ({
  method,
  path,
  role: 'viewer',
  handler: () => ({ status: 200 }),
});
const find = createPaths([
  route('/a/:id'),
  route('/a/new'),
  route('/a/:id', 'POST'),
  route('/a/*'),
  route('/a/:id/parts/:part'),
  route('/b', 'POST'),
]);

test.each([
  ['GET', '/a/new', '/a/new', {}],
  ['HEAD', '/a/new', '/a/new', {}],
  ['GET', '/a/x%20y', '/a/:id', { id: 'x y' }],
  ['POST', '/a/new', '/a/:id', { id: 'new' }],
  ['GET', '/a/1/parts/2', '/a/:id/parts/:part', { id: '1', part: '2' }],
  ['GET', '/a/1/other/%2e', '/a/*', { '*': '1/other/%2e' }],
  ['GET', '/a/', '/a/*', { '*': '' }],
  ['GET', '/a/%00', '/a/*', { '*': '%00' }],
  ['GET', '/a/%E0%A4%A', '/a/*', { '*': '%E0%A4%A' }],
])('%s %s is the page %s', (method, path, pattern, params) => {
  expect(find(method, path)).toMatchObject({ kind: 'route', route: { path: pattern }, params });
});

test.each(['/', '/a', '/b/', '/c', ''])('%j is none', (path) => {
  expect(find('GET', path)).toEqual({ kind: 'nothing' });
});

test('another method than a page has: which ones it has', () => {
  expect(find('GET', '/b')).toEqual({ kind: 'method', allow: { allow: 'POST' } });
  expect(find('DELETE', '/a/new')).toEqual({ kind: 'method', allow: { allow: 'GET, HEAD, POST' } });
});
