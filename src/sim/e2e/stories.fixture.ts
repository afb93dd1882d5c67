import { join } from 'node:path';
import { expect } from 'vitest';
import { runConversation } from '../caller/conversation.ts';
import { loadScript } from '../caller/script.ts';
import type { FakeModelOptions } from '../model/index.ts';
import type { SimCall, Staff, StaffPhone } from '../twilio/index.ts';
import { accountOf, type Account, cutsOf, disagreements, wrongCuts } from '../account.ts';
import { Caller, PACE } from './caller.fixture.ts';
import { keepGolden } from './golden.fixture.ts';
import { judgeRow, judgeVoicemail } from './rows.fixture.ts';
import type { World } from './world.fixture.ts';

const DEMO = join(import.meta.dirname, '../caller/scripts/demo.yaml');
/** So many that the stories, which are lived at the same time, do not wait for each other. */
export const STAFF = Array.from({ length: 12 }, (_, index) => `+12075550${600 + index}`);
const GREETING = 'Thanks for calling Mangy Dog Coffee! How can I help you today?';
const LONG =
  'There is coffee and espresso and tea, there is food and there are beans, and every week there is something new that I could tell you about for a very long time.';

const LONG_GOODBYE =
  'Thank you for calling Mangy Dog Coffee, it was very nice to talk with you, and we hope to see you in the shop before long. Goodbye.';

/** What staff does for the callers of the stories; for all others nobody answers. */
const staffFor: Record<string, Staff> = {
  '+12075550204': { result: 'answers', afterS: 0.3, says: ['Mangy Dog Coffee, this is Bea.'], hangsUpAfterS: 3 },
  '+12075550205': { result: 'no-answer', afterS: 1 },
  '+12075550210': { result: 'answers', afterS: 0.3, says: ['This is Bea.'], hangsUpAfterS: 2.5 },
};

export const staff: Record<string, StaffPhone> = Object.fromEntries(
  STAFF.map((number): [string, StaffPhone] => [
    number,
    (from) => (number === STAFF[0] ? { result: 'busy' } : (staffFor[from] ?? { result: 'no-answer', afterS: 1 })),
  ]),
);

/** Words of callers that the model does not decide about by its rules. */
export const script: NonNullable<FakeModelOptions['script']> = (turn) => {
  if (turn.kind !== 'caller') return null;
  if (/tell me everything/i.test(turn.heard)) return [{ say: LONG }];
  if (/so long/i.test(turn.heard)) return [{ say: LONG_GOODBYE }, { call: 'end_call', arguments: {} }];
  return null;
};

export interface Story {
  name: string;
  /** Has the conversation; returns when the call is over and its last callbacks were answered. */
  live(world: World): Promise<SimCall>;
  intents: string[];
  /** What must be so besides what is so for every call. */
  told(account: Account, call: SimCall, world: World): void | Promise<void>;
}

const whole = (call: SimCall): string[] =>
  call
    .heard()
    .filter((heard) => heard.speaker === 'assistant' && heard.whole)
    .map(({ text }) => text);
const cut = (call: SimCall): string[] =>
  call
    .heard()
    .filter((heard) => heard.speaker === 'assistant' && !heard.whole)
    .map(({ text }) => text);
const saidBy = (account: Account): string[] => account.of('caller.said').map(({ text }) => text);
const intents = (account: Account) => account.of('carrier.nextAsked').map(({ intent }) => intent?.kind ?? null);

export const stories: readonly Story[] = [
  {
    name: 'the demo',
    intents: ['hours', 'menu', 'product', 'promotion', 'knowledge', 'goodbye'],
    async live(world) {
      const report = await runConversation(await loadScript(DEMO), world.twilio, { tools: demoTools, pace: PACE });
      if (!report.ok) throw new Error(report.failures.join('; '));
      return report.call;
    },
    told(account) {
      expect(account.tools).toEqual(demoNames);
      expect(account.outcome).toBe('answered');
      expect(intents(account)).toEqual(['hangup']);
      expect(saidBy(account)).toHaveLength(6);
    },
  },
  {
    name: 'a product, and one that is not to be had',
    intents: ['product'],
    async live(world) {
      const caller = new Caller(world, '+12075550201');
      await caller.hear(GREETING);
      await caller.say('How much is an oat milk latte?');
      await caller.hear('5.25');
      await caller.say('Do you have a unicorn sandwich?');
      await caller.hear('/I have nothing on that/');
      await caller.hangUp();
      return caller.call;
    },
    told(account, call) {
      expect(account.tools).toEqual(['get_product_details', 'get_product_details']);
      expect(saidBy(account)).toEqual(['How much is an oat milk latte?', 'Do you have a unicorn sandwich?']);
      expect(whole(call)[0]).toBe(GREETING);
      expect(account.outcome).toBe('answered');
    },
  },
  {
    name: 'the menu, interrupted twice',
    intents: ['hours', 'menu'],
    async live(world) {
      const caller = new Caller(world, '+12075550202');
      await caller.hear(GREETING);
      await caller.say('What is on the menu?');
      await caller.hear('On the menu');
      await caller.sayAtOnce('Stop, tell me everything.');
      await caller.hear('espresso and tea');
      await caller.sayAtOnce('Sorry, what are your hours on Tuesday?');
      await caller.hear('Tuesday 07:00 - 18:00');
      await caller.hangUp();
      return caller.call;
    },
    told(account, call) {
      expect(account.tools).toEqual(['get_menu', 'get_store_hours']);
      expect(saidBy(account)).toEqual([
        'What is on the menu?',
        'Stop, tell me everything.',
        'Sorry, what are your hours on Tuesday?',
      ]);
      expect(call.streams.map((stream) => stream.clears.length)).toEqual([2]);
      expect(cut(call).slice(0, 2)).toEqual([
        expect.stringMatching(/^On the menu/),
        expect.stringMatching(/^There is coffee and espresso and tea/),
      ]);
      expect(call.heardText()).not.toContain('very long time');
    },
  },
  {
    name: 'a person is asked for and answers',
    intents: ['transfer'],
    async live(world) {
      const caller = new Caller(world, '+12075550204');
      await caller.hear(GREETING);
      await caller.say('Can I talk to a person please?');
      await caller.hear('this is Bea');
      await caller.sayAtOnce('Hello Bea.');
      await caller.hungUpOn();
      return caller.call;
    },
    told(account, call) {
      expect(account.tools).toEqual(['transfer_to_staff']);
      expect(whole(call)).toEqual([GREETING, 'I will connect you with a person.']);
      expect(intents(account)).toEqual(['transfer']);
      expect(account.of('carrier.dialEnded').at(-1)?.result).toBe('completed');
      expect(call.dialed.find((leg) => leg.answeredMs !== null)?.ear.text(0, 'caller')).toBe('Hello Bea.');
      expect([account.outcome, call.endedBy, call.streams.length]).toEqual(['transferred', 'service', 1]);
    },
  },
  {
    name: 'a person is asked for and nobody answers: the conversation goes on and remembers',
    intents: ['product', 'transfer', 'goodbye'],
    async live(world) {
      const caller = new Caller(world, '+12075550205');
      await caller.hear(GREETING);
      await caller.say('How much is an oat milk latte?');
      await caller.hear('5.25');
      await caller.say('Can I talk to a person please?');
      await caller.hear('nobody could pick up');
      await caller.hear('You asked me: Can I talk to a person please?');
      await caller.say('What did I just ask you?');
      await caller.hear('You asked me');
      await caller.say('That is all. Goodbye!');
      await caller.hungUpOn();
      return caller.call;
    },
    told(account, call) {
      expect(account.tools).toEqual(['get_product_details', 'transfer_to_staff', 'end_call']);
      expect(intents(account)).toEqual(['transfer', 'hangup']);
      expect(
        account
          .of('carrier.dialEnded')
          .map(({ result }) => result)
          .slice(-2),
      ).toEqual(['no-answer', 'no-answer']);
      expect(call.streams).toHaveLength(2);
      expect(account.of('model.ready').map(({ sessionId }) => sessionId)).toHaveLength(2);
      expect([account.outcome, call.endedBy]).toEqual(['answered', 'service']);
    },
  },
  {
    name: 'a voicemail',
    intents: ['voicemail'],
    async live(world) {
      const caller = new Caller(world, '+12075550206');
      await caller.hear(GREETING);
      await caller.say('I would like to leave a message.');
      await caller.hear('/message after the tone/');
      await caller.hear('press the pound key when you are done');
      await caller.call.waitFor((call) => call.leg.keySink !== null);
      await caller.sayAtOnce('Please call me back about the catering on Friday.');
      await caller.press('#');
      await caller.hear('To send your message, press 1.');
      await caller.press('1');
      await caller.hear('we have your message');
      await caller.hungUpOn();
      return caller.call;
    },
    async told(account, call, world) {
      expect(account.tools).toEqual(['leave_voicemail']);
      expect(intents(account)).toEqual(['voicemail']);
      expect(account.of('carrier.recordEnded')).toMatchObject([{ digits: '#', review: true }]);
      expect(account.of('carrier.reviewed')).toMatchObject([{ choice: 'keep' }]);
      expect(account.of('carrier.recordingReady')).toMatchObject([{ status: 'completed' }]);
      expect([account.outcome, call.endedBy]).toEqual(['voicemail', 'service']);
      await judgeVoicemail(world, call, account);
    },
  },
  {
    name: 'goodbye: hung up after the farewell was heard to its end',
    intents: ['goodbye'],
    async live(world) {
      const caller = new Caller(world, '+12075550207');
      await caller.hear(GREETING);
      await caller.say('That is all. Goodbye!');
      await caller.hungUpOn();
      return caller.call;
    },
    told(account, call) {
      expect(whole(call)).toEqual([GREETING, 'Thank you for calling. Goodbye.']);
      expect(account.tools).toEqual(['end_call']);
      expect(intents(account)).toEqual(['hangup']);
      expect([account.outcome, call.endedBy]).toEqual(['answered', 'service']);
    },
  },
  {
    name: 'the caller hangs up in mid-answer',
    intents: [],
    async live(world) {
      const caller = new Caller(world, '+12075550208');
      await caller.hear(GREETING);
      await caller.say('Tell me everything.');
      await caller.hear('espresso and tea');
      await caller.hangUp();
      return caller.call;
    },
    told(account, call) {
      expect(cut(call)).toEqual([expect.stringMatching(/^There is coffee and espresso and tea/)]);
      expect(account.of('assistant.heard').at(-1)).toMatchObject({ cut: true });
      expect([account.outcome, call.endedBy]).toEqual(['answered', 'phone']);
    },
  },
  {
    name: 'one more thing, said into the goodbye',
    intents: ['hours', 'goodbye'],
    async live(world) {
      const caller = new Caller(world, '+12075550209');
      await caller.hear(GREETING);
      await caller.say('So long!');
      await caller.hear('talk with you');
      await caller.sayAtOnce('Oh, what are your hours on Tuesday?');
      await caller.hear('Tuesday 07:00 - 18:00');
      await caller.say('Thanks. Goodbye!');
      await caller.hungUpOn();
      return caller.call;
    },
    told(account, call) {
      expect(account.tools).toEqual(['end_call', 'get_store_hours', 'end_call']);
      expect(intents(account)).toEqual(['hangup']);
      expect(cut(call)).toEqual([expect.stringMatching(/^Thank you for .* talk with you/)]);
      expect(whole(call).at(-1)).toBe('Thank you for calling. Goodbye.');
      expect(call.streams).toHaveLength(1);
      expect([account.outcome, call.endedBy]).toEqual(['answered', 'service']);
    },
  },
  {
    name: 'the caller presses 0',
    intents: ['transfer'],
    async live(world) {
      const caller = new Caller(world, '+12075550210');
      await caller.hear(GREETING);
      await caller.press('0');
      await caller.hear('This is Bea');
      await caller.hungUpOn();
      return caller.call;
    },
    told(account, call) {
      expect(account.tools).toEqual([]);
      expect(account.of('carrier.dtmf')).toMatchObject([{ digit: '0' }]);
      expect(intents(account)).toEqual(['transfer']);
      expect(account.outcome).toBe('transferred');
      expect(call.streams).toHaveLength(1);
    },
  },
  {
    name: 'two tools in one response',
    intents: ['hours', 'product'],
    async live(world) {
      const caller = new Caller(world, '+12075550211');
      await caller.hear(GREETING);
      await caller.say('What are your hours on Tuesday and how much is an oat milk latte?');
      await caller.hear('Tuesday 07:00 - 18:00');
      await caller.hear('5.25');
      await caller.hangUp();
      return caller.call;
    },
    told(account) {
      expect(account.tools).toEqual(['get_store_hours', 'get_product_details']);
      expect(account.of('tool.answered').map(({ result }) => result)).toEqual(['ok', 'ok']);
      const [asked] = account.of('model.responded').filter(({ toolCallIds }) => toolCallIds.length > 0);
      expect(asked?.toolCallIds).toHaveLength(2);
    },
  },
];

const demoNames = ['get_store_hours', 'get_product_details', 'get_menu', 'search_knowledge_base', 'end_call'];
/** The demo's script looks at the tools; here the journal is looked at afterwards. */
const demoTools = () => demoNames.map((name) => ({ name, arguments: '' }));

/** What must be so after every call, and then what the story says. */
export async function judge(world: World, story: Story, call: SimCall): Promise<void> {
  const account = await accountOf(world, call);
  expect(account.state).toBe('ended');
  expect(disagreements(world, call, account)).toEqual([]);
  expect(wrongCuts(cutsOf(world, call, account))).toEqual([]);
  expect(account.of('carrier.arrived')).toHaveLength(1);
  expect(account.of('carrier.statusReported').filter(({ status }) => status === 'completed').length).toBeGreaterThan(0);
  await judgeRow(world, call, account, story.intents);
  await story.told(account, call, world);
  await keepGolden(story.name, account.facts);
}
