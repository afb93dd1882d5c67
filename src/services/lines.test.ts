import { expect, test } from 'vitest';
import { lineTable } from './line-table.ts';
import { isFixed, lineLanguage, lineLanguages, lineNames, lineText, ownLanguage } from './lines.ts';

const store = { name: 'Mangy Dog Coffee', greeting: '', languages: ['en'] };
const placeholders = (text: string) => [...text.matchAll(/\{(\w*)\}?/g)].map(([whole]) => whole).toSorted();

test('every sentence is there in every language, with the same placeholders', () => {
  for (const name of lineNames) {
    const words = lineTable[name];
    expect(Object.keys(words).toSorted()).toEqual([...lineLanguages].toSorted());
    for (const language of lineLanguages) {
      expect(words[language].trim()).toBe(words[language]);
      expect(words[language]).not.toBe('');
      expect([name, language, placeholders(words[language])]).toEqual([name, language, placeholders(words.en)]);
    }
    // A translation that was forgotten.
    if (words.en.length > 25) expect(new Set(Object.values(words)).size).toBe(lineLanguages.length);
  }
});

test('the English words that callers know stay as they were', () => {
  const said = (line: Parameters<typeof lineText>[0], values = {}) => lineText(line, store, 'en', values);
  expect([
    said('greeting'),
    said('moment'),
    said('busy'),
    said('trouble'),
    said('holdForStaff'),
    said('noStaff'),
    said('leaveMessage'),
    said('messageTaken'),
    said('noMessage'),
    said('notUnderstood'),
    said('noAssistant'),
    said('farewell'),
    said('welcome'),
    said('waitNext'),
    said('waitPosition', { position: 12 }),
    said('waitAboutMinutes', { minutes: 5 }),
    said('waitCallback', { callback: 'within 2 hours' }),
    said('willCall', { callback: 'within 2 hours' }),
  ]).toEqual([
    'Thank you for calling Mangy Dog Coffee. How can I help you?',
    'One moment, please.',
    "I'm sorry, all our lines are busy right now.",
    "I'm sorry, we are having technical trouble right now.",
    'Please hold while I connect you with our staff.',
    "I'm sorry, nobody could take your call right now.",
    'Please leave a message after the tone, and press the pound key when you are done.',
    'Thank you, we have your message. Goodbye.',
    'I did not hear a message. Goodbye.',
    "I'm sorry, I did not understand that.",
    'Our assistant is not available at the moment.',
    'Thank you for calling. Goodbye.',
    'Thank you for calling Mangy Dog Coffee.',
    'You are next in line.',
    'You are number 12 in line.',
    'It should take about 5 minutes.',
    'Press 2, and we will call you back within 2 hours.',
    'Thank you. We will call you back within 2 hours, at the number that you are calling from. Goodbye.',
  ]);
});

test('a store’s own greeting is said in its own language, the table’s in the others', () => {
  const own = { name: 'Chez Nous', greeting: ' Bonjour de {name} ! ', languages: ['fr', 'en'] };
  expect(['fr', 'fr-CA', 'en', 'es'].map((language) => lineText('greeting', own, language))).toEqual([
    'Bonjour de Chez Nous !',
    'Bonjour de Chez Nous !',
    'Thank you for calling Chez Nous. How can I help you?',
    'Gracias por llamar a Chez Nous. ¿En qué puedo ayudarle?',
  ]);
  expect(ownLanguage(own)).toBe('fr');
  expect(ownLanguage({ languages: [] })).toBe('en');
});

test('what a value says is never taken for a placeholder, and a name is not replaced by a value', () => {
  const odd = { ...store, name: '{position} $& {name}' };
  expect(lineText('welcome', odd, 'en', { position: 7, name: 'x' })).toBe(
    'Thank you for calling {position} $& {name}.',
  );
  expect(lineText('waitPosition', store, 'en')).toBe('You are number  in line.');
});

test('a language that the table is not written in is answered in English', () => {
  expect(['de', 'ES', 'es-MX', 'fr_FR', '', 'english'].map(lineLanguage)).toEqual(['en', 'es', 'es', 'fr', 'en', 'en']);
});

test('what differs from call to call cannot be prepared', () => {
  expect(lineNames.filter((line) => !isFixed(line))).toEqual(expect.arrayContaining(['waitPosition', 'whisperCall']));
  expect(lineNames.filter(isFixed)).toEqual(expect.arrayContaining(['greeting', 'welcome', 'moment', 'review']));
});
