import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { ConsoleRequest, ConsoleResponse } from './message.ts';

const FOLDER = join(import.meta.dirname, 'static');
const MAX_AGE_S = 3_600;
const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

interface StaticFile {
  type: string;
  body: Buffer;
  etag: string;
}

/** Reads the folder once; whatever is not in it does not exist. */
export function createStaticFiles(prefix: string): (request: ConsoleRequest) => ConsoleResponse | null {
  const files = new Map(readdirSync(FOLDER).map((name): [string, StaticFile] => [prefix + name, readStatic(name)]));
  return (request) => {
    const file = files.get(request.path);
    if (!file) return null;
    const headers = { 'content-type': file.type, etag: file.etag, 'cache-control': `public, max-age=${MAX_AGE_S}` };
    if (request.header('if-none-match') === file.etag) return { status: 304, headers };
    return { status: 200, headers, body: file.body };
  };
}

function readStatic(name: string): StaticFile {
  const body = readFileSync(join(FOLDER, name));
  const type = TYPES[extname(name)] ?? 'application/octet-stream';
  return { type, body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}
