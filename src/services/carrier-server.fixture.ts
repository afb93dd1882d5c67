import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export const accountSid = `AC${'0'.repeat(32)}`;
export const recordingSid = `RE${'1'.repeat(32)}`;
export const sound = Buffer.from([0xff, 0xf3, 0x00, 0x80, 0x7f, 0x00]);

export const audio: Answer = (response) => response.writeHead(200, { 'content-type': 'audio/x-wav' }).end(sound);
export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end(code === 204 ? undefined : 'no');

/** The carrier's REST interface: the answers in order, the last one again and again. */
export async function carrierServer() {
  const answers: Answer[] = [];
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const basic = Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString();
    requests.push(`${request.method} ${request.url} ${basic}`);
    (answers.length > 1 ? answers.shift() : answers[0])?.(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    apiUrl,
    answers,
    requests,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
