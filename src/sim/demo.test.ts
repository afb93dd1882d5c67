import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FakeModel, startFakeModel } from './model/index.ts';
import { encodeUtterance, joinBytes, writeWav } from './voice/index.ts';

const DEMO = join(import.meta.dirname, 'demo.ts');
const SHORT = `
name: Short
steps:
  - hear: Mangy Dog Coffee
    withinS: 20
  - say: How much is an oat milk latte?
  - hear: oat milk latte
  - say: Goodbye
    withinS: 30
expect:
  heard: [Thanks for calling]
  tools: [get_product_details, end_call]
  ended: aida
`;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aida-demo-'));
  await writeFile(join(dir, 'short.yaml'), SHORT);
  await writeFile(join(dir, 'wrong.yaml'), SHORT.replace('heard: [Thanks for calling]', 'heard: [Grumpy Cat Tea]'));
  await writeFile(join(dir, 'bad.yaml'), 'name: Bad\nsteps:\n  - sing: la\n');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Everything the demo wrote, and its exit code. */
function demo(args: string[], env: Record<string, string> = {}): Promise<{ code: number | null; output: string }> {
  const { OPENAI_API_KEY: _, ...rest } = process.env;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', DEMO, ...args], {
    env: { ...rest, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code, output })));
}

/** Text-to-speech of OpenAI's shape that speaks with the simulated voice. */
async function startSpeech(): Promise<{ url: string; asked: object[]; close(): Promise<void> }> {
  const asked: object[] = [];
  const server = createServer((incoming, outgoing) => {
    let body = '';
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
    incoming.on('end', () => {
      const ask = JSON.parse(body) as { input: string; response_format: string };
      // What Aida says is left to the model and the carrier.
      if (ask.response_format !== 'wav') return void outgoing.writeHead(404).end();
      asked.push({ path: incoming.url, authorization: incoming.headers.authorization, ...ask });
      const frames = encodeUtterance(ask.input, { utterance: asked.length, speaker: 'caller' });
      outgoing.writeHead(200, { 'Content-Type': 'audio/wav' }).end(writeWav(joinBytes(frames), 'mulaw'));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

test('one call through everything: transcript, tools, times, row, WAV and pages', async () => {
  const { code, output } = await demo(['--once', '--script', join(dir, 'short.yaml')]);
  expect(output).toContain('The caller heard what was expected.');
  expect(code).toBe(0);
  expect(output).toMatch(/assistant {2}Thanks for calling Mangy Dog Coffee! .*\(first word \d/);
  expect(output).toMatch(/caller {5}How much is an oat milk latte\?/);
  expect(output).toMatch(/tool {7}get_product_details \{/);
  expect(output).toMatch(/assistant {2}.*Oat Milk Latte.*\(turn \d/);
  expect(output).toMatch(/Row {6}COMPLETED from \+15551230001, \d+ s, .* lines of transcript/);
  expect(output).toMatch(/Heard {4}.*demo\.wav/);
  expect(output).toMatch(/Pages {4}http:\/\/127\.0\.0\.1:\d+\/admin\/dashboard/);
  expect(output).toMatch(/Phone {4}http:\/\/127\.0\.0\.1:\d+\/phone: call yourself/);
});

test('what was not heard makes it exit with 1, and it says what', async () => {
  const { code, output } = await demo(['--once', '--script', join(dir, 'wrong.yaml')]);
  expect(output).toContain('Wrong    never heard: Grumpy Cat Tea');
  expect(code).toBe(1);
});

test('a script with a fault is refused before anything is started', async () => {
  const { code, output } = await demo(['--once', '--script', join(dir, 'bad.yaml')]);
  expect(output).toBe(
    'bad.yaml: steps[0]: one of hear, say, interrupt, press, pause, noise, beep, play, hangUp is needed, none found\n',
  );
  expect(code).toBe(1);
});

test('with an API key the caller speaks by text-to-speech, and transcripts are judged', async () => {
  const model: FakeModel = await startFakeModel({ apiKey: 'sk-test' });
  const speech = await startSpeech();
  try {
    const { code, output } = await demo(['--once', '--script', join(dir, 'short.yaml')], {
      OPENAI_API_KEY: 'sk-test',
      OPENAI_REALTIME_URL: model.url,
      OPENAI_API_URL: speech.url,
    });
    expect(output).toContain('The caller heard what was expected.');
    expect(code).toBe(0);
    expect(output).toContain('(with the real model)');
    expect(speech.asked).toEqual([
      expect.objectContaining({
        path: '/v1/audio/speech',
        authorization: 'Bearer sk-test',
        input: 'How much is an oat milk latte?',
      }),
      expect.objectContaining({ input: 'Goodbye', response_format: 'wav' }),
    ]);
    expect(model.sessions.flatMap(({ heard }) => heard.map((turn) => turn.text))).toEqual([
      'How much is an oat milk latte?',
      'Goodbye',
    ]);
    expect(model.complaints).toEqual([]);
  } finally {
    await speech.close();
    await model.close();
  }
});
