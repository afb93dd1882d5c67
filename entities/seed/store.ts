import type { Promotion } from '../promotion.ts';
import type { StoreHoursException } from '../store-hours-exception.ts';
import type { StoreHours } from '../store-hours.ts';
import type { StoreSettings } from '../store-settings.ts';
import type { SubscriptionPlan } from '../subscription-plan.ts';

const DAY_MS = 86_400_000;
const THURSDAY = 4;
const NOVEMBER = 10;

export const settings: StoreSettings = {
  id: 1,
  name: 'Mangy Dog Coffee',
  address: '214 Harbor Street, Portland, Maine',
  phone: '+12075550142',
  email: 'hello@mangydogcoffee.com',
  voice: 'marin',
  timeZone: 'America/New_York',
  greetingUninterruptible: false,
  greeting: 'Thanks for calling Mangy Dog Coffee! How can I help you today?',
  persona:
    'You answer the telephone of a neighborhood coffee shop and roastery. You are warm, quick and a little playful, ' +
    'like a barista who knows the regulars and their dogs. You speak in short sentences, one thing at a time.',
  languages: ['en', 'es'],
  closedBehaviour: 'assistant',
  closedLine: {
    en: 'Mangy Dog Coffee is closed right now, and the dogs are asleep.',
    es: 'Mangy Dog Coffee está cerrado en este momento, y los perros duermen.',
  },
  maxCallMinutes: 20,
  staffNumbers: ['+12075550143', '+12075550144'],
  sharedNumbers: [],
  redactPhone: false,
  redactEmail: false,
  redactAddress: false,
  callbackOffered: true,
  callbackMinutes: 120,
  callbackOpenTime: '08:00',
  callbackCloseTime: '18:00',
  callbackDialler: false,
  callbackCallsPerMinute: 6,
  callbackAttemptsMax: 3,
  recordCalls: false,
  recordingDays: 90,
  noticeEmail: '',
  transcriptDays: 365,
  callDays: 730,
};

const open = (dayOfWeek: number, openTime: string, closeTime: string): StoreHours => ({
  dayOfWeek,
  openTime,
  closeTime,
  isClosed: false,
});

/** Closed on Monday; Friday's open mic goes on until one in the morning. */
export const hours: StoreHours[] = [
  open(0, '08:00', '16:00'),
  { dayOfWeek: 1, openTime: '00:00', closeTime: '00:00', isClosed: true },
  open(2, '07:00', '18:00'),
  open(3, '07:00', '18:00'),
  open(4, '07:00', '18:00'),
  open(5, '07:00', '01:00'),
  open(6, '08:00', '18:00'),
];

export const plans: Omit<SubscriptionPlan, 'id'>[] = [
  {
    slug: 'puppy',
    name: 'Puppy Plan',
    description: 'One 12 ounce bag of the roaster’s choice every month.',
    price: '16.00',
    interval: 'month',
    intervalCount: 1,
    isActive: true,
  },
  {
    slug: 'pack',
    name: 'Pack Plan',
    description: 'Two 12 ounce bags of your choice every month.',
    price: '30.00',
    interval: 'month',
    intervalCount: 1,
    isActive: true,
  },
  {
    slug: 'working-dog',
    name: 'Working Dog Plan',
    description: 'A fresh 12 ounce bag of your choice every week.',
    price: '15.50',
    interval: 'week',
    intervalCount: 1,
    isActive: true,
  },
  {
    slug: 'top-dog',
    name: 'Top Dog Plan',
    description: 'A 2 pound bag every month for a year, paid at once, and a brewing class for two.',
    price: '395.00',
    interval: 'year',
    intervalCount: 1,
    isActive: true,
  },
  {
    slug: 'founders',
    name: 'Founders Plan',
    description: 'No longer sold.',
    price: '10.00',
    interval: 'month',
    intervalCount: 1,
    isActive: false,
  },
];

/** `YYYY-MM-DD` on the store's calendar, some days from an instant. */
function localDate(at: number, days: number): string {
  const today = new Intl.DateTimeFormat('en-CA', { timeZone: settings.timeZone, dateStyle: 'short' }).format(at);
  return new Date(Date.parse(`${today}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

function thanksgiving(year: number): string {
  const first = new Date(Date.UTC(year, NOVEMBER, 1)).getUTCDay();
  return `${year}-11-${1 + ((THURSDAY - first + 7) % 7) + 21}`;
}

const thanksgivingLine = {
  en: 'Mangy Dog Coffee is closed for Thanksgiving, so that our people and their dogs can eat together.',
  es: 'Mangy Dog Coffee está cerrado por el Día de Acción de Gracias, para que nuestra gente y sus perros coman juntos.',
};

/** The holidays of this year and the next. */
export function exceptions(at: number): StoreHoursException[] {
  const closed = (date: string, reason: string, closedLine = {}) => ({
    date,
    reason,
    openTime: '00:00',
    closeTime: '00:00',
    isClosed: true,
    closedLine,
  });
  const short = (date: string, reason: string, openTime: string, closeTime: string) => ({
    date,
    reason,
    openTime,
    closeTime,
    isClosed: false,
    closedLine: {},
  });
  const year = Number(localDate(at, 0).slice(0, 4));
  return [year, year + 1].flatMap((each) => [
    closed(`${each}-01-01`, 'New Year’s Day'),
    short(`${each}-07-04`, 'Independence Day', '08:00', '14:00'),
    closed(thanksgiving(each), 'Thanksgiving', thanksgivingLine),
    short(`${each}-12-24`, 'Christmas Eve', '07:00', '14:00'),
    closed(`${each}-12-25`, 'Christmas Day'),
    short(`${each}-12-31`, 'New Year’s Eve', '07:00', '15:00'),
  ]);
}

/** One began three days ago and runs for two weeks; the next is known already. */
export function promotions(at: number): Omit<Promotion, 'id' | 'version' | 'changedBy' | 'changedAt'>[] {
  return [muddyPaws(at), howliday(at)];
}

function howliday(at: number): Omit<Promotion, 'id' | 'version' | 'changedBy' | 'changedAt'> {
  return {
    slug: 'howliday-blend',
    name: 'Howliday Blend Days',
    startsLocal: `${localDate(at, 14)}T07:00`,
    endsLocal: `${localDate(at, 32)}T18:00`,
    offer: 'Three dollars off every bag of Howliday Blend, and one dollar of each goes to the animal shelter.',
    terms: 'In the shop only, while bags last, not together with other offers.',
    code: null,
    questions: [
      { question: 'Which animal shelter gets the dollar?', answer: 'The Harbor Street animal shelter in Portland.' },
      { question: 'Can you ship the Howliday Blend?', answer: 'No, Howliday Blend is sold in the shop only.' },
    ],
    soldOut: false,
  };
}

function muddyPaws(at: number): Omit<Promotion, 'id' | 'version' | 'changedBy' | 'changedAt'> {
  return {
    slug: 'muddy-paws',
    name: 'Muddy Paws Two Weeks',
    startsLocal: `${localDate(at, -3)}T07:00`,
    endsLocal: `${localDate(at, 11)}T00:00`,
    offer: 'Buy two 12 ounce bags of beans and get a third one free.',
    terms:
      'In the shop and on the website, one free bag for each customer and day, the cheapest of the three is free. Not for subscriptions.',
    code: 'MUDDYPAWS',
    questions: [
      {
        question: 'Do I need a code?',
        answer: 'Only on the website: enter MUDDYPAWS at checkout. In the shop the third bag is free at the counter.',
      },
      { question: 'Can I mix different beans?', answer: 'Yes, any three 12 ounce bags; the cheapest one is free.' },
      { question: 'Does it work for two pound bags?', answer: 'No, only for 12 ounce bags.' },
    ],
    soldOut: false,
  };
}
