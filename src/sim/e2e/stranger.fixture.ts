import { request } from 'node:http';
import { WebSocket } from 'ws';
import { PUBLIC_HOST } from '../fleet.ts';
import { sign } from '../twilio/signature.ts';
import type { World } from './world.fixture.ts';

export interface Post {
  path: string;
  params?: Record<string, string>;
  /** `forged`: with another account's token. */
  signature?: 'right' | 'forged' | 'none';
  contentType?: string;
  /** In place of the parameters as a form. */
  body?: string;
}

export interface Answer {
  status: number;
  body: string;
}

const FORM = 'application/x-www-form-urlencoded; charset=UTF-8';

/** A request to the node's public port as it stands, whoever may have sent it. */
export function post(
  world: Pick<World, 'env' | 'node'>,
  { path, params = {}, signature = 'right', contentType = FORM, body }: Post,
): Promise<Answer> {
  const token = signature === 'forged' ? 'of-somebody-else' : (world.env['TWILIO_AUTH_TOKEN'] ?? '');
  const isForm = contentType === FORM;
  const signed = sign(
    token,
    `https://${PUBLIC_HOST}${path}`,
    isForm && body === undefined ? Object.entries(params) : [],
  );
  const text = body ?? new URLSearchParams(params).toString();
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: world.node.port,
        method: 'POST',
        path,
        agent: false,
        headers: {
          Host: PUBLIC_HOST,
          'Content-Type': contentType,
          'Content-Length': Buffer.byteLength(text),
          ...(signature === 'none' ? {} : { 'X-Twilio-Signature': signed }),
        },
      },
      (incoming) => {
        let answer = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => (answer += chunk));
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: answer }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}

/** A media socket that nobody announced. Resolves with how it ended: the HTTP status of a refusal, or the close code. */
export function connect(
  world: World,
  options: { signature: 'right' | 'forged'; callSid: string; token: string },
): Promise<{ refused: number } | { closed: number }> {
  const url = `wss://${PUBLIC_HOST}/media-stream`;
  const token = options.signature === 'forged' ? 'of-somebody-else' : (world.env['TWILIO_AUTH_TOKEN'] ?? '');
  const socket = new WebSocket(`ws://127.0.0.1:${world.node.port}/media-stream`, {
    headers: { Host: PUBLIC_HOST, 'X-Twilio-Signature': sign(token, url) },
    perMessageDeflate: false,
  });
  const streamSid = `MZ${'0'.repeat(32)}`;
  const start = {
    accountSid: world.env['TWILIO_ACCOUNT_SID'],
    streamSid,
    callSid: options.callSid,
    tracks: ['inbound'],
    mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
    customParameters: { token: options.token },
  };
  return new Promise((resolve) => {
    socket.once('open', () => {
      socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
      socket.send(JSON.stringify({ event: 'start', sequenceNumber: '1', streamSid, start }));
    });
    socket.once('unexpected-response', (asked, response) => {
      asked.destroy();
      resolve({ refused: response.statusCode ?? 0 });
    });
    socket.on('error', () => undefined);
    socket.once('close', (closed) => resolve({ closed }));
  });
}
