import { expect, test } from 'vitest';
import type { StaffMember } from '../../entities/staff-member.ts';
import type { Schedule } from './hours.ts';
import { onDuty, staffOf, staffReturns } from './staff.ts';

const day = (openTime: string, closeTime: string) => ({ openTime, closeTime, isClosed: false });
const store: Schedule = {
  timeZone: 'America/New_York',
  week: [undefined, ...Array.from({ length: 6 }, () => day('07:00', '18:00'))],
  exceptions: new Map([
    ['2026-11-26', { date: '2026-11-26', reason: 'Thanksgiving', ...day('00:00', '00:00'), isClosed: true }],
  ]),
};
/** On the store's wall, in winter. */
const at = (text: string) => Date.parse(`${text}:00-05:00`);

const row = (id: number, more: Partial<StaffMember> = {}): StaffMember => ({
  id,
  name: `Member ${id}`,
  number: `+1207555010${id}`,
  sortOrder: 0,
  hours: null,
  ringSeconds: 25,
  isAvailable: true,
  mode: 'warm',
  ...more,
});

const numbers = (rows: readonly StaffMember[], now: string) =>
  onDuty(staffOf(rows, []), store, at(now)).map(({ number }) => number.at(-1));

test('they are rung in their order; who is away is not, and nobody outside their hours', () => {
  const evening = Array.from({ length: 7 }, () => ({ openTime: '16:00', closeTime: '02:00' }));
  const rows = [row(1, { sortOrder: 9 }), row(2), row(3, { isAvailable: false }), row(4, { hours: evening })];
  expect(numbers(rows, '2026-11-18T12:00')).toEqual(['2', '1']);
  expect(numbers(rows, '2026-11-18T17:00')).toEqual(['2', '4', '1']);
  expect(numbers(rows, '2026-11-18T23:00')).toEqual(['4']);
  expect(numbers(rows, '2026-11-19T01:59'), 'after midnight').toEqual(['4']);
  expect(numbers(rows, '2026-11-18T03:00')).toEqual([]);
  expect(numbers(rows, '2026-11-22T12:00'), 'the store is closed').toEqual([]);
  expect(numbers(rows, '2026-11-22T17:00'), 'but not they').toEqual(['4']);
  expect(numbers(rows, '2026-11-26T17:00'), 'on a holiday nobody is').toEqual([]);
});

test('a day that is not understood is a day off', () => {
  const broken = [null, { openTime: '25:00', closeTime: '18:00' }, {}, null, null, null, null] as never;
  expect(numbers([row(1, { hours: broken })], '2026-11-23T12:00')).toEqual([]);
});

test('a store without rows has its list of numbers, at any hour; one with rows has only those', () => {
  const listed = staffOf([], ['+12075550199']);
  expect(listed).toEqual([{ name: '', number: '+12075550199', ringS: 25, mode: 'cold', hours: 'always' }]);
  expect(onDuty(listed, store, at('2026-11-22T03:00'))).toEqual(listed);
  expect(staffOf([row(1, { isAvailable: false })], ['+12075550199'])).toEqual([]);
});

test('it is known when the first is there again', () => {
  const late = [null, null, null, null, null, null, { openTime: '05:00', closeTime: '06:00' }];
  const staff = staffOf([row(1), row(2, { hours: late })], []);
  expect(staffReturns(staff, store, at('2026-11-18T20:00'), 'en')).toBe('07:00 tomorrow');
  expect(staffReturns(staff, store, at('2026-11-20T20:00'), 'en'), 'the earlier of two').toBe('05:00 tomorrow');
  expect(staffReturns(staff, store, at('2026-11-25T20:00'), 'en'), 'over the holiday').toBe('07:00 on Friday');
  expect(staffReturns([], store, at('2026-11-18T20:00'), 'en')).toBeNull();
});
