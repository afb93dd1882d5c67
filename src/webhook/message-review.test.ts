import { describe, expect, it } from 'vitest';
import type { CallState } from '../calls/call-door.ts';
import { parseTwiml } from '../sim/twilio/twiml.ts';
import { viewIn } from './carrier.fixture.ts';
import { Documents, type Ask, type StoreFacts } from './documents.ts';
import { createHoldAudio } from './hold-audio.ts';
import { noSounds } from './lines.fixture.ts';
import { noKeypadFacts } from './menu-words.ts';
import type { MessageAsked } from './message-keys.ts';

const documents = new Documents('https://voice.example.com', createHoldAudio(), noSounds);
const facts: StoreFacts = {
  greeting: '',
  languages: ['en'],
  name: 'Mangy Dog Coffee',
  keypad: noKeypadFacts,
  closed: () => null,
  recording: () => 'off',
  callMsMax: 1_800_000,
  staffNumbers: ['+15550001111'],
  promotions: () => [],
  callback: () => null,
};
const ask = (message: Partial<MessageAsked>, succeeded = false): Ask => ({
  kind: 'voicemail',
  digits: '',
  succeeded,
  from: '+15553334444',
  to: '+15559990000',
  puttingOff: 0,
  message: { tries: 1, rounds: 0, choice: null, isUnknownKey: false, ...message },
});
const REVIEW = 'To send your message, press 1. To record it again, press 2. To speak with our staff, press 0.';

/** Verbs with what they say and where they lead, `<Gather>` by its children first. */
function heard(twiml: string): string[] {
  const { verbs, complaints } = parseTwiml(twiml, 'https://voice.example.com/voice/voicemail');
  expect(complaints).toEqual([]);
  const path = (url = '') => url.replace('https://voice.example.com', '').replace(/#.*/, '');
  return verbs.flatMap((verb) => [
    ...verb.children.filter(({ name }) => name === 'Say').map(({ text }) => `Say ${text}`),
    [verb.name, verb.name === 'Dial' ? '' : verb.text, path(verb.attributes['action'])].filter(Boolean).join(' '),
  ]);
}
const inState = (state: CallState, asked: Ask): string[] =>
  heard(documents.forView(viewIn(state), asked, facts, 'nowhere'));

describe('a message by key', () => {
  it('is asked what becomes of it, once more where nothing is pressed or something else', () => {
    const gathers = (rounds: number) => `Gather /voice/voicemail?review=${rounds}`;
    expect(inState('reviewing', ask({}, true))).toEqual([`Say ${REVIEW}`, gathers(1)]);
    expect(inState('reviewing', ask({ rounds: 1 }))).toEqual([`Say ${REVIEW}`, gathers(2)]);
    const unknown = inState('reviewing', ask({ rounds: 1, isUnknownKey: true }));
    expect(unknown).toEqual(["Say I'm sorry, I did not understand that.", `Say ${REVIEW}`, gathers(2)]);
  });

  it('is sent, recorded again, or left for a person', () => {
    expect(inState('hangingUp', ask({ rounds: 1, choice: 'keep' }, true))).toEqual([
      'Say Thank you, we have your message. Goodbye.',
      'Hangup',
    ]);
    expect(inState('recording', ask({ rounds: 1, choice: 'again' }))).toEqual([
      'Say Please leave a message after the tone, and press the pound key when you are done.',
      'Record /voice/voicemail',
      'Redirect https://voice.example.com/voice/voicemail#ct=1000&rt=2500&rc=3&rp=all',
    ]);
    const person = inState('dialing', ask({ rounds: 1, choice: 'person' }));
    expect(person).toEqual(['Say Please hold while I connect you with our staff.', 'Dial /voice/dial-result']);
  });

  it('is asked for once more where nothing was said', () => {
    expect(inState('recording', ask({}))).toEqual([
      'Say I did not hear you. Please leave your message after the tone, and press the pound key when you are done.',
      'Record /voice/voicemail?tries=2',
      'Redirect https://voice.example.com/voice/voicemail?tries=2#ct=1000&rt=2500&rc=3&rp=all',
    ]);
    expect(inState('hangingUp', ask({ tries: 2 }))).toEqual(['Say I did not hear a message. Goodbye.', 'Hangup']);
  });

  it('a caller gets what the key promised although the call is not known', () => {
    const alone = (asked: Ask) => heard(documents.forTrouble('unavailable', asked, facts)).at(-1);
    expect(alone(ask({ rounds: 1, choice: 'person' }))).toBe('Dial /voice/dial-result');
    expect(alone(ask({ rounds: 1, choice: 'again' }))).toMatch(/^Redirect /);
    expect(alone(ask({ rounds: 1, choice: 'keep' }, true))).toBe('Hangup');
  });
});
