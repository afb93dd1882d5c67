import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An S3-compatible bucket on 127.0.0.1, by path, that checks each signature (version 4) by itself. */
export interface FakeBucket {
  /** For RECORDINGS_URL. */
  readonly url: string;
  /** By key. */
  readonly objects: Map<string, { body: Buffer; contentType: string }>;
  /** `PUT prefix/name 200`, oldest first. */
  readonly requests: string[];
  /** Answered in place of the next requests, one each. */
  readonly failures: number[];
  close(): Promise<void>;
}

const BUCKET = 'recordings';
const REGION = 'eu-central-1';
const KEY_ID = 'AKIDEXAMPLE';
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const SKEW_MS = 15 * 60_000;
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

export async function startFakeBucket(prefix = ''): Promise<FakeBucket> {
  const objects: FakeBucket['objects'] = new Map();
  const requests: string[] = [];
  const failures: number[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://bucket');
      const key = decodeURIComponent(url.pathname.replace(`/${BUCKET}/`, ''));
      const status = failures.shift() ?? faultOf(request, url, body) ?? serve(objects, request, key, body, response);
      requests.push(`${request.method} ${key} ${status}`);
      if (!response.headersSent) response.writeHead(status);
      if (!response.writableEnded) response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const path = prefix === '' ? '' : `/${prefix}`;
  return {
    url: `s3://${KEY_ID}:${encodeURIComponent(SECRET)}@${BUCKET}${path}?region=${REGION}&endpoint=${endpoint}`,
    objects,
    requests,
    failures,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function serve(
  objects: FakeBucket['objects'],
  { method, headers }: IncomingMessage,
  key: string,
  body: Buffer,
  response: ServerResponse,
): number {
  const found = objects.get(key);
  switch (method) {
    case 'PUT':
      // Of a body whose length is not said in advance S3 takes nothing.
      if (headers['content-length'] === undefined) return 411;
      objects.set(key, { body, contentType: headers['content-type'] ?? '' });
      return 200;
    case 'GET':
      if (!found) return 404;
      response.writeHead(200, { 'content-type': found.contentType }).end(found.body);
      return 200;
    case 'DELETE':
      objects.delete(key);
      return 204;
    default:
      return 405;
  }
}

/** The status with which a request is refused; null for one that is signed well. */
function faultOf(request: IncomingMessage, url: URL, body: Buffer): number | null {
  const { method = '', headers } = request;
  const [, keyId, day, region, names = '', given] = AUTHORIZATION.exec(headers.authorization ?? '') ?? [];
  const time = String(headers['x-amz-date'] ?? '');
  const payload = String(headers['x-amz-content-sha256'] ?? '');
  const signed = names.split(';');
  if (keyId !== KEY_ID || region !== REGION || !time.startsWith(day ?? 'none')) return 403;
  if (!['host', 'x-amz-content-sha256', 'x-amz-date'].every((name) => signed.includes(name))) return 403;
  const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(Date.now() - at) < SKEW_MS) || payload !== sha256(body)) return 403;
  if (!url.pathname.startsWith(`/${BUCKET}/`)) return 404;
  const canonical = [
    method,
    url.pathname,
    [...url.searchParams]
      .map((pair) => pair.join('='))
      .toSorted((a, b) => (a < b ? -1 : 1))
      .join('&'),
    ...signed.map((name) => `${name}:${String(headers[name] ?? '').trim()}`),
    '',
    names,
    payload,
  ].join('\n');
  const scope = `${day}/${REGION}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = [day ?? '', REGION, 's3', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${SECRET}`,
  );
  return createHmac('sha256', key).update(text).digest('hex') === given ? null : 403;
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}
