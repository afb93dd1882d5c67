import type { HttpRequest as RawRequest, HttpResponse as RawResponse } from 'uWebSockets.js';
import type { AnswerStream } from './answer-stream.ts';

/** A request that stays readable after an await. */
export interface HttpRequest {
  /** In capitals. */
  method: string;
  /** Raw path and query, every byte as it stood in the request line: signatures cover it. */
  target: string;
  /** Raw, not decoded. */
  path: string;
  /** Raw, without the question mark, '' without one. */
  query: string;
  /** By lower-case name; '' where absent, the first where repeated; of `x-forwarded-for` all, as one line. */
  header(name: string): string;
  /** Of whoever connected, which may be a proxy. */
  address: string;
  /** Empty for requests without a body and for upgrades. */
  body: Buffer;
}

export interface HttpResponse {
  status: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** In place of a body: called with one that goes on, once the head is written. Not for HEAD. */
  stream?: (out: AnswerStream) => void;
}

/** Every status that this project answers. */
const reasons: Record<number, string> = {
  200: 'OK',
  204: 'No Content',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

const SECURITY_HEADERS: Record<string, string> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};
const NO_BODY = Buffer.alloc(0);
const FORWARDED = 'x-forwarded-for';

/** Copies what uWebSockets.js forgets when its handler returns. */
export function copyRequest(raw: RawRequest, address: string): HttpRequest {
  const headers = new Map<string, string>();
  raw.forEach((name, value) => {
    const known = headers.get(name);
    if (known === undefined) headers.set(name, value);
    // Proxies may write a line of their own after the one that a client made up.
    else if (name === FORWARDED) headers.set(name, `${known}, ${value}`);
  });
  const path = raw.getUrl();
  // undefined without a question mark, although the typings promise a string.
  const query = raw.getQuery() as string | undefined;
  return {
    method: raw.getCaseSensitiveMethod().toUpperCase(),
    target: query === undefined ? path : `${path}?${query}`,
    path,
    query: query ?? '',
    header: (name) => headers.get(name) ?? '',
    address,
    body: NO_BODY,
  };
}

/** A plain sentence as the whole answer. */
export function plain(status: number, sentence: string, headers: Record<string, string> = {}): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: `${sentence}\n` };
}

export interface WriteOptions {
  /** HEAD: the length of the body without the body. */
  withoutBody: boolean;
  /** End the connection after it: the rest of the request was not read. */
  closeConnection: boolean;
}

/** The caller has made sure that the response was neither aborted nor answered. */
export function writeResponse(raw: RawResponse, response: HttpResponse, options: WriteOptions): void {
  raw.cork(() => {
    writeHead(raw, response);
    // Strings would go out in Latin-1.
    const body = Buffer.from(response.body ?? '');
    if (response.status === 204 || response.status === 304) raw.endWithoutBody();
    else if (options.withoutBody) raw.endWithoutBody(body.length, options.closeConnection);
    else raw.end(body, options.closeConnection);
  });
}

/** Status line and headers; the caller corks. */
export function writeHead(raw: RawResponse, response: HttpResponse): void {
  raw.writeStatus(`${response.status} ${reasons[response.status] ?? 'Status'}`);
  const own = Object.entries(response.headers ?? {}).map(([name, value]): [string, string] => [
    name.toLowerCase(),
    value,
  ]);
  const headers = { ...SECURITY_HEADERS, ...Object.fromEntries(own) };
  for (const [name, value] of Object.entries(headers)) raw.writeHeader(name, value.replace(/[\r\n]+/g, ' '));
}
