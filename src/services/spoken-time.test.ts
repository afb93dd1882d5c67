import { expect, test } from 'vitest';
import { openNow, type Schedule } from './hours.ts';
import { spokenClosing, spokenOpening } from './spoken-time.ts';

const today = '2026-11-26';
const opening = (language: string, date: string, time = '07:00') => spokenOpening({ time, date, today, language });

test('an opening is said with the day that it is on, in each language', () => {
  const days = ['2026-11-26', '2026-11-27', '2026-12-01', '2027-01-02'];
  expect(days.map((date) => opening('en', date))).toEqual([
    '07:00',
    '07:00 tomorrow',
    '07:00 on Tuesday',
    '07:00 on Saturday, January 2',
  ]);
  expect(days.map((date) => opening('es', date))).toEqual([
    'las 07:00',
    'las 07:00 de mañana',
    'las 07:00 del martes',
    'las 07:00 del sábado 2 de enero',
  ]);
  expect(days.map((date) => opening('fr', date))).toEqual([
    '07:00',
    '07:00 demain',
    '07:00 mardi',
    '07:00 le samedi 2 janvier',
  ]);
  expect([opening('es', today, '01:30'), opening('de', today, '01:30')]).toEqual(['la 01:30', '01:30']);
});

test('a closing is today, at midnight, or on a later day', () => {
  const closing = (date: string, time: string) => spokenClosing({ time, date, today, language: 'en' });
  expect([closing(today, '18:00'), closing('2026-11-27', '00:00'), closing('2026-11-27', '01:00')]).toEqual([
    '18:00 today',
    'midnight tonight',
    '01:00 tomorrow',
  ]);
});

const weekday = { openTime: '07:00', closeTime: '18:00', isClosed: false };
const schedule: Schedule = {
  timeZone: 'America/New_York',
  week: Array.from({ length: 7 }, () => weekday),
  exceptions: new Map([
    [today, { date: today, reason: 'Thanksgiving', openTime: '00:00', closeTime: '00:00', isClosed: true }],
    ['2026-12-24', { date: '2026-12-24', reason: 'Christmas Eve', ...weekday, closeTime: '14:00' }],
  ]),
};

test('a holiday is named by whoever is closed for it, in the language of the call', () => {
  const noon = Date.parse(`${today}T17:00:00Z`);
  expect([openNow(schedule, noon), openNow(schedule, noon, 'es'), openNow(schedule, noon, 'fr')]).toEqual([
    { isOpen: false, message: "We're closed today for Thanksgiving. We open at 07:00 tomorrow." },
    { isOpen: false, message: 'Hoy estamos cerrados por Thanksgiving. Abrimos a las 07:00 de mañana.' },
    { isOpen: false, message: 'Nous sommes fermés aujourd’hui pour Thanksgiving. Nous ouvrons à 07:00 demain.' },
  ]);
  const eve = Date.parse('2026-12-24T20:00:00Z');
  expect(openNow(schedule, eve).message).toBe("We're currently closed. We open at 07:00 tomorrow.");
});
