import { expect, test } from 'vitest';
import type { CallEvent } from '../../../machines/call-events.ts';
import type { Account } from '../account.ts';
import type { SimCall } from '../twilio/index.ts';
import { type Evidence, unmet } from './evidence.ts';
import type { Expectation } from './scenario.ts';

const heard = ['Welcome to the shop.', 'An oat milk latte is $5.25.', 'Goodbye.'].map((text, index) => ({
  speaker: 'assistant',
  utterance: index,
  text,
  startMs: index * 1_000,
  endMs: index * 1_000 + 500,
  whole: true,
  faults: 0,
}));

const call = {
  sid: 'CA1',
  status: 'completed',
  endedBy: 'service',
  heard: () => heard,
  nowMs: () => 9_000,
  streams: [{ clears: [{}] }],
  documents: ['<Connect><Stream url="wss://a.example.com/m"/></Connect>', '<Hangup/>'].map((verbs, index) => ({
    atMs: index,
    url: null,
    twiml: `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`,
  })),
  dialed: [],
  leg: {
    answeredMs: 0,
    endedMs: 9_000,
    originMs: 0,
    ear: { voiced: heard.map(({ startMs, endMs }) => ({ startMs, endMs })) },
    mouth: { said: [] },
  },
} as unknown as SimCall;

const facts = [
  { type: 'model.ready', at: 1, sessionId: 'sess_1', model: 'm' },
  { type: 'caller.said', at: 2, itemId: 'a', text: 'How much is it?', after: null },
  { type: 'tool.asked', at: 3, toolCallId: 't', responseId: 'r', name: 'get_menu', arguments: '{"category":"tea"}' },
  { type: 'assistant.heard', at: 4, itemId: 'b', text: 'It is $5.25.', heardMs: 9, totalMs: 9, cut: false },
] satisfies CallEvent[];

const account = { facts, state: 'ended' } as unknown as Account;
const rows: Record<string, object[]> = { call_log: [{ outcome: 'answered', intents: ['menu'] }], voicemail: [] };
const evidence = {
  stage: {
    model: null,
    stalls: { longest: () => 0 },
    rows: { query: (sql: string) => Promise.resolve(rows[/FROM "(\w+)"/.exec(sql)?.[1] ?? ''] ?? []) },
  },
  calls: [{ call, pauses: [] }],
  accounts: [account],
} as unknown as Evidence;

test('what is so meets its expectation', async () => {
  const expectation: Expectation = {
    heard: ['welcome', '5.25', 'goodbye'],
    notHeard: ['error'],
    said: [{ caller: 'how much' }, { assistant: '5.25' }],
    tools: [{ get_menu: { category: 'tea' } }],
    notTools: ['end_call'],
    verbs: ['Connect', 'Hangup'],
    facts: [{ type: 'model.ready' }, { type: 'assistant.heard', cut: false, text: '/^It is/' }],
    notFacts: ['model.lost'],
    rows: { voicemail: [] },
    outcome: 'answered',
    intents: ['menu'],
    sessions: 1,
    streams: 1,
    clears: 1,
    ended: 'aida',
    deadAirS: 1,
  };
  expect(await unmet(expectation, evidence)).toEqual([]);
});

test.each<[Expectation, RegExp]>([
  [{ heard: ['goodbye', 'welcome'] }, /^not heard, or not in its place: welcome$/],
  [{ notHeard: ['latte'] }, /^heard: latte$/],
  [{ deadAirS: 0.4 }, /^0\.5 s of dead air from 0\.5 s on, 0\.4 s are allowed$/],
  [
    { said: [{ assistant: '5.25' }, { caller: 'how much' }] },
    /the journal has no "how much" of the caller in its place/,
  ],
  [{ tools: ['end_call'] }, /^tool "end_call" was not asked for in its place: get_menu/],
  [{ tools: [{ get_menu: { category: 'food' } }] }, /^tool \{"get_menu"/],
  [{ notTools: ['get_menu'] }, /^tool get_menu was asked for$/],
  [{ verbs: ['Hangup', 'Connect'] }, /^no Connect in its place among Connect Hangup$/],
  [{ facts: [{ type: 'model.ready', model: 'n' }] }, /^no fact \{"type":"model\.ready","model":"n"\} in its place; \{/],
  [{ notFacts: ['tool.asked'] }, /^there is a fact tool\.asked$/],
  [{ sessions: 2 }, /^1 model sessions, not 2$/],
  [{ streams: 2 }, /^1 streams, not 2$/],
  [{ clears: 0 }, /^the carrier was told to fall silent 1 times, not 0$/],
  [{ ended: 'caller' }, /^the call was ended by aida, not caller$/],
  [{ status: 'busy' }, /^the call is completed, not busy$/],
])('what is not so is told: %j', async (expectation, failure) => {
  expect(await unmet(expectation, evidence)).toEqual([expect.stringMatching(failure)]);
});
