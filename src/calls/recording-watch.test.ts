import { describe, expect, test } from 'vitest';
import type { CallEvent } from '../../machines/call-events.ts';
import type { CarrierAnswer } from './carrier.ts';
import { declinesRecording } from './decline-words.ts';
import { RecordingWatch } from './recording-watch.ts';
import type { Told } from './stream-port.ts';

const arrived: Extract<CallEvent, { type: 'carrier.arrived' }> = {
  type: 'carrier.arrived',
  at: 1,
  from: '+1',
  to: '+2',
  node: 'a',
  recorded: true,
};
const caller = (text: string): CallEvent => ({ type: 'caller.said', at: 2, itemId: text, text, after: null });
/** A whole turn: it begins, and its words become known. */
const turn = (text: string): CallEvent[] => [{ type: 'caller.speechStarted', at: 2, itemId: text }, caller(text)];
const assistant = (text: string): CallEvent => ({
  type: 'assistant.said',
  at: 2,
  itemId: text,
  responseId: 'r',
  text,
  totalMs: 1,
});

/** What the carrier is asked and the call is told, after each fact. */
async function follow(
  facts: readonly CallEvent[],
  earlier: readonly CallEvent[] = [arrived],
  answer: CarrierAnswer = 'done',
) {
  const asked: string[] = [];
  const told: Told[] = [];
  const failed: string[] = [];
  const watch = new RecordingWatch(
    {
      callSid: 'CA1',
      carrier: {
        record: async (callSid, to) => {
          asked.push(`${callSid} ${to}`);
          return answer;
        },
      },
      tell(fact) {
        told.push(fact);
        watch.hear({ ...fact, at: 9 });
      },
      failed: (to) => void failed.push(to),
    },
    earlier,
  );
  for (const fact of facts) {
    watch.hear(fact);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { asked: asked.map((line) => line.replace('CA1 ', '')), told, failed };
}

test('it pauses where a card is spoken of or begins, and goes on with the next turn without one', async () => {
  const { asked, told } = await follow([
    ...turn('I would like to order a cake.'),
    assistant('Sure. What is your card number?'),
    ...turn('It is four two four two.'),
    ...turn('4242 4242 4242'),
    ...turn('my card is [card]'),
    ...turn('That is all.'),
    ...turn('four two four two'),
    ...turn('Thanks!'),
  ]);
  expect(asked).toEqual(['paused', 'in-progress', 'paused', 'in-progress']);
  expect(told).toEqual(asked.map((to) => ({ type: 'carrier.recordingSet', to })));
});

test('words of a turn before the pause, known only after it, end no pause', async () => {
  const { asked } = await follow([
    { type: 'caller.speechStarted', at: 2, itemId: 'I would like to pay.' },
    assistant('What is your card number?'),
    caller('I would like to pay.'),
  ]);
  expect(asked).toEqual(['paused']);
});

test('prices, times and years pause nothing', async () => {
  const said = [
    'At 10:30 tomorrow, please.',
    'That is $4.50, right?',
    'Since 1999.',
    'Two of them, and three of those.',
  ];
  expect((await follow(said.flatMap(turn))).asked).toEqual([]);
});

test('whoever declines is not recorded any more', async () => {
  const { asked } = await follow([
    caller('Please do not record this call.'),
    assistant('What is your card number?'),
    caller('four two four two'),
    caller('No recording, please.'),
  ]);
  expect(asked).toEqual(['stopped']);
});

test('a call that is not recorded is left alone', async () => {
  const { recorded: _, ...plain } = arrived;
  expect((await follow([caller('No recording, please.')], [plain])).asked).toEqual([]);
});

test('whoever takes the call over goes on where it stood', async () => {
  const set = (to: 'paused' | 'stopped'): CallEvent => ({ type: 'carrier.recordingSet', at: 3, to });
  expect((await follow(turn('That is all.'), [arrived, set('paused')])).asked).toEqual(['in-progress']);
  expect((await follow([caller('four two four two')], [arrived, set('stopped')])).asked).toEqual([]);
});

test('a carrier that does not do it is told of; a call that is over is none of its faults', async () => {
  expect((await follow([caller('No recording.')], [arrived], 'busy')).failed).toEqual(['stopped']);
  expect((await follow([caller('No recording.')], [arrived], 'gone')).failed).toEqual([]);
});

describe('who declines', () => {
  test.each([
    'No recording, please.',
    'Stop recording.',
    "I don't want to be recorded.",
    'Please do not record me.',
    'Can we do this without recording?',
    'Turn off the recording.',
    "Please don't record.",
    'I do not consent to this recording.',
    'No quiero que me graben.',
    'No me grabe, por favor.',
    'Sin grabar, por favor.',
    'Ne m’enregistrez pas.',
    'Je ne veux pas être enregistré.',
  ])('%s', (text) => expect(declinesRecording(text)).toBe(true));

  test.each([
    'Do you have any vinyl records?',
    'I do not have a record of my order.',
    'Is this call recorded?',
    'I do not have a record.',
    'You may record this.',
    'No, the recording of the concert.',
    'Quiero grabar mi taza.',
  ])('not: %s', (text) => expect(declinesRecording(text)).toBe(false));
});
