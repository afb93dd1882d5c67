import { expect, test } from 'vitest';
import { clausesOf } from './clauses.ts';
import { intentsOf } from './intent-rules.ts';
import { intentNames } from './intents.ts';
import { seedSpan, seedStore } from './judge/seed-store.ts';
import type { Conversation } from './understanding.ts';

const store = seedStore();
const conversation = (more: Partial<Conversation>): Conversation => ({
  turns: [],
  tools: [],
  outcome: null,
  span: seedSpan(),
  ...more,
});
const read = (more: Partial<Conversation>) => intentsOf(conversation(more), store);
const named = (more: Partial<Conversation>) => read(more).map(({ intent }) => intent);
const caller = (...texts: string[]) => named({ turns: texts.map((text) => ({ who: 'caller', text })) });
const tools = (...names: string[]) => ({ tools: names.map((name) => ({ name, arguments: '{}', output: null })) });

test.each([
  ['What time do you close tomorrow?', ['hours']],
  ['Where are you? Is there parking?', ['location']],
  ['Tell me the menu please', ['menu']],
  ['How much is an oat milk latte?', ['product']],
  ['I want to subscribe', ['subscription']],
  ['Do you have any deals this week?', ['promotion']],
  ['This was the wrong order, I want my money back', ['complaint']],
  ['Can I talk to a person?', ['transfer']],
  ['I’d like to leave a message', ['voicemail']],
  ['Okay, that’s all. Bye!', ['goodbye']],
  ['Are you open now and what’s on offer?', ['hours', 'menu']],
  ['Hello there', []],
  ['I closely opened my openness', []],
])('%s', (text, intents) => {
  expect(caller(text)).toEqual(intents);
});

test.each([
  ['I don’t want to cancel, I just want to know when my subscription ships.', ['subscription']],
  ['I’m not calling about the promotion. Where are you located?', ['location']],
  ['It’s not a complaint, I’m only curious: do you have wifi?', ['knowledge']],
  ['Please don’t transfer me to a person. When do you open?', ['hours']],
  ['What’s in the Shaggy Dog?', ['product']],
  ['¿A qué hora cierran? No quiero cancelar mi pedido.', ['hours']],
])('what a caller does not want is no intent: %s', (text, intents) => {
  expect(caller(text)).toEqual(intents);
});

test('a yes means the one thing that was offered just before; of two nobody knows which', () => {
  const after = (offer: string, text: string) =>
    named({
      turns: [
        { who: 'assistant', text: offer },
        { who: 'caller', text },
      ],
    });
  expect(after('Shall I put you through to someone?', 'Yes, please.')).toEqual(['transfer']);
  expect(after('Would you like to leave a voicemail?', 'okay')).toEqual(['voicemail']);
  expect(after('Shall we call you back?', 'Sure')).toEqual(['callback']);
  expect(after('Shall I put you through to someone?', 'No, thanks.')).toEqual([]);
  expect(after('Shall I put you through, or would you like to leave a message?', 'Yes')).toEqual([]);
  expect(after('Somebody will call you back today.', 'Okay')).toEqual([]);
});

test.each([
  ['get_store_hours', 'hours'],
  ['get_menu', 'menu'],
  ['get_product_details', 'product'],
  ['get_subscription_info', 'subscription'],
  ['search_knowledge_base', 'knowledge'],
  ['transfer_to_staff', 'transfer'],
  ['leave_voicemail', 'voicemail'],
  ['request_callback', 'callback'],
  ['speak_language', 'language'],
  ['end_call', 'goodbye'],
])('the tool %s shows %s', (tool, intent) => {
  expect(read(tools(tool, tool))).toEqual([{ intent, turn: null }]);
});

test('outcomes of the keypad count, the assistant’s words do not', () => {
  expect(named({ outcome: 'voicemail' })).toEqual(['voicemail']);
  expect(named({ outcome: 'transferred' })).toEqual(['transfer']);
  expect(
    named({ turns: [{ who: 'assistant', text: 'We are open. Any promotion? Bye!' }], outcome: 'answered' }),
  ).toEqual([]);
});

test('several intents come once each, in the order of the table, with the first turn that shows them', () => {
  const turns = ['bye', 'open?', 'the menu', 'open!'].map((text) => ({ who: 'caller' as const, text }));
  const wanted = read({ turns, ...tools('get_store_hours') });
  expect(wanted).toEqual([
    { intent: 'hours', turn: 1 },
    { intent: 'menu', turn: 2 },
    { intent: 'goodbye', turn: 0 },
  ]);
  const names = wanted.map(({ intent }) => intent);
  expect(intentNames.filter((intent) => names.includes(intent))).toEqual(names);
});

test('of a long turn and of a long call no more is read than a bound', () => {
  const chars = (text: string): number => clausesOf(text).reduce((sum, clause) => sum + clause.text.length, 0);
  const pieces = 'what do you have to hold a few of the. ';
  expect(clausesOf(pieces.repeat(4_000)).length).toBeLessThanOrEqual(60);
  for (const text of [pieces, 'what do you have to hold a few of the ', 'wordswithoutend']) {
    expect(chars(text.repeat(4_000))).toBe(chars(text.repeat(400)));
    expect(chars(text.repeat(4_000))).toBeLessThanOrEqual(2_000);
  }
  const hello = (turns: number) => Array.from({ length: turns }, () => 'Hello there');
  expect(caller(...hello(199), 'When do you open?')).toEqual(['hours']);
  expect(caller(...hello(200), 'When do you open?')).toEqual([]);
});
