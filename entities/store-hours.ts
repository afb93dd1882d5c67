import { EntitySchema } from 'typeorm';

/** The hours of one weekday, in the store's time zone. */
export interface StoreHours {
  /** 0 is Sunday. */
  dayOfWeek: number;
  /** `HH:MM`, 24 hours; meaningless when closed. */
  openTime: string;
  /** `HH:MM`; at or before `openTime` it is a time of the next day. */
  closeTime: string;
  isClosed: boolean;
}

/** SQL that holds for an `HH:MM` of a 24-hour clock. */
export const timeOfDaySql = (column: string) => `${column} ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'`;

export const StoreHoursEntity = new EntitySchema<StoreHours>({
  name: 'StoreHours',
  columns: {
    dayOfWeek: { type: 'smallint', primary: true },
    openTime: { type: 'text', default: '00:00' },
    closeTime: { type: 'text', default: '00:00' },
    isClosed: { type: 'boolean', default: false },
  },
  checks: [
    { name: 'store_hours_day_check', expression: 'day_of_week BETWEEN 0 AND 6' },
    { name: 'store_hours_time_check', expression: `${timeOfDaySql('open_time')} AND ${timeOfDaySql('close_time')}` },
  ],
});
