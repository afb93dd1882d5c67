import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createChatWords, type ChatWords } from './chat-words.ts';

const asked: { url: string | undefined; authorization: string | undefined; body: unknown }[] = [];
let answer: { status: number; body: string } = { status: 200, body: '' };
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    asked.push({ url: request.url, authorization: request.headers.authorization, body: JSON.parse(body) });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
});
let say: ChatWords;

beforeAll(async () => {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  say = createChatWords({ apiUrl: `http://127.0.0.1:${port}/v1`, apiKey: 'key', model: 'chat' });
});
afterAll(() => void server.close());

test('the model is told what the assistant is told, and what the tool found', async () => {
  answer = { status: 200, body: JSON.stringify({ choices: [{ message: { content: 'Behind the store.' } }] }) };
  expect(await say('You are Aida.', 'Where can I park?', '{"found":true}')).toBe('Behind the store.');
  expect(asked).toMatchObject([
    {
      url: '/v1/chat/completions',
      authorization: 'Bearer key',
      body: {
        model: 'chat',
        messages: [
          { role: 'system', content: expect.stringMatching(/^You are Aida\.[^]*\{"found":true\}$/) },
          { role: 'user', content: 'Where can I park?' },
        ],
      },
    },
  ]);
});

test.each([
  [401, '{"error":{}}'],
  [200, 'no JSON'],
  [200, '{"choices":[]}'],
  [200, '{"choices":[{"message":{"content":null}}]}'],
])('%i %s: no words', async (status, body) => {
  answer = { status, body };
  expect(await say('a', 'b', 'c')).toBeNull();
});
