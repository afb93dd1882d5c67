import type { DataSource } from 'typeorm';
import type { Log } from '../telemetry/log.ts';
import {
  callbackWindow,
  isCallbackTime,
  spokenCallback,
  type CallbackPolicy,
  type CallbackWindow,
} from './callback-window.ts';
import { keepCatalog } from './catalog-keeper.ts';
import { readCatalog } from './catalog-rows.ts';
import type { AssistantSettings, Catalog, Plan, PromotionOffer, RetentionPolicy, StoreInfo } from './catalog.ts';
import { closedNow, type ClosedNow } from './closed.ts';
import type { RecordingPolicy } from './consent.ts';
import {
  areHoursKnown,
  dateHours,
  openNow,
  weekdayHours,
  type DateHours,
  type DayHours,
  type OpenNow,
} from './hours.ts';
import { createKnowledge, type Knowledge, type KnowledgeAnswer } from './knowledge.ts';
import { wallTime } from './local-time.ts';
import { defaultLanguage } from './languages.ts';
import { menuOf, type MenuFound, type MenuUnknown } from './menu.ts';
import type { Persona } from './persona.ts';
import { watchPersona, type PersonaWatch } from './persona-watch.ts';
import { findProduct, type ProductSearch } from './product-search.ts';
import { promotionLines, promotionTexts, runningPromotions } from './promotions.ts';
import { spokenDates } from './spoken-day.ts';
import { onDuty, staffReturns, type StaffPerson } from './staff.ts';

/**
 * What the assistant, the keypad menu and the pages know of the store. Everything but `knowledge` is answered from
 * memory at once, as old as the last reading of the database.
 */
export interface Services {
  /** False until the database was read once: answers are empty or defaults. */
  isLoaded(): boolean;
  store(): StoreInfo;
  assistant(): AssistantSettings;
  /** In one of the store's languages, the first one unless named. */
  persona(language?: string): Persona;
  /** ISO 639-1 of what is spoken with callers, at least one; a call begins in the first. */
  languages(): readonly string[];
  /** The longest conversation, ms. */
  callMsMax(): number;
  /** What callers get outside the hours; null while the store is open. */
  closed(language?: string): ClosedNow | null;
  /** The whole menu for null, else one category by slug or as it is said. */
  menu(category: string | null): MenuFound | MenuUnknown;
  product(spoken: string): ProductSearch;
  /** Active plans, cheapest first. */
  subscriptions(): readonly Plan[];
  /** Who of the staff may be rung now, in their order. */
  onDuty(): StaffPerson[];
  /** There is somebody who takes calls, if not now. */
  hasStaff(): boolean;
  /** When somebody is there again, to be said after "at"; null for never. */
  staffReturns(language: string): string | null;
  openNow(language?: string): OpenNow;
  /** False for a store that has told nothing of its hours. */
  areHoursKnown(): boolean;
  /** The usual hours, from Sunday. */
  week(): DayHours[];
  /** Hours of the days that the caller means, at most seven; null if the words name no day. */
  hoursOn(spoken: string): DateHours[] | null;
  /** Dates of the next weeks whose hours are not the usual ones. */
  specialDays(): DateHours[];
  /** Running now in store time, sold out ones too. */
  promotions(): PromotionOffer[];
  /** The same for callers who wait, each in short sentences. */
  promotionLines(): string[][];
  callbacks(): CallbackPolicy;
  /** What whoever asks for a call-back now is promised, `within 2 hours`; null where none is offered. */
  callbackPromise(language?: string): string | null;
  /** When a call-back that was asked for at that time is promised. */
  callbackWindow(askedAt: number): CallbackWindow;
  /** Call-backs may be made now. */
  isCallbackTime(): boolean;
  recording(): RecordingPolicy & { timeZone: string };
  retention(): RetentionPolicy;
  /** At the latest after 1.5 s, never rejects. */
  knowledge(question: string): Promise<KnowledgeAnswer>;
  /** Calls back whenever what the assistant is told has changed, by data or by time; returns how to stop that. */
  watchPersona(callback: () => void): () => void;
  /** Reads the database again; false if that failed and the old data stays. */
  refresh(): Promise<boolean>;
  close(): void;
}

export interface ServicesOptions {
  /** Milliseconds since the epoch. */
  now(): number;
  log: Pick<Log, 'warn'>;
  /** Calls back whenever a message on CATALOG_CHANNEL arrives; returns how to stop that. */
  onChange?: (callback: () => void) => () => void;
}

const SPECIAL_DAYS_MAX = 5;

/** Reads the catalog, waiting for it five seconds at most: a database that is away does not stop the start. */
export async function createServices(
  dataSource: DataSource,
  { now, log, onChange }: ServicesOptions,
): Promise<Services> {
  const reader = createReader(dataSource, now, log);
  const keeper = keepCatalog({ read: reader, log, onChange, onRead: () => watch.look() });
  const watch = watchPersona(keeper.current, now);
  await keeper.refresh();
  const answers = answersOf(keeper.current, createKnowledge(dataSource, { now, log }), now, watch);
  return {
    ...answers,
    refresh: keeper.refresh,
    close() {
      keeper.close();
      watch.close();
    },
  };
}

/** Reads the catalog, and says of each value that cannot be used so once, until it changes. */
function createReader(dataSource: DataSource, now: () => number, log: Pick<Log, 'warn'>): () => Promise<Catalog> {
  let known = new Set<string>();
  return async () => {
    const problems = new Set<string>();
    const catalog = await readCatalog(dataSource, now(), (problem) => problems.add(problem));
    for (const problem of problems) if (!known.has(problem)) log.warn({ problem }, 'a setting cannot be used');
    known = problems;
    return catalog;
  };
}

/** What can be answered from a catalog that may be replaced at any time. */
export function answersOf(
  known: () => Catalog,
  knowledge: Knowledge,
  now: () => number,
  { persona, watch }: PersonaWatch = watchPersona(known, now),
): Omit<Services, 'refresh' | 'close'> {
  const today = () => wallTime(now(), known().schedule.timeZone).date;
  const promotions = () => runningPromotions(known().promotions, now(), known().schedule.timeZone);
  return {
    isLoaded: () => known().loadedAt !== null,
    store: () => known().store,
    assistant: () => known().assistant,
    persona,
    watchPersona: watch,
    menu: (category) => menuOf(known().categories, category),
    product: (spoken) => findProduct(known().categories, spoken),
    subscriptions: () => known().plans,
    languages: () => known().languages,
    callMsMax: () => known().callMsMax,
    closed: (language = known().languages[0] ?? defaultLanguage) => closedNow(known(), now(), language),
    onDuty: () => onDuty(known().staff, known().schedule, now()),
    hasStaff: () => known().staff.length > 0,
    staffReturns: (language) => staffReturns(known().staff, known().schedule, now(), language),
    areHoursKnown: () => areHoursKnown(known().schedule),
    openNow: (language) => openNow(known().schedule, now(), language),
    week: () => Array.from({ length: 7 }, (_, day) => weekdayHours(known().schedule, day)),
    hoursOn(spoken) {
      const { schedule } = known();
      const dates = spokenDates(spoken, today(), [...schedule.exceptions.values()]);
      return dates ? dates.map((date) => dateHours(schedule, date)) : null;
    },
    specialDays() {
      const { schedule } = known();
      const coming = [...schedule.exceptions.keys()].filter((date) => date >= today()).toSorted();
      return coming.slice(0, SPECIAL_DAYS_MAX).map((date) => dateHours(schedule, date));
    },
    promotions,
    promotionLines: () => promotionLines(promotions()),
    callbacks: () => known().callbacks,
    callbackPromise(language = defaultLanguage) {
      const { callbacks, schedule } = known();
      return callbacks.offered ? spokenCallback(callbacks, schedule.timeZone, now(), language) : null;
    },
    callbackWindow: (askedAt) => callbackWindow(known().callbacks, known().schedule.timeZone, askedAt),
    recording: () => ({ ...known().recording, timeZone: known().schedule.timeZone }),
    retention: () => known().retention,
    isCallbackTime: () => isCallbackTime(known().callbacks, known().schedule.timeZone, now()),
    knowledge: (question) =>
      knowledge.search(question, { documents: known().documents, promotions: promotionTexts(promotions()) }),
  };
}
