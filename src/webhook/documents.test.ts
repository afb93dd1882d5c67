import { describe, expect, it } from 'vitest';
import { limits } from '../../machines/call-events.ts';
import type { CallState, TwimlRequest } from '../calls/call-door.ts';
import { parseTwiml } from '../sim/twilio/twiml.ts';
import type { XmlElement } from '../sim/twilio/xml.ts';
import { viewIn } from './carrier.fixture.ts';
import { createHoldAudio } from './hold-audio.ts';
import { noKeypadFacts } from './menu-words.ts';
import { noSounds, soundsOf } from './lines.fixture.ts';
import { beginWait } from './wait-state.ts';
import { Documents, type Ask, type StoreFacts, type Trouble } from './documents.ts';

const PUBLIC_URL = 'https://voice.example.com';
const RETRY = '#ct=1000&rt=2500&rc=3&rp=all';
const documents = new Documents(PUBLIC_URL, createHoldAudio(), noSounds);
const staffed: StoreFacts = {
  greeting: '',
  languages: ['en'],
  name: 'Mangy Dog Coffee',
  keypad: { ...noKeypadFacts, hours: () => "We're open until 18:00 today." },
  closed: () => null,
  recording: () => 'off',
  callMsMax: 1_800_000,
  staffNumbers: ['+15550001111', '+15550002222'],
  promotions: () => [],
  callback: () => 'within 2 hours',
};
const alone: StoreFacts = { ...staffed, staffNumbers: [] };
const stream = { mediaUrl: 'wss://voice.example.com/media-stream', token: 'a.b.c' };
const states: CallState[] = [
  'ringing',
  'waiting',
  'conversation',
  'detached',
  'dialing',
  'recording',
  'menu',
  'hangingUp',
  'ended',
];
const kinds: TwimlRequest['kind'][] = ['arrive', 'next', 'wait', 'dialResult', 'voicemail', 'menu'];
const troubles: Trouble[] = [
  'unknown',
  'unavailable',
  'ended',
  'late',
  'threw',
  'full',
  'queued',
  'nowhere',
  'draining',
];

const ask = (change: Partial<Ask> = {}): Ask => ({
  kind: 'next',
  digits: '',
  succeeded: false,
  from: '+15553334444',
  to: '+15559990000',
  puttingOff: 0,
  ...change,
});

/** What the caller hears and what happens then, one line each: `Say Hello`, `Dial +1… +1…`. */
function heard(twiml: string): string[] {
  const { verbs, complaints } = parseTwiml(twiml, null);
  expect(complaints).toEqual([]);
  const line = ({ name, text, children }: XmlElement): string[] =>
    name === 'Gather'
      ? [...children.flatMap(line), 'Gather']
      : [[name, text.trim(), ...children.map((child) => child.text.trim())].filter(Boolean).join(' ')];
  return verbs.flatMap(line);
}

function attributes(twiml: string, name: string): Record<string, string> | undefined {
  return parseTwiml(twiml, null).verbs.find((verb) => verb.name === name)?.attributes;
}

describe('every document', () => {
  it('is valid, absolute, and ends in something', () => {
    const ends = /^(?:Connect|Dial|Record|Gather|Redirect|Hangup)/;
    for (const kind of kinds) {
      for (const facts of [staffed, alone]) {
        for (const digits of ['', '1', '2', '3', '0', '9']) {
          for (const succeeded of [true, false]) {
            const asked = ask({ kind, digits, succeeded });
            const written = [
              ...states.flatMap((state) =>
                [stream, ...troubles].map((to) => documents.forView(viewIn(state), asked, facts, to)),
              ),
              ...troubles.map((trouble) => documents.forTrouble(trouble, asked, facts)),
              documents.fallback(asked, facts),
            ];
            for (const twiml of new Set(written)) {
              const lines = heard(twiml);
              if (lines.length > 0) expect(lines.some((line) => ends.test(line))).toBe(true);
              for (const url of twiml.match(/https:[^"<]+/g) ?? [])
                expect(url.replaceAll('&amp;', '&')).toMatch(
                  /^https:\/\/voice\.example\.com\/voice\/[a-z-]+(?:\?n=\d)?#ct=1000&rt=2500&rc=3&rp=all$/,
                );
            }
          }
        }
      }
    }
  });
});

describe('where the call stands', () => {
  it('connects the stream under the name that it always had, with its token', () => {
    const twiml = documents.forView(viewIn('ringing'), ask({ kind: 'arrive' }), staffed, stream);
    const [connect] = parseTwiml(twiml, null).verbs;
    expect(connect).toMatchObject({
      name: 'Connect',
      attributes: { action: `${PUBLIC_URL}/voice/next${RETRY}`, method: 'POST' },
      children: [
        {
          name: 'Stream',
          attributes: {
            url: 'wss://voice.example.com/media-stream',
            name: 'openai-bridge',
            statusCallback: `${PUBLIC_URL}/voice/stream-status${RETRY}`,
            statusCallbackMethod: 'POST',
          },
          children: [{ name: 'Parameter', attributes: { name: 'token', value: 'a.b.c' } }],
        },
      ],
    });
  });

  it('rings all staff at once, within the time that the call waits for it', () => {
    const twiml = documents.forView(viewIn('dialing'), ask(), staffed, stream);
    expect(heard(twiml)).toEqual(['Dial +15550001111 +15550002222']);
    expect(attributes(twiml, 'Dial')).toEqual({
      action: `${PUBLIC_URL}/voice/dial-result${RETRY}`,
      method: 'POST',
      timeout: '25',
      timeLimit: '14400',
      callerId: '+15553334444',
      answerOnBridge: 'true',
    });
    expect(25_000).toBeLessThan(limits.ringMs);
    expect(heard(documents.forView(viewIn('dialing'), ask(), alone, stream))).toEqual([
      `Redirect ${PUBLIC_URL}/voice/dial-result${RETRY}`,
    ]);
  });

  it.each([
    ['+15553334444', '+15553334444'],
    ['anonymous', '+15559990000'],
    ['+266696687', '+15559990000'],
    ['client:jo', '+15559990000'],
    ['sip:jo@example.com', '+15559990000'],
    ['', '+15559990000'],
  ])('shows staff the number of %j, or ours', (from, callerId) => {
    const twiml = documents.forView({ ...viewIn('dialing'), from }, ask(), staffed, stream);
    expect(attributes(twiml, 'Dial')?.callerId).toBe(callerId);
    const sip = documents.forView({ ...viewIn('dialing'), from, to: 'sip:x@y' }, ask(), staffed, stream);
    expect(attributes(sip, 'Dial')?.callerId).toBe(callerId === from ? from : undefined);
  });

  const ring = { number: '+15550001111', hold: '1763827200000', ringS: 20, isWarm: true };

  it('rings who is kept for the call, alone, who accepts by key', () => {
    const twiml = documents.forView(viewIn('dialing'), ask({ staff: { kind: 'ring', ring } }), staffed, stream);
    expect(heard(twiml)).toEqual(['Dial +15550001111']);
    expect(attributes(twiml, 'Dial')).toMatchObject({
      action: `${PUBLIC_URL}/voice/dial-result?h=${ring.hold}${RETRY}`,
      timeout: '20',
    });
    const number = {
      statusCallback: `${PUBLIC_URL}/voice/status?h=${ring.hold}${RETRY}`,
      statusCallbackMethod: 'POST',
      statusCallbackEvent: 'completed',
    };
    expect(parseTwiml(twiml, null).verbs[0]?.children[0]?.attributes).toEqual({
      url: `${PUBLIC_URL}/voice/whisper?h=${ring.hold}${RETRY}`,
      method: 'POST',
      ...number,
    });
    const cold = { kind: 'ring', ring: { ...ring, isWarm: false } } as const;
    const atOnce = documents.forView(viewIn('dialing'), ask({ staff: cold }), staffed, stream);
    expect(parseTwiml(atOnce, null).verbs[0]?.children[0]?.attributes).toEqual(number);
  });

  it('rings who was kept where nobody could be asked, and all where nobody was', () => {
    const known = { ...viewIn('dialing'), ringing: '+15550002222' };
    expect(heard(documents.forView(known, ask(), staffed, stream))).toEqual(['Dial +15550002222']);
    const away = ask({ staff: { kind: 'away' } });
    expect(heard(documents.forView(viewIn('dialing'), away, staffed, stream))).toEqual([
      'Dial +15550001111 +15550002222',
    ]);
  });

  it.each([
    [{ kind: 'busy', place: 3 }, /on another call\. You are number 3 in line, and I will put you through/],
    [{ kind: 'busy', place: 0 }, /everybody on our staff is on another call\.$/],
    [{ kind: 'closed' }, /nobody on our staff takes calls at this hour\.$/],
  ] as const)('says that nobody is free before anybody is rung: %j', (staff, words) => {
    const query = staff.kind === 'busy' && staff.place > 0 ? '?w=1' : '';
    expect(heard(documents.forView(viewIn('dialing'), ask({ staff }), staffed, stream))).toEqual([
      expect.stringMatching(words),
      `Redirect ${PUBLIC_URL}/voice/dial-result${query}${RETRY}`,
    ]);
  });

  it('records a message with a bound, and asks even when nothing was said', () => {
    const twiml = documents.forView(viewIn('recording'), ask(), staffed, stream);
    expect(heard(twiml)).toEqual([
      'Say Please leave a message after the tone, and press the pound key when you are done.',
      'Record',
      `Redirect ${PUBLIC_URL}/voice/voicemail${RETRY}`,
    ]);
    expect(attributes(twiml, 'Record')).toEqual({
      action: `${PUBLIC_URL}/voice/voicemail${RETRY}`,
      method: 'POST',
      timeout: '5',
      maxLength: '120',
      finishOnKey: '#',
      playBeep: 'true',
      recordingStatusCallback: `${PUBLIC_URL}/voice/recording${RETRY}`,
      recordingStatusCallbackMethod: 'POST',
    });
    expect(120_000).toBeLessThan(limits.recordMs);
  });

  it('after hours takes a message, and says first that and until when the store is closed', () => {
    const closed = (language: string) => (language === 'es' ? 'Hoy estamos cerrados.' : null);
    const recording = (language: string) =>
      heard(
        documents.forView(
          { ...viewIn('recording'), language },
          ask({ kind: 'arrive' }),
          { ...staffed, closed },
          'afterHours',
        ),
      );
    expect(recording('es')).toEqual([
      'Say Hoy estamos cerrados.',
      'Say Deje su mensaje después de la señal y pulse la tecla numeral cuando termine.',
      'Record',
      'Redirect https://voice.example.com/voice/voicemail#ct=1000&rt=2500&rc=3&rp=all',
    ]);
    // It opened while the call was being taken.
    expect(recording('en')[0]).toBe("Say I'm sorry, we cannot take your call right now.");
  });

  it('offers the keypad menu from memory', () => {
    const menu = (change: Partial<Ask>, facts = staffed): string[] =>
      heard(documents.forView(viewIn('menu'), ask(change), facts, stream));
    const options = [
      'Say Press 1 for our opening hours and our address.',
      'Say Press 2 to speak with our staff.',
      'Say Press 3 to leave a message.',
      'Say Press 9 to hear this again.',
    ];
    expect(menu({})).toEqual([
      'Say Thank you for calling Mangy Dog Coffee.',
      'Say Our assistant is not available at the moment.',
      ...options,
      'Gather',
    ]);
    expect(menu({ kind: 'menu', digits: '1' })).toEqual(["Say We're open until 18:00 today.", ...options, 'Gather']);
    expect(menu({ kind: 'menu', digits: '7' })).toEqual([
      "Say I'm sorry, I did not understand that.",
      ...options,
      'Gather',
    ]);
    expect(menu({ kind: 'menu', digits: '' })).toEqual([...options, 'Gather']);
    expect(menu({ kind: 'menu', digits: '9' })).toEqual([...options, 'Gather']);
    expect(menu({ kind: 'dialResult' })).toEqual([
      "Say I'm sorry, nobody could take your call right now.",
      ...options,
      'Gather',
    ]);
    expect(menu({ kind: 'menu' }, alone)).toEqual([...options.filter((option) => !option.includes('2')), 'Gather']);
    expect(attributes(documents.forView(viewIn('menu'), ask(), staffed, stream), 'Gather')).toEqual({
      action: `${PUBLIC_URL}/voice/menu${RETRY}`,
      method: 'POST',
      numDigits: '1',
      timeout: '6',
      actionOnEmptyResult: 'true',
    });
    expect(heard(documents.forView(viewIn('dialing'), ask({ kind: 'menu', digits: '2' }), staffed, stream))).toEqual([
      'Say Please hold while I connect you with our staff.',
      'Dial +15550001111 +15550002222',
    ]);
  });

  it('hangs up without a word where the goodbye was heard, else with one', () => {
    const end = (change: Partial<Ask>): string[] =>
      heard(documents.forView(viewIn('hangingUp'), ask(change), staffed, stream));
    expect(end({ kind: 'next' })).toEqual(['Hangup']);
    expect(end({ kind: 'dialResult', succeeded: true })).toEqual(['Say Thank you for calling. Goodbye.', 'Hangup']);
    expect(end({ kind: 'menu' })).toEqual(['Say Thank you for calling. Goodbye.', 'Hangup']);
    expect(end({ kind: 'voicemail', succeeded: true })).toEqual([
      'Say Thank you, we have your message. Goodbye.',
      'Hangup',
    ]);
    expect(end({ kind: 'voicemail' })).toEqual(['Say I did not hear a message. Goodbye.', 'Hangup']);
    expect(heard(documents.forView(viewIn('ended'), ask(), staffed, stream))).toEqual([]);
  });

  it('apologizes where no place was to be had, and never streams a call that left a message', () => {
    expect(heard(documents.forView(viewIn('ringing'), ask({ kind: 'arrive' }), staffed, 'full'))).toEqual([
      "Say I'm sorry, all our lines are busy right now.",
      'Say Please hold while I connect you with our staff.',
      'Dial +15550001111 +15550002222',
    ]);
    expect(heard(documents.forView(viewIn('ringing'), ask({ kind: 'dialResult' }), staffed, 'full')).at(-2)).toBe(
      'Record',
    );
    expect(
      heard(documents.forView(viewIn('ringing'), ask({ kind: 'voicemail', succeeded: true }), staffed, stream)),
    ).toEqual(['Say Thank you, we have your message. Goodbye.', 'Hangup']);
  });
});

describe('what is rendered', () => {
  const goodbye = 'Thank you for calling. Goodbye.';
  const sounds = soundsOf([goodbye, 'Press 1 to leave a message.']);
  const withSounds = new Documents(PUBLIC_URL, createHoldAudio(), sounds);

  it('is played, the rest is said', () => {
    const end = withSounds.forView(viewIn('hangingUp'), ask({ kind: 'menu' }), staffed, stream);
    expect(heard(end)).toEqual([`Play ${PUBLIC_URL}/audio/${sounds.hashOf(goodbye)}`, 'Hangup']);
    const piece = {
      sentences: ['You are number 7 in line.', 'Press 1 to leave a message.'],
      language: 'en',
      holdMs: 4_000,
      next: beginWait('new', 0),
      announces: true,
    };
    expect(heard(withSounds.hold(piece))).toEqual([
      'Say You are number 7 in line.',
      `Play ${PUBLIC_URL}/audio/${sounds.hashOf('Press 1 to leave a message.')}`,
      expect.stringMatching(/^Play .*\/audio\/[0-9a-f]{64}\?s=3$/),
      'Gather',
    ]);
  });

  it('in one language is not played in another, whose voice says it', () => {
    const spanish = { ...viewIn('hangingUp'), language: 'es' };
    const end = withSounds.forView(spanish, ask({ kind: 'menu' }), staffed, stream);
    expect(heard(end)).toEqual(['Say Gracias por llamar. Adiós.', 'Hangup']);
    expect(attributes(end, 'Say')).toEqual({ language: 'es-MX' });
    expect(heard(withSounds.forView(viewIn('hangingUp'), ask({ kind: 'menu' }), staffed, stream))[0]).toMatch(/^Play/);
  });

  it('callers of whom nothing is known hear the store’s own language', () => {
    const french: StoreFacts = { ...alone, languages: ['fr', 'en'] };
    expect(heard(withSounds.forTrouble('threw', ask({ kind: 'arrive' }), french)).slice(0, 2)).toEqual([
      'Say Je suis désolée, nous avons un problème technique en ce moment.',
      'Say Laissez un message après le signal, puis appuyez sur la touche dièse.',
    ]);
  });
});

describe('trouble', () => {
  const told = (trouble: Trouble, change: Partial<Ask>, facts = staffed): string[] =>
    heard(documents.forTrouble(trouble, ask(change), facts));
  it('is a sentence and a person, or a machine for messages', () => {
    expect(told('unavailable', { kind: 'arrive' })).toEqual([
      "Say I'm sorry, we are having technical trouble right now.",
      'Say Please hold while I connect you with our staff.',
      'Dial +15550001111 +15550002222',
    ]);
    expect(told('threw', { kind: 'arrive' }, alone).slice(0, 3)).toEqual([
      "Say I'm sorry, we are having technical trouble right now.",
      'Say Please leave a message after the tone, and press the pound key when you are done.',
      'Record',
    ]);
    expect(told('ended', { kind: 'next' })).toEqual(['Say Thank you for calling. Goodbye.', 'Hangup']);
  });

  it('is put off a bounded number of times where it may pass', () => {
    expect(told('unavailable', {})).toEqual(['Pause', `Redirect ${PUBLIC_URL}/voice/next?n=1${RETRY}`]);
    expect(told('late', { puttingOff: 7 })).toEqual(['Pause', `Redirect ${PUBLIC_URL}/voice/next?n=8${RETRY}`]);
    expect(told('late', { puttingOff: 8 }).at(-1)).toBe('Dial +15550001111 +15550002222');
    const moment = (next: number) => [
      'Say One moment, please.',
      'Pause',
      `Redirect ${PUBLIC_URL}/voice/next?n=${next}${RETRY}`,
    ];
    expect([told('draining', {}), told('draining', { puttingOff: 1 })]).toEqual([moment(1), moment(2)]);
    expect(told('draining', { puttingOff: 2 }).at(-1)).toBe('Dial +15550001111 +15550002222');
    // Redis may have lost it a moment ago, and its holder not have brought it back yet.
    expect([told('unknown', {}), told('unknown', { puttingOff: 1 })]).toEqual([moment(1), moment(2)]);
    expect(told('unknown', { puttingOff: 2 }).at(-1)).toBe('Dial +15550001111 +15550002222');
  });

  it('never loops: staff that did not answer lead to a message, a message to the end, silence in the menu too', () => {
    expect(told('unavailable', { kind: 'dialResult' }).map((line) => line.split(' ')[0])).toEqual([
      'Say',
      'Say',
      'Record',
      'Redirect',
    ]);
    expect(told('unavailable', { kind: 'dialResult', succeeded: true }).at(-1)).toBe('Hangup');
    expect(told('unavailable', { kind: 'voicemail', succeeded: true })).toEqual([
      'Say Thank you, we have your message. Goodbye.',
      'Hangup',
    ]);
    expect(told('unavailable', { kind: 'menu' })).toEqual(['Say Thank you for calling. Goodbye.', 'Hangup']);
  });

  it('keeps the menu working without a journal', () => {
    expect(told('unavailable', { kind: 'menu', digits: '1' }).at(0)).toBe("Say We're open until 18:00 today.");
    expect(told('unavailable', { kind: 'menu', digits: '2' }).at(-1)).toBe('Dial +15550001111 +15550002222');
    expect(told('unavailable', { kind: 'menu', digits: '3' })).toContain('Record');
  });

  it('says what is in memory as text, never as markup', () => {
    const keypad = { ...noKeypadFacts, hours: () => '<Hangup/> & "friends" <![CDATA[' };
    const facts = { ...staffed, keypad };
    expect(heard(documents.forView(viewIn('menu'), ask({ kind: 'menu', digits: '1' }), facts, stream))[0]).toBe(
      'Say <Hangup/> & "friends" <![CDATA[',
    );
  });
});
