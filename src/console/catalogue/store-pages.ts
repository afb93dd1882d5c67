import type { DataSource } from 'typeorm';
import { StaffMemberEntity, type StaffMember } from '../../../entities/staff-member.ts';
import { StoreHoursExceptionEntity } from '../../../entities/store-hours-exception.ts';
import { StoreHoursEntity } from '../../../entities/store-hours.ts';
import { StoreSettingsEntity } from '../../../entities/store-settings.ts';
import { SubscriptionPlanEntity } from '../../../entities/subscription-plan.ts';
import { dateKind, weekKind } from '../../services/catalogue/hours-kinds.ts';
import { planKind } from '../../services/catalogue/plan-kind.ts';
import { staffKind } from '../../services/catalogue/staff-kind.ts';
import { assistantKind, policiesKind, regionsKind, storeKind } from '../../services/catalogue/store-kinds.ts';
import { dayNames, dayOfWeek, spokenDate, wallTime } from '../../services/local-time.ts';
import { centsOf, dollars, spokenInterval } from '../../services/money.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { page, saved } from '../page.ts';
import { nothingHere } from '../refusal.ts';
import { mayAct } from '../roles.ts';
import { areaRoutes, type Area } from './area.ts';
import { planSections } from './layouts.ts';
import type { CatalogueDeps } from './port.ts';
import {
  assistantSections,
  dateSections,
  policySections,
  regionSections,
  staffSections,
  storeSections,
  weekSections,
} from './store-layouts.ts';

const DATES_MAX = 400;
const STAFF_MAX = 100;

async function spokenIn(dataSource: DataSource): Promise<string[]> {
  return (await dataSource.getRepository(StoreSettingsEntity).findOneBy({ id: 1 }))?.languages ?? [];
}

const hours = { home: '/admin/hours', homeLabel: 'Hours', role: 'supervisor' } as const;
const weekArea: Area = {
  ...hours,
  kind: weekKind,
  path: '/admin/hours/week',
  isSingle: true,
  heading: () => 'The week',
  sections: () => Promise.resolve(weekSections),
};
const dateArea: Area = {
  ...hours,
  kind: dateKind,
  path: '/admin/hours/date',
  deleteQuestion: 'Delete this date? The hours of its weekday hold again.',
  heading: (form, key) => (key === null ? 'New date' : `${form.get('reason') ?? ''}, ${form.get('date') ?? key}`),
  sections: async (dataSource, form) => dateSections(await spokenIn(dataSource), form),
  fresh: () => new URLSearchParams({ 'hours.isClosed': 'on' }),
};
const planArea: Area = {
  kind: planKind,
  path: '/admin/subscriptions/plan',
  home: '/admin/subscriptions',
  homeLabel: 'Subscriptions',
  role: 'supervisor',
  deleteQuestion: 'Delete this plan?',
  heading: (form, key) => (key === null ? 'New plan' : (form.get('name') ?? 'Plan')),
  sections: () => Promise.resolve(planSections),
  fresh: () => new URLSearchParams({ isActive: 'on', intervalCount: '1', interval: 'month' }),
};
const staffArea: Area = {
  kind: staffKind,
  path: '/admin/staff/person',
  home: '/admin/staff',
  homeLabel: 'Staff',
  role: 'supervisor',
  deleteQuestion: 'Take this person off the staff?',
  heading: (form, key) => (key === null ? 'New person' : (form.get('name') ?? 'Person')),
  sections: () => Promise.resolve(staffSections),
  fresh: () => new URLSearchParams({ isAvailable: 'on', followsStore: 'on', ringSeconds: '25', mode: 'warm' }),
};
const settingsArea: Area = {
  kind: storeKind,
  path: '/admin/settings',
  home: '/admin/settings',
  homeLabel: 'Store settings',
  role: 'admin',
  isSingle: true,
  heading: () => 'Store settings',
  intro: 'Who the store is: in what Aida says, in the keypad menu, and on these pages.',
  sections: () => Promise.resolve(storeSections),
};
const policiesArea: Area = {
  kind: policiesKind,
  path: '/admin/policies',
  home: '/admin/policies',
  homeLabel: 'Policies',
  role: 'admin',
  isSingle: true,
  heading: () => 'Policies',
  sections: async (dataSource, form) => policySections(await spokenIn(dataSource), form),
  beside: () => Promise.resolve({ view: 'catalogue/regions-link', data: {} }),
};
const regionsArea: Area = {
  kind: regionsKind,
  path: '/admin/policies/recording',
  home: '/admin/policies',
  homeLabel: 'Policies',
  role: 'admin',
  isSingle: true,
  heading: () => 'Who has to know of recordings',
  intro:
    'By how the numbers of caller and store begin; the stricter of the two holds. Of unknown numbers all have to know.',
  sections: () => Promise.resolve(regionSections),
};

function personaArea({ assistant }: CatalogueDeps): Area {
  return {
    kind: assistantKind,
    path: '/admin/persona',
    home: '/admin/persona',
    homeLabel: 'Persona and voice',
    role: 'admin',
    isSingle: true,
    heading: () => 'Persona and voice',
    intro: 'Calls under way follow with the next answer; the greeting and the voice are those of new calls.',
    async sections(dataSource) {
      const settings = await dataSource.getRepository(StoreSettingsEntity).findOneBy({ id: 1 });
      return assistantSections(settings?.voice ?? '');
    },
    async beside() {
      const state = (await assistant?.rendering()) ?? null;
      const greeting = assistant?.services.persona().greeting ?? '';
      return { view: 'catalogue/rendering', data: { state, greeting } };
    },
  };
}

export function storeRoutes(deps: CatalogueDeps): PageRoute[] {
  const areas = [weekArea, dateArea, planArea, staffArea, settingsArea, policiesArea, regionsArea, personaArea(deps)];
  return [
    { method: 'GET', path: hours.home, role: 'viewer', handler: (request) => hoursPage(request, deps) },
    { method: 'GET', path: planArea.home, role: 'viewer', handler: (request) => plansPage(request, deps) },
    { method: 'GET', path: staffArea.home, role: 'viewer', handler: (request) => staffPage(request, deps) },
    { method: 'POST', path: '/admin/staff/move', role: 'supervisor', handler: (request) => move(request, deps) },
    { method: 'POST', path: '/admin/staff/away', role: 'supervisor', handler: (request) => away(request, deps) },
    ...areas.flatMap((area) => areaRoutes(area, deps)),
  ];
}

async function hoursPage(
  request: PageRequest,
  { dataSource, assistant, now }: CatalogueDeps,
): Promise<ConsoleResponse> {
  const days = await dataSource.getRepository(StoreHoursEntity).find();
  const dates = await dataSource
    .getRepository(StoreHoursExceptionEntity)
    .find({ order: { date: 'ASC' }, take: DATES_MAX });
  const today = wallTime(now(), request.store.timeZone).date;
  const shownDates = dates.map((each) => ({
    ...each,
    day: `${dayNames[dayOfWeek(each.date)] ?? ''}, ${spokenDate(each.date)} ${each.date.slice(0, 4)}`,
    hours: hoursWords(each),
    path: `${dateArea.path}/${each.date}`,
  }));
  return page(request, 'catalogue/hours', {
    mayEdit: mayAct(request.who.role, hours.role),
    now: assistant?.services.areHoursKnown() ? assistant.services.openNow().message : null,
    weekPath: weekArea.path,
    newDate: `${dateArea.path}/new`,
    week: [1, 2, 3, 4, 5, 6, 0].map((day) => ({
      name: dayNames[day] ?? '',
      hours: hoursWords(days.find(({ dayOfWeek: each }) => each === day)),
    })),
    coming: shownDates.filter(({ date }) => date >= today),
    past: shownDates.filter(({ date }) => date < today).toReversed(),
  });
}

function hoursWords(day: { isClosed: boolean; openTime: string; closeTime: string } | undefined): string {
  if (!day || day.isClosed) return 'Closed';
  if (day.openTime === '00:00' && day.closeTime === '00:00') return 'All day';
  return `${day.openTime} – ${day.closeTime}${day.closeTime <= day.openTime ? ' the next day' : ''}`;
}

async function plansPage(request: PageRequest, { dataSource }: CatalogueDeps): Promise<ConsoleResponse> {
  const plans = await dataSource.getRepository(SubscriptionPlanEntity).find({ order: { price: 'ASC', id: 'ASC' } });
  return page(request, 'catalogue/plans', {
    mayEdit: mayAct(request.who.role, planArea.role),
    newPlan: `${planArea.path}/new`,
    plans: plans.map(({ id, name, description, price, interval, intervalCount, isActive }) => ({
      name,
      description,
      isActive,
      price: `${dollars(centsOf(price))} ${spokenInterval(intervalCount, interval)}`,
      path: `${planArea.path}/${id}`,
    })),
  });
}

const inOrder = { sortOrder: 'ASC', id: 'ASC' } as const;

async function staffPage(request: PageRequest, { dataSource, assistant }: CatalogueDeps): Promise<ConsoleResponse> {
  const rows = await dataSource.getRepository(StaffMemberEntity).find({ order: inOrder, take: STAFF_MAX });
  const onDuty = new Set(assistant?.services.onDuty().map(({ number }) => number));
  return page(request, 'catalogue/staff', {
    mayEdit: mayAct(request.who.role, staffArea.role),
    newPerson: `${staffArea.path}/new`,
    people: rows.map(({ id, name, number, hours: own, ringSeconds, isAvailable, mode }, index) => ({
      id,
      name,
      number,
      ringSeconds,
      isAvailable,
      how: mode === 'warm' ? 'announced first' : 'put through at once',
      when: own === null ? 'whenever the store is open' : 'at own hours',
      isOnDuty: onDuty.has(number),
      isFirst: index === 0,
      isLast: index === rows.length - 1,
      path: `${staffArea.path}/${id}`,
    })),
  });
}

/** One place up or down; all of them are numbered anew. */
async function move(request: PageRequest, { editor }: CatalogueDeps): Promise<ConsoleResponse> {
  const id = Number(request.form.get('person'));
  const by = request.form.get('to') === 'up' ? -1 : 1;
  const name = await editor.together(async (manager) => {
    const rows: StaffMember[] = await manager.getRepository(StaffMemberEntity).find({ order: inOrder });
    const from = rows.findIndex((each) => each.id === id);
    const [person] = rows.splice(from, from < 0 ? 0 : 1);
    if (!person) return null;
    rows.splice(Math.min(Math.max(from + by, 0), rows.length), 0, person);
    for (const [sortOrder, each] of rows.entries()) {
      const content = each.sortOrder === sortOrder ? null : await staffKind.read(manager, String(each.id));
      const act = { who: request.who, verb: 'moved', manager };
      if (content) await editor.put(staffKind, String(each.id), { ...content, sortOrder }, act);
    }
    return person.name;
  });
  return name === null ? nothingHere(request) : saved(staffArea.home, `${name} is moved.`);
}

async function away(request: PageRequest, { editor }: CatalogueDeps): Promise<ConsoleResponse> {
  const key = request.form.get('person') ?? '';
  const isAvailable = request.form.get('isAvailable') === 'on';
  const name = await editor.together(async (manager) => {
    const content = await staffKind.read(manager, key);
    if (!content) return null;
    const act = { who: request.who, verb: isAvailable ? 'back' : 'away', manager };
    if (content['isAvailable'] !== isAvailable) await editor.put(staffKind, key, { ...content, isAvailable }, act);
    return staffKind.title(content);
  });
  if (name === null) return nothingHere(request);
  return saved(staffArea.home, isAvailable ? `${name} takes calls.` : `${name} is away.`);
}
