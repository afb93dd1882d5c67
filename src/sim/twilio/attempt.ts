import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { type Place, reach } from './hosts.ts';

/** One HTTP request over one connection. Times in ms. */
export interface AttemptOptions {
  place: Place;
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  body: string;
  connectMs: number;
  readMs: number;
  bytesMax: number;
  signal: AbortSignal;
}

export interface HttpAnswer {
  status: number;
  contentType: string;
  location: string | null;
  body: Buffer;
}

export type AttemptFailure = 'connectTimeout' | 'connectFailed' | 'readTimeout' | 'broken' | 'tooLarge' | 'aborted';

/** Asks once; never rejects. */
export function attempt(options: AttemptOptions): Promise<HttpAnswer | AttemptFailure> {
  const { place } = options;
  return new Promise((resolve) => {
    let connected = false;
    let timer: NodeJS.Timeout | null = null;
    const outgoing = request({
      ...reach(place),
      method: options.method,
      path: place.target,
      agent: false,
      headers: { Host: place.publicHost, ...options.headers },
    });
    const settle = (result: HttpAnswer | AttemptFailure): void => {
      if (timer) clearTimeout(timer);
      options.signal.removeEventListener('abort', onAbort);
      resolve(result);
      if (typeof result === 'string') outgoing.destroy();
    };
    const onAbort = (): void => settle('aborted');
    outgoing.on('error', () => settle(connected ? 'broken' : 'connectFailed'));
    if (options.signal.aborted) return settle('aborted');
    options.signal.addEventListener('abort', onAbort, { once: true });
    timer = setTimeout(() => settle('connectTimeout'), options.connectMs);
    outgoing.once('socket', (socket) => {
      socket.once('connect', () => {
        connected = true;
        if (timer) clearTimeout(timer);
        timer = setTimeout(() => settle('readTimeout'), options.readMs);
      });
    });
    collect(outgoing, options.bytesMax, settle);
    outgoing.end(options.body);
  });
}

function collect(
  outgoing: ClientRequest,
  bytesMax: number,
  settle: (result: HttpAnswer | AttemptFailure) => void,
): void {
  outgoing.once('response', (incoming: IncomingMessage) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on('error', () => settle('broken'));
    incoming.on('aborted', () => settle('broken'));
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) settle('tooLarge');
      else chunks.push(chunk);
    });
    incoming.on('end', () => {
      const { headers } = incoming;
      settle({
        status: incoming.statusCode ?? 0,
        contentType: headers['content-type'] ?? '',
        location: headers.location ?? null,
        body: Buffer.concat(chunks),
      });
    });
  });
}
