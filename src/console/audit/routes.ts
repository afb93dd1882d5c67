import { addDays, dateOf, instantOf } from '../../services/local-time.ts';
import { auditLimits, type Audit, type AuditFilter } from '../../services/audit.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { page } from '../page.ts';

const AUDIT = '/admin/audit';
const DATE = /^(2\d{3})-(\d{2})-(\d{2})$/;
const ID = /^\d{1,10}$/;
const ID_MAX = 2_147_483_647;
const TEXTS = ['who', 'action', 'subject'] as const;
const DAYS = ['from', 'until'] as const;

/** Who did what, newest first: for admins. */
export function auditRoutes(audit: Audit): PageRoute[] {
  async function show(request: PageRequest): Promise<ConsoleResponse> {
    const { filter, faults } = filterOf(request);
    const isWrong = Object.keys(faults).length > 0;
    const entries = isWrong ? [] : await audit.entries(filter);
    const asked = Object.fromEntries([...TEXTS, ...DAYS].map((name) => [name, request.search.get(name) ?? '']));
    const last = entries.length === auditLimits.pageEntries ? entries.at(-1) : undefined;
    const view = {
      asked,
      faults,
      isFiltered: Object.values(asked).some((value) => value !== ''),
      entries: entries.map((entry) => ({
        ...entry,
        when: request.words.when(entry.at),
        iso: request.words.iso(entry.at),
        detail: pairsOf(entry.detail),
      })),
      older: last ? addressWith({ ...asked, before: String(last.id) }) : null,
      isFirst: filter.before === undefined,
      newest: addressWith(asked),
    };
    return page(request, 'audit/audit', view, isWrong ? 422 : 200);
  }

  return [{ method: 'GET', path: AUDIT, role: 'admin', handler: show }];
}

/** What stands in a detail, one level deep. */
const pairsOf = (detail: Record<string, unknown>): { name: string; value: string }[] =>
  Object.entries(detail).map(([name, value]) => ({
    name,
    value: typeof value === 'string' ? value : JSON.stringify(value),
  }));

const addressWith = (asked: Record<string, string>): string =>
  `${AUDIT}?${new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== '')).toString()}`;

/** Days are the store's; the last one is included. */
function filterOf({ search, store }: PageRequest): { filter: AuditFilter; faults: Record<string, string> } {
  const filter: AuditFilter = {};
  const faults: Record<string, string> = {};
  for (const name of TEXTS) {
    const value = (search.get(name) ?? '').trim().slice(0, auditLimits.textChars);
    if (value !== '') filter[name] = value;
  }
  for (const name of DAYS) {
    const given = search.get(name) ?? '';
    if (given === '') continue;
    const day = dayOf(given);
    if (day === null) faults[name] = 'This is no day: write it like 2026-11-23.';
    else filter[name] = new Date(instantOf(name === 'until' ? addDays(day, 1) : day, 0, store.timeZone));
  }
  const before = search.get('before') ?? '';
  if (ID.test(before)) filter.before = Math.min(Number(before), ID_MAX);
  return { filter, faults };
}

function dayOf(given: string): string | null {
  const [, year, month, day] = DATE.exec(given) ?? [];
  return dateOf(Number(year), Number(month), Number(day));
}
