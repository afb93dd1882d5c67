import { describe, expect, test } from 'vitest';
import { spokenDates } from './spoken-day.ts';

const special = [
  { date: '2026-11-26', reason: 'Thanksgiving Day' },
  { date: '2026-12-24', reason: 'Christmas Eve' },
  { date: '2026-12-25', reason: 'Christmas Day' },
  { date: '2027-01-01', reason: "New Year's Day" },
  { date: '2025-12-25', reason: 'Christmas Day' },
];
/** 2026-11-16 is a Monday. */
const read = (text: string, today = '2026-11-16') => spokenDates(text, today, special);

describe('a day as a caller names it', () => {
  test.each([
    ['today', ['2026-11-16']],
    ['Tonight', ['2026-11-16']],
    ['TOMORROW', ['2026-11-17']],
    ['the day after tomorrow', ['2026-11-18']],
    ['Monday', ['2026-11-16']],
    ['mOnDaY', ['2026-11-16']],
    ['on Wednesday', ['2026-11-18']],
    ['Sundays', ['2026-11-22']],
    ['thurs', ['2026-11-19']],
    ['next Monday', ['2026-11-23']],
    ['this Friday evening', ['2026-11-20']],
    ['the weekend', ['2026-11-21', '2026-11-22']],
    ['Saturday and Sunday', ['2026-11-21', '2026-11-22']],
    ['weekdays', ['2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20']],
    ['2026-12-24', ['2026-12-24']],
    ['2026-12-24T10:00:00Z', ['2026-12-24']],
    ['December 24', ['2026-12-24']],
    ['Dec. 24th', ['2026-12-24']],
    ['the 24th of December', ['2026-12-24']],
    ['December twenty-fourth', ['2026-12-24']],
    ['12/24', ['2026-12-24']],
    ['December 24, 2028', ['2028-12-24']],
    ['the 20th', ['2026-11-20']],
    ['the third', ['2026-12-03']],
    ['January 3', ['2027-01-03']],
    ['November 16', ['2026-11-16']],
    ['February 29', ['2028-02-29']],
  ])('%s', (text, dates) => {
    expect(read(text)).toEqual(dates);
  });

  test('a holiday is found by the reason of a special day, from today on', () => {
    expect(read('Christmas')).toEqual(['2026-12-24', '2026-12-25']);
    expect(read('christmas day')).toEqual(['2026-12-25']);
    expect(read('on Christmas Eve')).toEqual(['2026-12-24']);
    expect(read('thanksgiving')).toEqual(['2026-11-26']);
    expect(read('new years')).toEqual(['2027-01-01']);
    expect(read("New Year's Day")).toEqual(['2027-01-01']);
    expect(read('Christmas', '2026-12-26')).toBeNull();
  });

  test.each([
    '',
    'latte',
    'February 30',
    '2026-13-01',
    '17',
    'the 45th',
    '13/45',
    'night',
    'constructor',
    '__proto__',
    'x'.repeat(5000),
    '今日',
  ])('no day: %s', (text) => {
    expect(read(text)).toBeNull();
  });
});
