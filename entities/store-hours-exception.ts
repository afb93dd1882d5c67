import { EntitySchema } from 'typeorm';
import { timeOfDaySql } from './store-hours.ts';
import type { TextByLanguage } from './store-settings.ts';

/** A date on which the weekday's hours do not hold. */
export interface StoreHoursException {
  /** `YYYY-MM-DD` in the store's time zone. */
  date: string;
  /** Its name, said to callers: `Thanksgiving`. */
  reason: string;
  /** `HH:MM`, 24 hours; meaningless when closed. */
  openTime: string;
  /** `HH:MM`; at or before `openTime` it is a time of the next day. */
  closeTime: string;
  isClosed: boolean;
  /** What is said first while the store is closed on this date, in place of the usual line. */
  closedLine: TextByLanguage;
}

export const StoreHoursExceptionEntity = new EntitySchema<StoreHoursException>({
  name: 'StoreHoursException',
  columns: {
    date: { type: 'date', primary: true },
    reason: { type: 'text' },
    openTime: { type: 'text', default: '00:00' },
    closeTime: { type: 'text', default: '00:00' },
    isClosed: { type: 'boolean', default: true },
    closedLine: { type: 'jsonb', default: {} },
  },
  checks: [
    {
      name: 'store_hours_exception_time_check',
      expression: `${timeOfDaySql('open_time')} AND ${timeOfDaySql('close_time')}`,
    },
  ],
});
