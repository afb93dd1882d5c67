import { expect, test } from 'vitest';
import { type CallbackPolicy, callbackWindow, isCallbackTime, spokenCallback } from './callback-window.ts';

const ZONE = 'America/New_York';
const policy: CallbackPolicy = {
  offered: true,
  withinMinutes: 120,
  openTime: '09:00',
  closeTime: '18:00',
  dialler: false,
  callsPerMinute: 6,
  attemptsMax: 3,
};
/** A time on the store's wall, standard time. */
const at = (text: string) => Date.parse(`${text}:00-05:00`);

test.each([
  ['2026-11-18T12:00', '2026-11-18T12:00', '2026-11-18T14:00', 'within 2 hours'],
  ['2026-11-18T09:00', '2026-11-18T09:00', '2026-11-18T11:00', 'within 2 hours'],
  ['2026-11-18T16:00', '2026-11-18T16:00', '2026-11-18T18:00', 'within 2 hours'],
  ['2026-11-18T17:30', '2026-11-18T17:30', '2026-11-19T10:30', 'by 10:30 tomorrow'],
  ['2026-11-18T18:00', '2026-11-19T09:00', '2026-11-19T11:00', 'tomorrow between 09:00 and 11:00'],
  ['2026-11-18T23:59', '2026-11-19T09:00', '2026-11-19T11:00', 'tomorrow between 09:00 and 11:00'],
  ['2026-11-18T03:00', '2026-11-18T09:00', '2026-11-18T11:00', 'today between 09:00 and 11:00'],
])('asked at %s: from %s to %s, %s', (asked, start, end, words) => {
  expect(callbackWindow(policy, ZONE, at(asked))).toEqual({ start: at(start), end: at(end) });
  expect(spokenCallback(policy, ZONE, at(asked), 'en')).toBe(words);
});

test.each([
  [1, 'within a minute'],
  [45, 'within 45 minutes'],
  [60, 'within an hour'],
  [90, 'within 90 minutes'],
  [480, 'by 11:00 tomorrow'],
  [1_200, 'by 14:00 on Friday'],
])('%i minutes from noon on: %s', (withinMinutes, words) => {
  expect(spokenCallback({ ...policy, withinMinutes }, ZONE, at('2026-11-18T12:00'), 'en')).toBe(words);
});

test('the hours are those of the wall, also on the day when the clocks change', () => {
  // 2026-11-01 has 25 hours, of which the night takes the one that comes twice.
  const asked = Date.parse('2026-10-31T18:00:00-04:00');
  expect(callbackWindow(policy, ZONE, asked)).toEqual({ start: at('2026-11-01T09:00'), end: at('2026-11-01T11:00') });
});

test('a promise without end is kept within a month', () => {
  const { end } = callbackWindow({ ...policy, withinMinutes: 1e9 }, ZONE, at('2026-11-18T12:00'));
  expect(end).toBe(at('2026-12-17T18:00'));
});

test('calls are made from the opening up to the closing time', () => {
  const isTime = (time: string) => isCallbackTime(policy, ZONE, at(`2026-11-18T${time}`));
  expect(['08:59', '09:00', '12:00', '17:59', '18:00', '23:00'].map(isTime)).toEqual([
    false,
    true,
    true,
    true,
    false,
    false,
  ]);
});

test('in the languages of our sentences', () => {
  const said = (asked: string, withinMinutes = 120) =>
    ['es', 'fr'].map((language) => spokenCallback({ ...policy, withinMinutes }, ZONE, at(asked), language));
  expect([
    said('2026-11-18T12:00'),
    said('2026-11-18T12:00', 60),
    said('2026-11-18T12:00', 45),
    said('2026-11-18T18:00'),
    said('2026-11-18T17:30'),
    said('2026-11-18T12:00', 1_200),
  ]).toEqual([
    ['en menos de 2 horas', 'd’ici 2 heures'],
    ['en menos de una hora', 'd’ici une heure'],
    ['en menos de 45 minutos', 'd’ici 45 minutes'],
    ['mañana entre las 09:00 y las 11:00', 'demain entre 09:00 et 11:00'],
    ['antes de las 10:30 de mañana', 'avant 10:30 demain'],
    ['antes de las 14:00 del viernes', 'avant 14:00 vendredi'],
  ]);
});
