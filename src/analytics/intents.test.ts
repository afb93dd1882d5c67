import { expect, test } from 'vitest';
import { intentRules, intentsOf } from './intents.ts';

const caller = (...texts: string[]) =>
  intentsOf({ turns: texts.map((text) => ({ who: 'caller', text })), tools: [], outcome: null });

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
  ['get_store_hours', 'hours'],
  ['get_menu', 'menu'],
  ['get_product_details', 'product'],
  ['get_subscription_info', 'subscription'],
  ['search_knowledge_base', 'knowledge'],
  ['transfer_to_staff', 'transfer'],
  ['leave_voicemail', 'voicemail'],
  ['end_call', 'goodbye'],
])('the tool %s shows %s', (tool, intent) => {
  expect(intentsOf({ turns: [], tools: [tool, tool], outcome: null })).toEqual([intent]);
});

test('outcomes of the keypad count, the assistant’s words do not', () => {
  expect(intentsOf({ turns: [], tools: [], outcome: 'voicemail' })).toEqual(['voicemail']);
  expect(intentsOf({ turns: [], tools: [], outcome: 'transferred' })).toEqual(['transfer']);
  expect(
    intentsOf({
      turns: [{ who: 'assistant', text: 'We are open. Any promotion? Bye!' }],
      tools: [],
      outcome: 'answered',
    }),
  ).toEqual([]);
});

test('several intents come once each, in the order of the table', () => {
  const wanted = caller('bye', 'open?', 'the menu', 'open!');
  expect(wanted).toEqual(['hours', 'menu', 'goodbye']);
  expect(intentRules.map(({ intent }) => intent).filter((intent) => wanted.includes(intent))).toEqual(wanted);
});
