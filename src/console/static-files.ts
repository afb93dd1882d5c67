import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConsoleRequest, ConsoleResponse } from './message.ts';

export const STATIC = '/admin/static/';

const FOLDER = join(import.meta.dirname, 'static');
/** From the registry, served by us. */
const PACKAGED = {
  'htmx.js': import.meta.resolve('htmx.org/dist/htmx.min.js'),
};
const KEPT_S = 365 * 24 * 3_600;
const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

interface StaticFile {
  type: string;
  body: Buffer;
  version: string;
}

/** Read once; whatever is not among them does not exist. */
const files = new Map<string, StaticFile>([
  ...readdirSync(FOLDER).map((name): [string, StaticFile] => [name, readStatic(name, join(FOLDER, name))]),
  ...Object.entries(PACKAGED).map(([name, url]): [string, StaticFile] => [name, readStatic(name, fileURLToPath(url))]),
]);

function readStatic(name: string, path: string): StaticFile {
  const body = readFileSync(path);
  const type = TYPES[extname(name)] ?? 'application/octet-stream';
  return { type, body, version: createHash('sha256').update(body).digest('base64url').slice(0, 22) };
}

/** The address of a file under which it never changes. Throws for one that does not exist. */
export function assetPath(name: string): string {
  const file = files.get(name);
  if (!file) throw new Error(`there is no static file ${name}`);
  return `${STATIC}${name}?v=${file.version}`;
}

/** Null for what does not exist. */
export function staticFile(request: ConsoleRequest): ConsoleResponse | null {
  const file = files.get(request.path.slice(STATIC.length));
  if (!file) return null;
  const isVersioned = request.query === `v=${file.version}`;
  const etag = `"${file.version}"`;
  const headers = {
    'content-type': file.type,
    etag,
    'cache-control': isVersioned ? `public, max-age=${KEPT_S}, immutable` : 'public, no-cache',
  };
  if (request.header('if-none-match') === etag) return { status: 304, headers };
  return { status: 200, headers, body: file.body };
}
