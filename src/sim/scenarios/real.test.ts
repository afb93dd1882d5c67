import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { ScriptError } from '../caller/script.ts';
import { judge, realSettings } from './real.ts';

let server: Server | null = null;

afterEach(() => server?.close());

/** A chat endpoint that answers this; what it was asked is pushed to `asked`. */
async function chat(status: number, content: string, asked: unknown[] = []): Promise<string> {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push({ url: request.url, authorization: request.headers.authorization, body: JSON.parse(body) as unknown });
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ choices: [{ message: { content } }] }));
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const settingsAt = (apiUrl: string) => realSettings({ OPENAI_API_KEY: 'key', OPENAI_API_URL: apiUrl });
const judged = ['It is friendly.', 'It names a price.'];

test('without a key there is one clear error', () => {
  expect(() => realSettings({})).toThrow(
    new ScriptError(['--real needs OPENAI_API_KEY: the calls are had with the real model']),
  );
});

test('the judge is given transcript and statements; what does not hold is a failure with the reason', async () => {
  const asked: { url: string; authorization: string; body: { messages: { content: string }[] } }[] = [];
  const verdicts = [
    { holds: true, why: 'it is' },
    { holds: false, why: 'no figure' },
  ];
  const url = await chat(200, JSON.stringify({ verdicts }), asked);
  const failures = await judge(settingsAt(url), { judged }, ['1: caller hello', '1: assistant hi']);
  expect(failures).toEqual(['not so: It names a price. (no figure)']);
  expect(asked[0]).toMatchObject({ url: '/chat/completions', authorization: 'Bearer key' });
  const words = asked[0]?.body.messages.at(-1)?.content;
  expect(words).toContain('1: caller hello\n1: assistant hi');
  expect(words).toContain('1. It is friendly.\n2. It names a price.');
});

test('a judge that forgets a statement has not confirmed it; one that is not there is an error', async () => {
  const url = await chat(200, JSON.stringify({ verdicts: [{ holds: true, why: '' }] }));
  expect(await judge(settingsAt(url), { judged }, [])).toEqual([
    'not so: It names a price. (the judge said nothing of it)',
  ]);
  server?.close();
  await expect(judge(settingsAt(await chat(500, '{}')), { judged }, [])).rejects.toThrow('the judge answered 500');
});
