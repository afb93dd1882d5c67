import { z } from 'zod';
import type { DateHours } from '../services/hours.ts';
import { spokenDate } from '../services/local-time.ts';
import { defineTool, needCatalog } from './tool.ts';

export const getStoreHours = defineTool({
  name: 'get_store_hours',
  description:
    'Get the store hours for a specific day or for all days, whether the store is open right now, and where it is. ' +
    'A day may be "today", "tomorrow", a weekday, a date or a holiday.',
  parameters: z.object({
    day: z.string().max(100).describe('Day of week, date or holiday (optional)').optional(),
  }),
  subject: 'looking up the hours',
  writes: false,
  deadlineMs: 1_000,
  run({ day }, services) {
    needCatalog(services);
    const { isOpen, message } = services.openNow();
    const base = { isOpen, now: message, store: services.store() };
    const days = day === undefined ? null : services.hoursOn(day);
    if (days) return { answer: { ...base, days: days.map(spokenDay) } };
    return {
      answer: {
        ...(day === undefined
          ? {}
          : { note: 'No special hours are known for that day. These are the usual ones; ask which date is meant.' }),
        ...base,
        week: services.week(),
        specialDays: services.specialDays().map(spokenDay),
      },
    };
  },
});

function spokenDay({ dayName, formattedHours, date, reason }: DateHours): Record<string, unknown> {
  return { dayName, date: spokenDate(date), formattedHours, ...(reason ? { reason } : {}) };
}
