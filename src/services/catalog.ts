import type { ClosedBehaviour } from '../../entities/store-settings.ts';
import type { CallbackPolicy } from './callback-window.ts';
import type { RecordingPolicy } from './consent.ts';
import type { Schedule } from './hours.ts';
import type { StaffPerson } from './staff.ts';
import { defaultLanguage } from './languages.ts';
import { storeDefaults } from './store-check.ts';

/** What a store decided, as every answer needs it. Immutable: a refresh makes another one. */
export interface Catalog {
  /** When it was read, ms; null for the empty one that stands in until the first reading succeeds. */
  loadedAt: number | null;
  store: StoreInfo;
  assistant: AssistantSettings;
  /** Those who are not away, in the order in which they are rung. */
  staff: readonly StaffPerson[];
  callbacks: CallbackPolicy;
  /** ISO 639-1, at least one; a call begins in the first. */
  languages: readonly string[];
  closed: ClosedPolicy;
  /** The longest conversation. */
  callMsMax: number;
  recording: RecordingPolicy;
  retention: RetentionPolicy;
  schedule: Schedule;
  /** By sortOrder; only active items. */
  categories: readonly Category[];
  /** Active ones, cheapest first. */
  plans: readonly Plan[];
  /** Those that have not ended when read, by their start. */
  promotions: readonly PromotionOffer[];
  documents: readonly KnowledgeText[];
}

export interface StoreInfo {
  name: string;
  address: string;
  phone: string;
  email: string;
}

/** How long what is known of calls is kept, days. */
export interface RetentionPolicy {
  /** What was said, and what tools were asked and answered. */
  transcriptDays: number;
  /** All the rest; not shorter. */
  callDays: number;
}

/** What callers get outside the hours. */
export interface ClosedPolicy {
  behaviour: ClosedBehaviour;
  /** By language; a date's own line goes before it. */
  lines: Readonly<Record<string, string>>;
}

export interface AssistantSettings {
  voice: string;
  greeting: string;
  /** Where the greeting is prepared, it is played to its end whatever the caller says. */
  greetingUninterruptible: boolean;
  persona: string;
  /** E.164 numbers that a transfer rings, in this order. */
  staffNumbers: readonly string[];
  /** E.164 numbers that many callers share: no limit for one caller holds for them. */
  sharedNumbers: readonly string[];
  redactPhone: boolean;
  redactEmail: boolean;
  redactAddress: boolean;
}

export interface Category {
  slug: string;
  name: string;
  description: string | null;
  items: readonly Item[];
}

/** Not to be had for now: who asks is told so. */
export interface SoldOut {
  soldOut?: true;
}

export interface Item extends SoldOut {
  slug: string;
  name: string;
  description: string | null;
  category: { slug: string; name: string };
  /** Prices are amounts as text: `'4.50'`. */
  sizes: readonly ({ name: string; price: string } & SoldOut)[];
  modifiers: readonly ({ kind: string; name: string; price: string } & SoldOut)[];
}

export interface Plan {
  name: string;
  description: string | null;
  price: string;
  interval: 'week' | 'month' | 'year';
  intervalCount: number;
}

export interface PromotionOffer {
  name: string;
  /** `YYYY-MM-DDTHH:MM` on the store's clock. */
  startsLocal: string;
  endsLocal: string;
  offer: string;
  terms: string;
  code: string | null;
  questions: readonly { question: string; answer: string }[];
  soldOut: boolean;
}

export interface KnowledgeText {
  category: string;
  title: string;
  question: string;
  body: string;
}

/** What is known before anything was read, and each setting that a store left out. */
export const defaultStore: StoreInfo = { name: 'Mangy Dog Coffee', address: '', phone: '', email: '' };

export const emptyCatalog: Catalog = {
  loadedAt: null,
  store: defaultStore,
  assistant: {
    voice: 'marin',
    greeting: '',
    greetingUninterruptible: false,
    persona: '',
    staffNumbers: [],
    sharedNumbers: [],
    redactPhone: false,
    redactEmail: false,
    redactAddress: false,
  },
  staff: [],
  callbacks: {
    offered: false,
    withinMinutes: 120,
    openTime: '09:00',
    closeTime: '18:00',
    dialler: false,
    callsPerMinute: 6,
    attemptsMax: 3,
  },
  languages: [defaultLanguage],
  closed: { behaviour: storeDefaults.closedBehaviour, lines: {} },
  callMsMax: storeDefaults.callMinutes * 60_000,
  recording: { calls: false, days: 90, noticeEmail: '', regions: new Map() },
  retention: { transcriptDays: 365, callDays: 730 },
  schedule: { timeZone: storeDefaults.timeZone, week: [], exceptions: new Map() },
  categories: [],
  plans: [],
  promotions: [],
  documents: [],
};
