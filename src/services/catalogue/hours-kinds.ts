import { z } from 'zod';
import { StoreHoursExceptionEntity } from '../../../entities/store-hours-exception.ts';
import { StoreHoursEntity } from '../../../entities/store-hours.ts';
import type { DaySchedule } from '../hours.ts';
import { dayNames } from '../local-time.ts';
import { storeLimits } from '../store-check.ts';
import { box, calendarDate, line, linesByLanguage, timeOfDay } from './fields.ts';
import { defineKind } from './kind.ts';

const REASON_CHARS_MAX = 60;

const closedDay: DaySchedule = { isClosed: true, openTime: '00:00', closeTime: '00:00' };

/** Times of a closed day mean nothing. */
export const dayRow = z
  .object({ isClosed: box, openTime: z.string().default(''), closeTime: z.string().default('') })
  .transform((row, check): DaySchedule => {
    if (row.isClosed) return closedDay;
    const [openTime, closeTime] = (['openTime', 'closeTime'] as const).map((field) => {
      const read = timeOfDay.safeParse(row[field]);
      if (!read.success)
        check.addIssue({ code: 'custom', path: [field], message: read.error.issues[0]?.message ?? 'Not a time.' });
      return read.data ?? '';
    });
    return { isClosed: false, openTime: openTime ?? '', closeTime: closeTime ?? '' };
  });

export const weekSchema = z.object({
  sunday: dayRow,
  monday: dayRow,
  tuesday: dayRow,
  wednesday: dayRow,
  thursday: dayRow,
  friday: dayRow,
  saturday: dayRow,
});

export type WeekContent = z.output<typeof weekSchema>;

/** From Sunday, as fields are called. */
export const weekdays = dayNames.map((name) => name.toLowerCase()) as (keyof WeekContent)[];

export function weekOf(days: readonly (DaySchedule | undefined)[]): WeekContent {
  const entries = weekdays.map((day, index) => {
    const hours = days[index];
    return [day, hours && !hours.isClosed ? { ...hours, isClosed: false } : closedDay];
  });
  return Object.fromEntries(entries) as WeekContent;
}

export const weekKind = defineKind<WeekContent>({
  name: 'hours.week',
  noun: 'the week',
  lists: [],
  schema: weekSchema,
  labels: Object.fromEntries(weekdays.map((day, index) => [day, dayNames[index] ?? day])),
  title: () => 'the week',
  async read(manager) {
    const days: DaySchedule[] = [];
    for (const { dayOfWeek, isClosed, openTime, closeTime } of await manager.getRepository(StoreHoursEntity).find())
      days[dayOfWeek] = { isClosed, openTime, closeTime };
    return weekOf(days);
  },
  async write(manager, _, content) {
    const rows = weekdays.map((day, dayOfWeek) => ({ dayOfWeek, ...content[day] }));
    await manager.upsert(StoreHoursEntity, rows, ['dayOfWeek']);
    return '';
  },
});

const dateSchema = z.object({
  date: calendarDate,
  reason: line({ max: REASON_CHARS_MAX, required: 'Its name is said to callers, as in Thanksgiving.' }),
  hours: dayRow,
  closedLine: linesByLanguage(storeLimits.closedLineCharsMax),
});

export type DateContent = z.output<typeof dateSchema>;

/** One date that differs; its key is the date. */
export const dateKind = defineKind<DateContent>({
  name: 'hours.date',
  noun: 'the date',
  lists: [],
  schema: dateSchema,
  labels: { date: 'Date', reason: 'Name', hours: 'Hours', closedLine: 'Said first while closed' },
  title: ({ date, reason }) => `${date} ${reason}`.trim(),
  async read(manager, key) {
    if (!calendarDate.safeParse(key).success) return null;
    const row = await manager.getRepository(StoreHoursExceptionEntity).findOneBy({ date: key });
    if (!row) return null;
    const { date, reason, isClosed, openTime, closeTime, closedLine } = row;
    return { date, reason, hours: isClosed ? closedDay : { isClosed, openTime, closeTime }, closedLine };
  },
  async check(manager, { date }, key) {
    if (date === key) return {};
    const taken = await manager.getRepository(StoreHoursExceptionEntity).findOneBy({ date });
    return taken ? { date: `${date} is there already: ${taken.reason || 'without a name'}.` } : {};
  },
  async write(manager, key, { date, reason, hours, closedLine }) {
    const rows = manager.getRepository(StoreHoursExceptionEntity);
    if (key !== null && key !== date) await rows.delete({ date: key });
    await rows.upsert({ date, reason, ...hours, closedLine }, ['date']);
    return date;
  },
  async remove(manager, key) {
    await manager.getRepository(StoreHoursExceptionEntity).delete({ date: key });
  },
});
