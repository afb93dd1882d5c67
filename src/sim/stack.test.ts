import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CallEvent } from '../../machines/call-events.ts';
import { readJournal } from '../directory/journal.ts';
import { type ConversationReport, runConversation } from './caller/conversation.ts';
import { readScript } from './caller/script.ts';
import { plainWords } from './caller/words.ts';
import { type Stack, startStack } from './stack.ts';

/** The cut may differ by so much between the carrier's clock and ours. */
const TRUNCATE_MS_MAX = 60;

const SCRIPT = `
name: two interruptions
steps:
  - hear: Mangy Dog Coffee
  - say: What is on the menu?
  - interrupt: How much is an oat milk latte?
    heardS: 3.5
  - hear: oat milk latte
  - interrupt: Thanks. What are your hours on Tuesday?
    heardS: 0.5
  - hear: Tuesday
  - say: Goodbye
    withinS: 40
expect:
  ended: aida
`;

let stack: Stack;
let report: ConversationReport;
let facts: CallEvent[];

beforeAll(async () => {
  stack = await startStack({ model: { charsPerSecond: 32 } });
  report = await runConversation(readScript(SCRIPT, { dir: '.', source: 'test' }), stack.twilio);
  const entries = await readJournal(stack.link, report.callSid);
  facts = entries.flatMap((entry) => (entry.kind === 'fact' ? [entry.fact] : []));
}, 120_000);
afterAll(() => stack.stop());

const words = (text: string): string[] => plainWords(text).split(' ');

test('the node says in the old words that it runs', () => {
  const messages = stack.node.log.map((line) => (JSON.parse(line) as { msg: string }).msg);
  expect(messages).toContain(`Mangy Dog Coffee Voice Assistant running on port ${stack.node.port}`);
});

test('the conversation came about and nobody complains', () => {
  expect(report.failures).toEqual([]);
  expect(stack.twilio.complaints).toEqual([]);
  expect(stack.model?.complaints).toEqual([]);
  expect(report.call.heard().map((heard) => heard.faults)).toEqual(report.call.heard().map(() => 0));
});

test('ear and journal agree: word for word where uncut, within one word where cut', () => {
  const ear = report.call.heard().filter((heard) => heard.speaker === 'assistant');
  const journal = facts.filter((fact) => fact.type === 'assistant.heard');
  expect(journal.map((fact) => fact.cut)).toEqual(ear.map((heard) => !heard.whole));
  expect(ear.filter((heard) => !heard.whole)).toHaveLength(2);
  for (const [index, heard] of ear.entries()) {
    const told = journal[index]?.text ?? '';
    if (heard.whole) expect(told).toBe(heard.text);
    else expect(Math.abs(words(told).length - words(heard.text).length)).toBeLessThanOrEqual(1);
    expect(words(heard.text).slice(0, words(told).length - 1)).toEqual(words(told).slice(0, -1));
  }
});

test('each cut answer is truncated within 60 ms of what was played when Twilio cleared it', () => {
  const clears = report.call.streams.flatMap((stream) => stream.clears).filter((clear) => clear.droppedBytes > 0);
  const playedMs = report.call
    .heard()
    .filter((heard) => heard.speaker === 'assistant' && !heard.whole)
    .map((heard, index) => (clears[index]?.atMs ?? 0) - heard.startMs);
  const truncations = stack.model?.sessions.flatMap((session) => session.truncations) ?? [];
  const cutMs = truncations.map((truncation) => truncation.audioEndMs).filter((audioEndMs) => audioEndMs > 0);
  expect([clears.length, cutMs.length]).toEqual([2, 2]);
  for (const [index, played] of playedMs.entries()) {
    expect(Math.abs((cutMs[index] ?? 0) - played)).toBeLessThanOrEqual(TRUNCATE_MS_MAX);
  }
});
