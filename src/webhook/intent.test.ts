import { expect, test } from 'vitest';
import type { Intent } from '../../machines/call-events.ts';
import { parseTwiml } from '../sim/twilio/twiml.ts';
import { viewIn } from './carrier.fixture.ts';
import { Documents, type StoreFacts } from './documents.ts';
import { noKeypadFacts } from './menu-words.ts';
import { createHoldAudio } from './hold-audio.ts';
import { noSounds } from './lines.fixture.ts';
import { twimlForIntent } from './intent.ts';

/** The carrier takes no more inline. */
const inlineCharsMax = 4_000;
const documents = new Documents('https://voice.example.com', createHoldAudio(), noSounds);
const facts: StoreFacts = {
  greeting: '',
  languages: ['en'],
  name: 'Mangy Dog Coffee',
  keypad: { ...noKeypadFacts, hours: () => "We're open until 18:00 today." },
  closed: () => null,
  recording: () => 'off',
  callMsMax: 1_800_000,
  staffNumbers: ['+15550001111', '+15550002222'],
  promotions: () => [],
  callback: () => null,
};
const view = viewIn('conversation');
const twimlFor = (intent: Intent) => twimlForIntent(documents, intent, view, facts);

test.each<[Intent, RegExp]>([
  [{ kind: 'transfer', reason: 'wants a person' }, /<Dial [^>]*action="https:\/\/.*<Number>\+15550001111/],
  [{ kind: 'transfer', reason: 'wants a person', to: '+15550002222' }, /<Number>\+15550002222<\/Number><\/Dial>/],
  [{ kind: 'voicemail', topic: 'order' }, /<Say>.*<Record [^>]*action="https:\/\//],
  [{ kind: 'hangup', reason: 'bye' }, /<Response><Hangup\/><\/Response>/],
  [{ kind: 'menu', reason: 'no model' }, /<Gather [^>]*action="https:\/\/.*Press 1/],
])('%o is carried out by the carrier itself, with absolute URLs', (intent, shape) => {
  const twiml = twimlFor(intent) ?? '';
  expect(twiml).toMatch(shape);
  expect(twiml.length).toBeLessThan(inlineCharsMax);
  expect(parseTwiml(twiml, null).complaints).toEqual([]);
});

test('a handover needs a place, which only the next question finds', () => {
  expect(twimlFor({ kind: 'handover', reason: 'drain' })).toBeNull();
});
