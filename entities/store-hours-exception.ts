import { EntitySchema } from 'typeorm';
import { timeOfDaySql } from './store-hours.ts';

/** A date on which the weekday's hours do not hold. */
export interface StoreHoursException {
  /** `YYYY-MM-DD` in the store's time zone. */
  date: string;
  reason: string;
  /** `HH:MM`, 24 hours; meaningless when closed. */
  openTime: string;
  /** `HH:MM`; at or before `openTime` it is a time of the next day. */
  closeTime: string;
  isClosed: boolean;
}

export const StoreHoursExceptionEntity = new EntitySchema<StoreHoursException>({
  name: 'StoreHoursException',
  columns: {
    date: { type: 'date', primary: true },
    reason: { type: 'text' },
    openTime: { type: 'text', default: '00:00' },
    closeTime: { type: 'text', default: '00:00' },
    isClosed: { type: 'boolean', default: true },
  },
  checks: [
    {
      name: 'store_hours_exception_time_check',
      expression: `${timeOfDaySql('open_time')} AND ${timeOfDaySql('close_time')}`,
    },
  ],
});
