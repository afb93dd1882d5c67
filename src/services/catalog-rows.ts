import type { DataSource } from 'typeorm';
import { type ConsentRegion, ConsentRegionEntity } from '../../entities/consent-region.ts';
import { KnowledgeDocumentEntity } from '../../entities/knowledge-document.ts';
import { MenuCategoryEntity, type MenuCategory } from '../../entities/menu-category.ts';
import { MenuItemEntity, type MenuItem } from '../../entities/menu-item.ts';
import { PromotionEntity } from '../../entities/promotion.ts';
import { StaffMemberEntity } from '../../entities/staff-member.ts';
import { StoreHoursExceptionEntity } from '../../entities/store-hours-exception.ts';
import { StoreHoursEntity } from '../../entities/store-hours.ts';
import { StoreSettingsEntity, type StoreSettings } from '../../entities/store-settings.ts';
import { SubscriptionPlanEntity } from '../../entities/subscription-plan.ts';
import type { CallbackPolicy } from './callback-window.ts';
import {
  defaultStore,
  emptyCatalog,
  type AssistantSettings,
  type Catalog,
  type Category,
  type Item,
  type SoldOut,
} from './catalog.ts';
import type { DaySchedule, Schedule } from './hours.ts';
import { addDays, wallTime } from './local-time.ts';
import { centsOf } from './money.ts';
import { localMinute } from './promotions.ts';
import { staffOf } from './staff.ts';
import { checkedLines, checkedPromotion, checkedSettings, type OnProblem } from './store-check.ts';

/** Rows of one table that a catalog holds; a store has hundreds at most. */
const ROWS_MAX = 2_000;
/** All of them are looked at for each transfer. */
const STAFF_MAX = 100;
const MINUTE_MS = 60_000;

/** Reads a store's whole catalog; what cannot be used in it is told of and left out. Rejects as the database does. */
export async function readCatalog(dataSource: DataSource, now: number, onProblem: OnProblem): Promise<Catalog> {
  const row = await dataSource.getRepository(StoreSettingsEntity).findOneBy({ id: 1 });
  const settings = row && { ...row, ...checkedSettings(row, onProblem) };
  const timeZone = settings?.timeZone ?? emptyCatalog.schedule.timeZone;
  const bySortOrder = { sortOrder: 'ASC', id: 'ASC' } as const;
  const [categories, items, plans, schedule, promotions, documents, staff, regions] = await Promise.all([
    dataSource.getRepository(MenuCategoryEntity).find({ order: bySortOrder, take: ROWS_MAX }),
    dataSource.getRepository(MenuItemEntity).find({
      where: { isActive: true },
      relations: { sizes: true, modifiers: true },
      relationLoadStrategy: 'query',
      order: bySortOrder,
      take: ROWS_MAX,
    }),
    dataSource
      .getRepository(SubscriptionPlanEntity)
      .find({ where: { isActive: true }, order: { price: 'ASC', id: 'ASC' }, take: ROWS_MAX }),
    readSchedule(dataSource, timeZone, now, onProblem),
    dataSource.getRepository(PromotionEntity).find({ order: { startsLocal: 'ASC', id: 'ASC' }, take: ROWS_MAX }),
    dataSource
      .getRepository(KnowledgeDocumentEntity)
      .find({ where: { isDraft: false }, order: bySortOrder, take: ROWS_MAX }),
    dataSource.getRepository(StaffMemberEntity).find({ order: bySortOrder, take: STAFF_MAX }),
    dataSource.getRepository(ConsentRegionEntity).find({ take: ROWS_MAX }),
  ]);
  return {
    loadedAt: now,
    store: storeOf(settings),
    assistant: assistantOf(settings),
    staff: staffOf(staff, settings?.staffNumbers ?? []),
    callbacks: callbacksOf(settings),
    languages: settings?.languages ?? emptyCatalog.languages,
    closed: settings ? { behaviour: settings.closedBehaviour, lines: settings.closedLine } : emptyCatalog.closed,
    callMsMax: settings ? settings.maxCallMinutes * MINUTE_MS : emptyCatalog.callMsMax,
    recording: recordingOf(settings, regions),
    retention: settings
      ? { transcriptDays: settings.transcriptDays, callDays: settings.callDays }
      : emptyCatalog.retention,
    schedule,
    categories: categories.map((category) => categoryOf(category, items)),
    plans: plans.map(({ name, description, price, interval, intervalCount }) => ({
      name,
      description,
      price,
      interval,
      intervalCount,
    })),
    promotions: promotions
      .filter(({ endsLocal }) => endsLocal > localMinute(now, timeZone))
      .flatMap((promotion) => checkedPromotion(promotion, onProblem) ?? []),
    documents: documents.map(({ category, title, question, body }) => ({ category, title, question, body })),
  };
}

async function readSchedule(
  dataSource: DataSource,
  timeZone: string,
  now: number,
  onProblem: OnProblem,
): Promise<Schedule> {
  const hours = await dataSource.getRepository(StoreHoursEntity).find();
  const exceptions = await dataSource
    .getRepository(StoreHoursExceptionEntity)
    .find({ order: { date: 'ASC' }, take: ROWS_MAX });
  const week: (DaySchedule | undefined)[] = [];
  for (const { dayOfWeek, openTime, closeTime, isClosed } of hours) week[dayOfWeek] = { openTime, closeTime, isClosed };
  const yesterday = addDays(wallTime(now, timeZone).date, -1);
  return {
    timeZone,
    week,
    exceptions: new Map(
      exceptions
        .filter(({ date }) => date >= yesterday)
        .map((each) => {
          const place = `store_hours_exception ${each.date} closed_line`;
          return [each.date, { ...each, closedLine: checkedLines(place, each.closedLine, onProblem) }];
        }),
    ),
  };
}

function storeOf(settings: StoreSettings | null): Catalog['store'] {
  if (!settings) return defaultStore;
  const { name, address, phone, email } = settings;
  return { name: name || defaultStore.name, address, phone, email };
}

function assistantOf(settings: StoreSettings | null): AssistantSettings {
  if (!settings) return emptyCatalog.assistant;
  const { voice, greeting, greetingUninterruptible, persona, staffNumbers, sharedNumbers } = settings;
  const { redactPhone, redactEmail, redactAddress } = settings;
  return {
    voice: voice || emptyCatalog.assistant.voice,
    greeting,
    greetingUninterruptible,
    persona,
    staffNumbers,
    sharedNumbers,
    redactPhone,
    redactEmail,
    redactAddress,
  };
}

function recordingOf(settings: StoreSettings | null, regions: readonly ConsentRegion[]): Catalog['recording'] {
  const { calls, days, noticeEmail } = emptyCatalog.recording;
  return {
    calls: settings?.recordCalls ?? calls,
    days: settings?.recordingDays ?? days,
    noticeEmail: settings?.noticeEmail ?? noticeEmail,
    regions: new Map(regions.map(({ prefix, parties }) => [prefix, parties])),
  };
}

export function callbacksOf(settings: StoreSettings | null): CallbackPolicy {
  if (!settings) return emptyCatalog.callbacks;
  return {
    offered: settings.callbackOffered,
    withinMinutes: settings.callbackMinutes,
    openTime: settings.callbackOpenTime,
    closeTime: settings.callbackCloseTime,
    dialler: settings.callbackDialler,
    callsPerMinute: settings.callbackCallsPerMinute,
    attemptsMax: settings.callbackAttemptsMax,
  };
}

function categoryOf(category: MenuCategory, items: readonly MenuItem[]): Category {
  const { slug, name, description } = category;
  const own = items.filter(({ categoryId }) => categoryId === category.id);
  return { slug, name, description, items: own.map((item) => itemOf(item, { slug, name })) };
}

function itemOf({ slug, name, description, soldOut, sizes, modifiers }: MenuItem, category: Item['category']): Item {
  const bySortOrder = (a: { sortOrder: number; id: number }, b: { sortOrder: number; id: number }) =>
    a.sortOrder - b.sortOrder || a.id - b.id;
  return {
    slug,
    name,
    description,
    category,
    ...soldOutOf(soldOut),
    sizes: sizes
      .toSorted((a, b) => centsOf(a.price) - centsOf(b.price) || bySortOrder(a, b))
      .map((size) => ({ name: size.name, price: size.price, ...soldOutOf(size.soldOut) })),
    modifiers: modifiers
      .toSorted(bySortOrder)
      .map(({ kind, name: choice, price, soldOut: isOut }) => ({ kind, name: choice, price, ...soldOutOf(isOut) })),
  };
}

function soldOutOf(isSoldOut: boolean): SoldOut {
  return isSoldOut ? { soldOut: true } : {};
}
