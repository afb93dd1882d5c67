import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { notFound, type RestAnswer, type RestAsk, type RestRecord, restError } from './rest-answer.ts';
import { createCall } from './rest-create.ts';
import { fetchCall, listCalls, updateCall } from './rest-calls.ts';
import { listNumbers, updateNumber } from './rest-numbers.ts';
import { fetchRecording, updateRecording } from './rest-recordings.ts';
import type { World } from './world.ts';

const BODY_BYTES_MAX = 64 * 1024;

/** Serves `/2010-04-01/Accounts/{AC}/…`; the address that it tells is one of this machine. */
export async function startRest(
  world: World,
  port: number,
  host = '127.0.0.1',
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    void handle(world, incoming).then((answer) => {
      if (answer) write(outgoing, answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Null: the request is never answered. */
async function handle(world: World, incoming: IncomingMessage): Promise<RestAnswer | null> {
  const url = new URL(incoming.url ?? '/', 'http://fake');
  const body = await bodyOf(incoming);
  if (body === null) return restError(413, 20_413, 'Request entity too large');
  const record = noted(world, incoming.method ?? 'GET', url, body);
  const answer = answerTo(world, incoming, url, body);
  record.status = answer?.status ?? null;
  record.code = errorCode(answer);
  return answer;
}

function noted(world: World, method: string, url: URL, body: string): RestRecord {
  const record: RestRecord = {
    atMs: performance.now(),
    method,
    path: url.pathname.replace(`/2010-04-01/Accounts/${world.accountSid}`, ''),
    query: Object.fromEntries(url.searchParams),
    form: Object.fromEntries(new URLSearchParams(body)),
    status: null,
    code: null,
  };
  world.requests.push(record);
  return record;
}

function errorCode(answer: RestAnswer | null): number | null {
  const body = answer?.body;
  return body && 'code' in body && typeof body.code === 'number' ? body.code : null;
}

function answerTo(world: World, incoming: IncomingMessage, url: URL, body: string): RestAnswer | null {
  if (world.random.chance(world.faults.restSilent)) return null;
  if (world.random.chance(world.faults.restBroken)) return restError(500, 20_500, 'Internal server error');
  if (!authorized(world, incoming)) return restError(401, 20_003, 'Authenticate');
  if (world.random.chance(world.faults.restBusy)) return restError(429, 20_429, 'Too many requests');
  const prefix = `/2010-04-01/Accounts/${world.accountSid}`;
  if (!url.pathname.startsWith(`${prefix}/`)) return notFound(url.pathname);
  const type = incoming.headers['content-type'] ?? '';
  if (incoming.method === 'POST' && !type.startsWith('application/x-www-form-urlencoded')) {
    world.complain(`REST ${incoming.method} ${url.pathname}: content type ${type} instead of a form`);
    return restError(400, 20_001, 'Unsupported content type');
  }
  return route(world, {
    method: incoming.method ?? 'GET',
    path: url.pathname.slice(prefix.length),
    query: url.searchParams,
    form: new URLSearchParams(body),
  });
}

function route(world: World, ask: RestAsk): RestAnswer {
  const call = /^\/Calls\/(CA[0-9a-f]{32})\.json$/.exec(ask.path)?.[1];
  if (call !== undefined && ask.method === 'POST') return updateCall(world, call, ask);
  if (call !== undefined && ask.method === 'GET') return fetchCall(world, call);
  if (ask.path === '/Calls.json' && ask.method === 'POST') return createCall(world, ask);
  if (ask.path === '/Calls.json' && ask.method === 'GET') return listCalls(world, ask.query);
  if (ask.path === '/IncomingPhoneNumbers.json' && ask.method === 'GET') return listNumbers(world, ask.query);
  const number = /^\/IncomingPhoneNumbers\/(PN[0-9a-f]{32})\.json$/.exec(ask.path)?.[1];
  if (number !== undefined && ask.method === 'POST') return updateNumber(world, number, ask);
  const control = /^\/Calls\/(CA[0-9a-f]{32})\/Recordings\/(RE[0-9a-f]{32}|Twilio\.CURRENT)\.json$/.exec(ask.path);
  if (control && ask.method === 'POST') return updateRecording(world, control[1] ?? '', control[2] ?? '', ask);
  const recording = /^\/Recordings\/(RE[0-9a-f]{32})(\.json|\.wav|\.mp3|)$/.exec(ask.path);
  if (recording && (ask.method === 'GET' || ask.method === 'DELETE')) {
    return fetchRecording(world, recording[1] ?? '', recording[2] ?? '', ask.method);
  }
  world.complain(`REST ${ask.method} ${ask.path} is not known or not simulated`);
  return notFound(ask.path);
}

function authorized(world: World, incoming: IncomingMessage): boolean {
  const expected = Buffer.from(`${world.accountSid}:${world.authToken}`).toString('base64');
  return incoming.headers.authorization === `Basic ${expected}`;
}

async function bodyOf(incoming: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of incoming) {
      bytes += (chunk as Buffer).length;
      if (bytes > BODY_BYTES_MAX) return null;
      chunks.push(chunk as Buffer);
    }
  } catch {
    return '';
  }
  return Buffer.concat(chunks).toString('utf8');
}

function write(outgoing: ServerResponse, answer: RestAnswer): void {
  const { body } = answer;
  if (body === null) {
    outgoing.writeHead(answer.status).end();
  } else if (body instanceof Uint8Array) {
    outgoing
      .writeHead(answer.status, {
        'Content-Type': answer.type ?? 'application/octet-stream',
        'Content-Length': body.length,
      })
      .end(body);
  } else {
    outgoing.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  }
}
