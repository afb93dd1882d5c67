import type { DataSource } from 'typeorm';
import { PromotionEntity } from '../../../entities/promotion.ts';
import type { Audit } from '../../services/audit.ts';
import {
  type CallFilter,
  type CallPage,
  frequentIntents,
  searchCalls,
  type Turned,
} from '../../services/call-search.ts';
import type { Log } from '../../telemetry/log.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { page } from '../page.ts';
import { mayAct } from '../roles.ts';
import { callLine } from './call-line.ts';
import { outcomeWords, placeText, readSearch, searchHref } from './call-filter.ts';
import { csvHead, csvRow, pour } from './calls-csv.ts';

const CALLS = '/admin/calls';
const CSV = '/admin/calls.csv';
const PAGE_CALLS = 50;
export const csvLimits = { rowsMax: 100_000, pageRows: 1_000 } as const;
const CHOICES_MS = 300_000;
const PROMOTIONS_MAX = 100;

export interface CallListDeps {
  dataSource: DataSource;
  audit: Audit;
  /** ms since the epoch. */
  now(): number;
  log: Pick<Log, 'warn'>;
}

/** All calls, looked for and taken along. */
export function callListRoutes({ dataSource, audit, now, log }: CallListDeps): PageRoute[] {
  let choices: { at: number; intents: string[] } | null = null;

  /** What may be chosen changes slowly, and takes a look at a month. */
  async function intents(): Promise<string[]> {
    if (choices === null || now() - choices.at > CHOICES_MS)
      choices = { at: now(), intents: await frequentIntents(dataSource) };
    return choices.intents;
  }

  async function list(request: PageRequest): Promise<ConsoleResponse> {
    const { asked, faults, filter, turned, isFiltered } = readSearch(request.search, request.store.timeZone);
    const [found, known, promotions] = await Promise.all([
      filter ? searchCalls(dataSource, filter, turned, PAGE_CALLS) : null,
      intents(),
      dataSource.getRepository(PromotionEntity).find({ order: { startsLocal: 'DESC' }, take: PROMOTIONS_MAX }),
    ]);
    const calls = found?.calls ?? [];
    const newest = calls[0];
    const olderThan = found?.hasOlder ? endOf(found) : null;
    const choice = (value: string, label: string) => ({ value, label });
    const view = {
      asked,
      faults,
      isFiltered,
      calls: calls.map((call) => ({
        ...callLine(call, request.words),
        outcome: call.outcome === null ? '' : (outcomeWords[call.outcome] ?? call.outcome),
        line: call.line && { who: call.line.who === 'caller' ? 'Caller' : 'Aida', text: call.line.text },
      })),
      intents: withAsked(known, asked.intent).map((each) => choice(each, each)),
      outcomes: Object.entries(outcomeWords).map(([value, label]) => choice(value, label)),
      promotions: withAsked(
        promotions.map(({ slug }) => slug),
        asked.promotion,
      ).map((slug) => choice(slug, promotions.find((each) => each.slug === slug)?.name ?? slug)),
      older: olderThan ? searchHref(CALLS, asked, { older: placeText(olderThan) }) : null,
      stoppedAt: found?.stoppedAt ? request.words.when(found.stoppedAt.at) : null,
      newer: found?.hasNewer && newest ? searchHref(CALLS, asked, { newer: placeText(newest) }) : null,
      first: turned === null ? null : searchHref(CALLS, asked),
      csv: filter && mayAct(request.who.role, 'supervisor') ? searchHref(CSV, asked) : null,
      csvMax: csvLimits.rowsMax.toLocaleString('en-US'),
    };
    return page(request, 'calls/calls', view, filter ? 200 : 422);
  }

  async function csv(request: PageRequest): Promise<ConsoleResponse> {
    const { asked, filter } = readSearch(request.search, request.store.timeZone);
    if (!filter) return list(request);
    const by = Object.entries(asked).flatMap(([name, value]) => (value === '' ? [] : [name]));
    await audit.note({
      who: request.who,
      action: 'calls.exported',
      subject: 'calls.csv',
      detail: { by: by.join(', ') },
    });
    return {
      status: 200,
      headers: {
        'content-type': 'text/csv; charset=utf-8',
        'content-disposition': `attachment; filename="calls-${new Date(now()).toISOString().slice(0, 10)}.csv"`,
      },
      stream(out) {
        pour(out, pieces(dataSource, filter)).catch((error: unknown) => {
          log.warn({ err: error }, 'a list of calls broke off');
          out.write('# This list broke off: please try again.\r\n');
          out.end();
        });
      },
    };
  }

  return [
    { method: 'GET', path: CALLS, role: 'viewer', handler: list },
    { method: 'GET', path: CSV, role: 'supervisor', handler: csv },
  ];
}

/** From where older calls are to be had. */
function endOf({ calls, stoppedAt }: CallPage): { startedAt: Date; callSid: string } | null {
  if (stoppedAt) return { startedAt: stoppedAt.at, callSid: stoppedAt.callSid };
  return calls.at(-1) ?? null;
}

const withAsked = (known: readonly string[], asked: string): string[] =>
  asked === '' || known.includes(asked) ? [...known] : [...known, asked];

/** The head, then rows by the page. */
async function* pieces(dataSource: DataSource, filter: CallFilter): AsyncGenerator<string> {
  yield `\uFEFF${csvHead}`;
  let turned: Turned = null;
  for (let rows = 0; rows < csvLimits.rowsMax; rows += csvLimits.pageRows) {
    const found = await searchCalls(dataSource, filter, turned, csvLimits.pageRows);
    const { calls, hasOlder } = found;
    yield calls.map(csvRow).join('');
    const last = hasOlder ? endOf(found) : null;
    if (!last) return;
    turned = { older: { at: last.startedAt, callSid: last.callSid } };
  }
}
