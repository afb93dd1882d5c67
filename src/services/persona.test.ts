import { expect, test } from 'vitest';
import { pumpkinWeeks, smallCatalog } from './catalog.fixture.ts';
import { emptyCatalog } from './catalog.ts';
import { personaOf } from './persona.ts';

const monday = Date.UTC(2026, 10, 16, 20);

test('session: the persona is built from settings, store, promotion and rules, with the configured voice', () => {
  const persona = personaOf(
    { ...smallCatalog, assistant: { ...smallCatalog.assistant, voice: 'cedar' } },
    monday,
    'en',
  );
  expect(persona).toMatchSnapshot();
});

test('a store that decided nothing gets the defaults', () => {
  const { instructions, greeting, voice } = personaOf(emptyCatalog, monday, 'en');
  expect({ greeting, voice }).toEqual({
    greeting: 'Thank you for calling Mangy Dog Coffee. How can I help you?',
    voice: 'marin',
  });
  expect(instructions).toContain('You answer the telephone of Mangy Dog Coffee.');
  expect(instructions).not.toMatch(/Address|Telephone:|E-mail|Menu categories|undefined|null/);
});

test('a promotion is in it while it runs in store time, not before and not after', () => {
  const mentions = (at: number) => personaOf(smallCatalog, at, 'en').instructions.includes('PUMPKIN26');
  // Los Angeles: eight hours behind in winter, seven in summer time, which ends on November 1, 02:00.
  expect(
    [
      Date.UTC(2026, 10, 1, 6, 59),
      Date.UTC(2026, 10, 1, 7, 0),
      Date.UTC(2026, 11, 1, 7, 59),
      Date.UTC(2026, 11, 1, 8, 0),
    ].map(mentions),
  ).toEqual([false, true, true, false]);
});

test('a sold out promotion is said to be so, without its code', () => {
  const { instructions } = personaOf(
    { ...smallCatalog, promotions: [{ ...pumpkinWeeks, soldOut: true }] },
    monday,
    'en',
  );
  expect(instructions).toContain('Pumpkin Weeks is sold out and can no longer be had.');
  expect(instructions).not.toContain('PUMPKIN26');
});

test('what changes from day to day stands at the end', () => {
  const [today, tomorrow] = [monday, monday + 86_400_000].map((at) => personaOf(smallCatalog, at, 'en').instructions);
  expect(today?.split('# Today')[0]).toBe(tomorrow?.split('# Today')[0]);
  expect(today?.split('# Today')[1]).toContain('Monday, November 16, 2026');
});

test('languages: the first is spoken, the others on request; a call may be in another', () => {
  const bilingual = { ...smallCatalog, languages: ['en', 'es'] };
  const first = personaOf(bilingual, monday, 'en');
  expect(first.instructions).toContain('Speak English. You also speak Spanish: when the caller speaks one of these');
  const second = personaOf(bilingual, monday, 'es');
  expect(second.instructions).toContain('Speak Spanish. You also speak English');
  expect(second.greeting).toBe('Gracias por llamar a Mangy Dog Coffee. ¿En qué puedo ayudarle?');
  expect(personaOf(smallCatalog, monday, 'en').instructions).not.toContain('speak_language');
});

test('outside the hours the closed line is said first where the store has it so', () => {
  const night = Date.UTC(2026, 10, 17, 4);
  const greetings = (['assistant', 'announce', 'voicemail'] as const).map((behaviour) => {
    const closed = { behaviour, lines: { en: 'The dogs sleep.' } };
    return personaOf({ ...smallCatalog, closed }, night, 'en').greeting;
  });
  expect(greetings).toEqual([
    'Mangy Dog Coffee, this is Aida!',
    'The dogs sleep. We open at 07:00 tomorrow. Mangy Dog Coffee, this is Aida!',
    'Mangy Dog Coffee, this is Aida!',
  ]);
  const closed = { behaviour: 'announce' as const, lines: {} };
  expect(personaOf({ ...smallCatalog, closed }, monday, 'en').greeting).toBe('Mangy Dog Coffee, this is Aida!');
  // Of this store no hours are known: it is not said to be closed.
  const { greeting, instructions } = personaOf({ ...emptyCatalog, closed }, monday, 'en');
  expect([greeting, instructions]).not.toContainEqual(expect.stringContaining('closed'));
});

test('where calls are recorded the assistant knows what becomes of whoever declines', () => {
  const recorded = { ...smallCatalog, recording: { ...smallCatalog.recording, calls: true } };
  expect(personaOf(recorded, monday, 'en').instructions).toContain('Calls may be recorded.');
  expect(personaOf(smallCatalog, monday, 'en').instructions).not.toContain('recorded');
});
