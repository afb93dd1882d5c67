import { afterAll, afterEach, expect, test } from 'vitest';
import { callKeys, outboxKey, partitionOf } from '../../directory/keys.ts';
import type { SimCall } from '../twilio/index.ts';
import { accountOf } from '../account.ts';
import { keepGolden } from './golden.fixture.ts';
import { Caller } from './caller.fixture.ts';
import { everything, placesOf, placesWith, type Written } from '../everything.ts';
import { rowOf } from './rows.fixture.ts';
import { eventually, startWorld, type World } from './world.fixture.ts';

const GREETING = 'Thanks for calling Mangy Dog Coffee! How can I help you today?';
/** So many digits in a row tell it. */
const TELLING = 7;
const IN_WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

let worlds: World[] = [];
const complaints: string[] = [];

async function world(env: Record<string, string>): Promise<World> {
  const made = await startWorld({ env: { LOG_LEVEL: 'trace', ...env } });
  worlds.push(made);
  return made;
}

afterEach(async () => {
  for (const made of worlds) {
    await made.stop();
    complaints.push(...made.complaints());
  }
  worlds = [];
});

afterAll(() => expect(complaints).toEqual([]));

/** Says these sentences, each answered by its repetition, and hangs up. */
async function tell(made: World, from: string, sentences: readonly string[]): Promise<SimCall> {
  const caller = new Caller(made, from);
  await caller.hear(GREETING);
  for (const sentence of sentences) {
    await caller.say(sentence);
    await caller.hear(`You said: ${sentence}`);
  }
  await caller.hangUp();
  return caller.call;
}

/** Everything written once the calls are in their rows. */
async function writtenAfter(made: World, calls: readonly SimCall[]): Promise<Written> {
  for (const call of calls) {
    await accountOf(made, call);
    const row = await eventually(
      () => rowOf(made, call.sid),
      (found) => found?.processedAt !== null && found?.processedAt !== undefined,
    );
    expect(row?.status).toBe('COMPLETED');
  }
  return everything(made);
}

const grouped = (digits: string): string => digits.replace(/(.{4})(?=.)/g, '$1 ');
const inWords = (digits: string): string => Array.from(digits, (digit) => IN_WORDS[Number(digit)]).join(' ');

test('a card number, as digits, as words, over two turns: written down nowhere', async () => {
  const made = await world({});
  const [digits, words, split] = ['4242424242424242', '6011000990139424', '5555341244441115'];
  const calls = await Promise.all([
    tell(made, '+12075550301', [`My card is ${grouped(digits)} you know.`]),
    tell(made, '+12075550302', [`My card is ${inWords(words)} you know.`]),
    tell(made, '+12075550303', [
      `My card begins with ${grouped(split.slice(0, 8))}`,
      `and then ${grouped(split.slice(8))}`,
    ]),
  ]);
  expect(calls.map((call) => call.heardText().includes('card'))).toEqual([true, true, true]);
  const written = await writtenAfter(made, calls);
  expect([placesOf(digits, TELLING, written), placesOf(words, TELLING, written)]).toEqual([[], []]);
  // What is looked for is found where it is.
  expect(placesOf('2075550301', TELLING, written)).toContain('table call_log');
  expect(placesWith('my card begins with', written)).toContain('table turn');
  // The first half was no card number yet when it was written: the journal, which is never changed, keeps it until it
  // expires, and takes it back by a later fact.
  const { sid } = calls[2];
  const kept = [callKeys(sid).log, outboxKey(partitionOf(sid))].map((key) => `redis ${key}`);
  expect(placesOf(split.slice(8), TELLING, written)).toEqual([]);
  expect(placesOf(split.slice(0, 8), TELLING, written).filter((place) => !kept.includes(place))).toEqual([]);
  await keepGolden('a card number told in two turns', (await accountOf(made, calls[2])).facts);
  const rows = await Promise.all(calls.map((call) => rowOf(made, call.sid)));
  const said = rows.map((row) => row?.transcript?.filter(({ who }) => who === 'caller').map(({ text }) => text));
  expect(said).toEqual([
    ['My card is [card] you know.'],
    ['My card is [card] you know.'],
    ['My card begins with [card]', 'and then [card]'],
  ]);
});

test('a telephone number and a mail address, where the setting says so', async () => {
  const made = await world({ REDACT: 'phone,mail' });
  const calls = await Promise.all([
    tell(made, '+12075550311', ['Call me at 415 867 5309 please.']),
    tell(made, '+12075550312', [`Call me at ${inWords('4158675309')} please.`]),
    tell(made, '+12075550313', ['Write to jo.q.smith@example.com please.']),
  ]);
  const written = await writtenAfter(made, calls);
  expect(placesOf('4158675309', TELLING, written)).toEqual([]);
  expect(placesWith('jo.q.smith', written)).toEqual([]);
  const rows = await Promise.all(calls.map((call) => rowOf(made, call.sid)));
  expect(rows.map((row) => row?.transcript?.find(({ who }) => who === 'caller')?.text)).toEqual([
    'Call me at [phone] please.',
    'Call me at [phone] please.',
    'Write to [mail] please.',
  ]);
});
