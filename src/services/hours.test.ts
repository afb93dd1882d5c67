import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  dateHours,
  openNow,
  currentOpening,
  nextOpening,
  openingOf,
  weekdayHours,
  type DaySchedule,
  type Schedule,
} from './hours.ts';
import { addDays, instantOf, wallTime } from './local-time.ts';

const open = (openTime: string, closeTime: string): DaySchedule => ({ openTime, closeTime, isClosed: false });
const closed: DaySchedule = { openTime: '00:00', closeTime: '00:00', isClosed: true };
const weekdays = open('07:00', '18:00');

function store(changes: Partial<Schedule> = {}): Schedule {
  return {
    timeZone: 'America/New_York',
    week: [closed, weekdays, weekdays, weekdays, weekdays, open('07:00', '20:00'), open('08:00', '16:00')],
    exceptions: new Map(),
    ...changes,
  };
}

const exception = (date: string, reason: string, day: DaySchedule = closed) =>
  [date, { date, reason, ...day }] as const;
/** 2026-11-16 is a Monday. New York is five hours behind UTC then. */
const at = (date: string, time: string, timeZone = 'America/New_York') =>
  instantOf(date, Number(time.slice(0, 2)) * 60 + Number(time.slice(3)), timeZone);

describe('hours of a day', () => {
  test('a weekday from Sunday on has its English name and HH:MM - HH:MM or Closed', () => {
    expect([0, 1, 5].map((day) => weekdayHours(store(), day))).toEqual([
      { dayName: 'Sunday', formattedHours: 'Closed' },
      { dayName: 'Monday', formattedHours: '07:00 - 18:00' },
      { dayName: 'Friday', formattedHours: '07:00 - 20:00' },
    ]);
  });

  test('a missing day is closed', () => {
    expect(weekdayHours(store({ week: [] }), 3)).toEqual({ dayName: 'Wednesday', formattedHours: 'Closed' });
  });

  test('an exception replaces the hours of its date and says why', () => {
    const schedule = store({ exceptions: new Map([exception('2026-12-24', 'Christmas Eve', open('07:00', '13:00'))]) });
    expect(dateHours(schedule, '2026-12-24')).toEqual({
      dayName: 'Thursday',
      formattedHours: '07:00 - 13:00',
      date: '2026-12-24',
      reason: 'Christmas Eve',
    });
    expect(dateHours(schedule, '2026-12-23').reason).toBe('');
  });
});

describe('open now, in the sentences that the first tenant spoke', () => {
  const says = (date: string, time: string, schedule = store()) => openNow(schedule, at(date, time));

  test("We're open until 18:00 today.", () => {
    expect(says('2026-11-16', '07:00')).toEqual({ isOpen: true, message: "We're open until 18:00 today." });
    expect(says('2026-11-16', '17:59')).toEqual({ isOpen: true, message: "We're open until 18:00 today." });
  });

  test("We're currently closed. We open at 07:00.", () => {
    expect(says('2026-11-16', '06:59')).toEqual({
      isOpen: false,
      message: "We're currently closed. We open at 07:00.",
    });
  });

  test("We're closed today. and the next real opening", () => {
    expect(says('2026-11-15', '12:00')).toEqual({
      isOpen: false,
      message: "We're closed today. We open at 07:00 tomorrow.",
    });
    expect(openNow(store({ week: [] }), at('2026-11-15', '12:00'))).toEqual({
      isOpen: false,
      message: "We're closed today.",
    });
  });

  test('after closing it names the next real opening, over closed days and exceptions', () => {
    expect(says('2026-11-16', '18:00').message).toBe("We're currently closed. We open at 07:00 tomorrow.");
    expect(says('2026-11-21', '16:00').message).toBe("We're currently closed. We open at 07:00 on Monday.");
    const holidays = [
      '2026-12-24',
      '2026-12-25',
      '2026-12-26',
      '2026-12-28',
      '2026-12-29',
      '2026-12-30',
      '2026-12-31',
      '2027-01-01',
    ];
    const schedule = store({ exceptions: new Map(holidays.map((date) => exception(date, 'Holidays'))) });
    expect(says('2026-12-23', '19:00', schedule).message).toBe(
      "We're currently closed. We open at 08:00 on Saturday, January 2.",
    );
  });

  test('closing past midnight belongs to the day that opened', () => {
    const late = store({ week: [closed, closed, closed, closed, closed, open('18:00', '02:00'), closed] });
    expect(says('2026-11-20', '23:00', late).message).toBe("We're open until 02:00 tomorrow.");
    expect(says('2026-11-21', '01:59', late).message).toBe("We're open until 02:00 today.");
    expect(says('2026-11-21', '02:00', late).message).toBe("We're closed today. We open at 18:00 on Friday.");
  });

  test('midnight and openings that adjoin', () => {
    const daily = (day: DaySchedule) => store({ week: Array.from({ length: 7 }, () => day) });
    expect(says('2026-11-16', '12:00', daily(open('10:00', '00:00'))).message).toBe(
      "We're open until midnight tonight.",
    );
    expect(says('2026-11-16', '12:00', daily(open('00:00', '00:00'))).message).toBe("We're open around the clock.");
    const joined = store({
      week: [closed, open('20:00', '00:00'), open('00:00', '09:00'), closed, closed, closed, closed],
    });
    expect(says('2026-11-16', '21:00', joined).message).toBe("We're open until 09:00 tomorrow.");
  });

  test("the clock is the store's, not the machine's", () => {
    const monday = Date.UTC(2026, 10, 16, 16, 30);
    expect(openNow(store({ timeZone: 'America/Los_Angeles' }), monday).isOpen).toBe(true);
    expect(openNow(store({ timeZone: 'Asia/Tokyo' }), monday).message).toBe(
      "We're currently closed. We open at 07:00.",
    );
    expect(openNow(store({ timeZone: 'Asia/Kathmandu' }), monday).isOpen).toBe(false);
  });
});

describe('changes of the clock in New York', () => {
  const always = (openTime: string, closeTime: string) =>
    store({ week: Array.from({ length: 7 }, () => open(openTime, closeTime)) });

  test('an opening in the hour that is skipped begins when it ends', () => {
    expect(openingOf(always('02:30', '12:00'), '2026-03-08')?.opensAt).toBe(Date.UTC(2026, 2, 8, 7, 0));
  });

  test('a closing in the hour that comes twice is the first one', () => {
    expect(openingOf(always('18:00', '01:30'), '2026-10-31')).toEqual({
      opensAt: Date.UTC(2026, 9, 31, 22, 0),
      closesAt: Date.UTC(2026, 10, 1, 5, 30),
    });
  });

  test('hours after the change are wall-clock hours', () => {
    expect(at('2026-11-01', '07:00')).toBe(Date.UTC(2026, 10, 1, 12, 0));
    expect(at('2026-10-31', '07:00')).toBe(Date.UTC(2026, 9, 31, 11, 0));
    expect(at('2026-03-08', '07:00')).toBe(Date.UTC(2026, 2, 8, 11, 0));
  });
});

describe('against a clerk who looks at the clock every minute', () => {
  const spans = [
    { timeZone: 'UTC', from: '2026-11-10' },
    { timeZone: 'America/New_York', from: '2026-10-25' },
    { timeZone: 'America/New_York', from: '2026-03-01' },
    { timeZone: 'Australia/Lord_Howe', from: '2026-03-29' },
    { timeZone: 'Africa/Cairo', from: '2026-04-18' },
    { timeZone: 'Asia/Kathmandu', from: '2026-11-10' },
  ].map((span) => {
    const start = instantOf(span.from, 0, span.timeZone);
    const walls = Array.from({ length: 16 * 1440 }, (_, minute) => wallTime(start + minute * 60_000, span.timeZone));
    return { ...span, start, walls };
  });

  /** Opens at the first minute whose wall clock has come to the time, closes likewise; returns which minutes are open. */
  function clerk(schedule: Schedule, walls: { date: string; minute: number }[]): boolean[] {
    const shown = walls.map(({ date, minute }) => `${date} ${String(minute).padStart(4, '0')}`);
    const first = (date: string, time: string) => {
      const wanted = `${date} ${String(Number(time.slice(0, 2)) * 60 + Number(time.slice(3))).padStart(4, '0')}`;
      const found = shown.findIndex((wall) => wall >= wanted);
      return found < 0 ? walls.length : found;
    };
    const openMinutes = walls.map(() => false);
    for (const date of new Set(walls.map((wall) => wall.date))) {
      const day = schedule.exceptions.get(date) ?? schedule.week[new Date(`${date}T12:00:00Z`).getUTCDay()];
      if (!day || day.isClosed) continue;
      const closes = first(day.closeTime > day.openTime ? date : addDays(date, 1), day.closeTime);
      for (let minute = first(date, day.openTime); minute < closes; minute += 1) openMinutes[minute] = true;
    }
    return openMinutes;
  }

  const time = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom(0, 1, 15, 30, 59))
    .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);
  const day = fc.record({ openTime: time, closeTime: time, isClosed: fc.boolean() });

  test('the same minutes are open, the same minute is the next opening and the closing', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...spans),
        fc.array(day, { minLength: 7, maxLength: 7 }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 14 }), day), { maxLength: 3 }),
        fc.integer({ min: 2 * 1440, max: 7 * 1440 }),
        (span, week, exceptional, minute) => {
          const exceptions = new Map(
            exceptional.map(([ahead, hours]) => exception(addDays(span.from, ahead), 'Inventory', hours)),
          );
          const schedule: Schedule = { timeZone: span.timeZone, week, exceptions };
          const now = span.start + minute * 60_000;
          const expected = clerk(schedule, span.walls);
          expect(openNow(schedule, now).isOpen).toBe(expected[minute]);
          const current = currentOpening(schedule, now);
          if (current && current.closesAt < now + 7 * 86_400_000) {
            const closes = expected.indexOf(false, minute);
            expect(current.closesAt).toBe(span.start + closes * 60_000);
          }
          const changes = expected.findIndex((isOpen, index) => index > minute && isOpen && !expected[index - 1]);
          const next = nextOpening(schedule, now);
          if (changes >= 0 && !expected[minute]) expect(next?.opensAt).toBe(span.start + changes * 60_000);
        },
      ),
      { numRuns: 400 },
    );
  });
});
