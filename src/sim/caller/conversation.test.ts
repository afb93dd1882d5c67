import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeModel, startFakeModel } from '../model/index.ts';
import { type FakeTwilio, startFakeTwilio } from '../twilio/index.ts';
import { joinBytes, encodeUtterance, readWav, VoiceReader, writeWav } from '../voice/index.ts';
import type { SmallService } from '../twilio/small-service.fixture.ts';
import { type ConversationOptions, runConversation } from './conversation.ts';
import { startNaiveBridge } from './naive-bridge.fixture.ts';
import { readScript } from './script.ts';
import { formatLine } from './transcript.ts';

const BASE = 'https://voice.example.com';

let model: FakeModel;
let bridge: SmallService;
let twilio: FakeTwilio;
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aida-caller-'));
  model = await startFakeModel({ charsPerSecond: 40 });
  bridge = await startNaiveBridge(model.url);
  twilio = await startFakeTwilio({
    accountSid: 'AC00000000000000000000000000000000',
    authToken: 'secret',
    seed: 5,
    number: { voiceUrl: `${BASE}/voice`, statusCallback: `${BASE}/voice/status` },
    hosts: { [BASE]: bridge.address, 'wss://voice.example.com': bridge.address },
  });
});

afterEach(async () => {
  await twilio.close();
  await bridge.close();
  await model.close();
  await rm(dir, { recursive: true, force: true });
});

const tools: NonNullable<ConversationOptions['tools']> = () =>
  model.sessions.flatMap((session) => session.responses.flatMap((response) => response.calls));

function run(yaml: string, options: ConversationOptions = {}) {
  return runConversation(readScript(yaml, { dir, source: 'test' }), twilio, { tools, ...options });
}

test('both fakes talk: greeting, hours, an interruption, the promotion, goodbye', async () => {
  const live: string[] = [];
  const report = await run(
    `
name: all of it
steps:
  - hear: Welcome to Mangy Dog Coffee
  - say: What are your hours?
  - hear: [Monday, '/0?7:00/']
  - say: Do you have a promotion?
  - interrupt: How much is an oat milk latte?
    heardS: 0.5
  - hear: ['4.50']
  - say: Goodbye
  - hear: Goodbye
expect:
  heard: [Welcome to Mangy Dog Coffee]
  notHeard: [You said]
  tools: [get_store_hours, get_product_details, end_call]
  ended: aida
`,
    { onLine: (line) => live.push(formatLine(line)), wavFile: join(dir, 'heard.wav') },
  );
  expect(report.failures).toEqual([]);
  expect(report).toMatchObject({
    ok: true,
    status: 'completed',
    ended: 'aida',
    tools: ['get_store_hours', 'get_product_details', 'end_call'],
  });
  expect(live).toHaveLength(report.lines.length);
  const words = report.lines.filter((line) => line.who === 'assistant');
  expect(words[0]).toMatchObject({
    text: 'Welcome to Mangy Dog Coffee. How can I help you?',
    cut: false,
    firstWordMs: report.firstWordMs,
  });
  expect(words.filter((line) => line.cut)).toHaveLength(1);
  expect(report.lines.filter((line) => line.who === 'caller').map((line) => line.text)).toEqual([
    'What are your hours?',
    'Do you have a promotion?',
    'How much is an oat milk latte?',
    'Goodbye',
  ]);
  expect(report.lines.filter((line) => line.who === 'tool').map((line) => line.text.split(' ')[0])).toEqual(
    report.tools,
  );
  expect(report.turnsMs.length).toBeGreaterThanOrEqual(3);
  for (const silenceMs of report.turnsMs) expect(silenceMs).toBeGreaterThanOrEqual(0);
  const reader = new VoiceReader();
  reader.push(readWav(await readFile(join(dir, 'heard.wav'))));
  expect(reader.strayBytes).toBeGreaterThanOrEqual(0);
  expect(model.sessions[0]?.heard.map((turn) => turn.text)).toEqual([
    'What are your hours?',
    'Do you have a promotion?',
    'How much is an oat milk latte?',
    'Goodbye',
  ]);
  expect(twilio.complaints).toEqual([]);
});

test('a caller from a WAV file, who hangs up', async () => {
  await writeFile(
    join(dir, 'caller.wav'),
    writeWav(joinBytes(encodeUtterance('What are your hours?', { utterance: 77, speaker: 'caller' })), 'mulaw'),
  );
  const report = await run(`
name: wav
steps:
  - play: caller.wav
  - hear: Monday
  - hangUp: true
expect: { ended: caller }
`);
  expect(report.failures).toEqual([]);
  expect(report.lines.find((line) => line.who === 'caller')?.text).toBe('caller.wav');
});

test('what is not heard in time fails the conversation and says what was heard', async () => {
  const report = await run(`
name: wrong
steps:
  - hear: Grumpy Cat Tea
    withinS: 2
  - say: never said
`);
  expect(report.ok).toBe(false);
  expect(report.failures).toEqual([
    expect.stringMatching(/^steps\[0\] hear: not within 2 s: "Grumpy Cat Tea"; heard "Welcome to Mangy Dog Coffee/),
  ]);
  expect(report.lines.some((line) => line.text === 'never said')).toBe(false);
});

test('every expectation can fail', async () => {
  const report = await run(`
name: unmet
steps:
  - hear: Welcome
  - hangUp: true
expect:
  heard: [never]
  notHeard: [Welcome]
  tools: [get_menu]
  status: busy
  ended: aida
  firstWordMs: 1
`);
  expect(report.failures).toHaveLength(6);
});

test.each([
  ['steps: []', 'name'],
  ['name: a\nsteps: []', 'steps'],
  [
    'name: a\nsteps:\n  - shout: b',
    'steps[0]: one of hear, say, interrupt, press, pause, noise, beep, play, hangUp is needed, none found',
  ],
  ['name: a\nsteps:\n  - say: b\n    hear: c', 'hear and say found'],
  ['name: a\nsteps:\n  - say: b\n    loud: true', 'steps[0]: Unrecognized key: "loud"'],
  ['name: a\nsteps:\n  - press: 12', 'steps[0].press'],
  ['name: a\nsteps:\n  - hear: /(/', 'regular expression'],
  ['name: a\nsteps:\n  - hangUp: true\n  - say: b', 'comes after hangUp'],
  ['name: a\nfrom: me\nsteps:\n  - say: b', 'from'],
  ['name: a\nstaff: { "+1555": { result: sleeps } }\nsteps:\n  - say: b', 'staff.+1555.result'],
  ['name: [', 'test: '],
])('a script with faults is refused with their place: %s', (yaml, message) => {
  expect(() => readScript(yaml, { dir, source: 'test' })).toThrow(message);
});
