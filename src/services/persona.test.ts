import { expect, test } from 'vitest';
import { pumpkinWeeks, smallCatalog } from './catalog.fixture.ts';
import { emptyCatalog } from './catalog.ts';
import { personaOf } from './persona.ts';

const monday = Date.UTC(2026, 10, 16, 20);

test('session: the persona is built from settings, store, promotion and rules, with the configured voice', () => {
  const persona = personaOf({ ...smallCatalog, assistant: { ...smallCatalog.assistant, voice: 'cedar' } }, monday);
  expect(persona).toMatchSnapshot();
});

test('a store that decided nothing gets the defaults', () => {
  const { instructions, greeting, voice } = personaOf(emptyCatalog, monday);
  expect({ greeting, voice }).toEqual({
    greeting: 'Thank you for calling Mangy Dog Coffee. How can I help you?',
    voice: 'marin',
  });
  expect(instructions).toContain('You answer the telephone of Mangy Dog Coffee.');
  expect(instructions).not.toMatch(/Address|Telephone:|E-mail|Menu categories|undefined|null/);
});

test('a promotion is in it while it runs in store time, not before and not after', () => {
  const mentions = (at: number) => personaOf(smallCatalog, at).instructions.includes('PUMPKIN26');
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
  const { instructions } = personaOf({ ...smallCatalog, promotions: [{ ...pumpkinWeeks, soldOut: true }] }, monday);
  expect(instructions).toContain('Pumpkin Weeks is sold out and can no longer be had.');
  expect(instructions).not.toContain('PUMPKIN26');
});

test('what changes from day to day stands at the end', () => {
  const [today, tomorrow] = [monday, monday + 86_400_000].map((at) => personaOf(smallCatalog, at).instructions);
  expect(today?.split('# Today')[0]).toBe(tomorrow?.split('# Today')[0]);
  expect(today?.split('# Today')[1]).toContain('Monday, November 16, 2026');
});
