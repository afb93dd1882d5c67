import type { DataSource } from 'typeorm';
import { createCallHistory } from '../../services/call-log.ts';
import { readStore } from '../gate.ts';
import type { PageRequest, PageRoute, Store } from '../guard.ts';
import type { Feed } from '../live/feed.ts';
import { liveRow } from '../live/row.ts';
import { movesCall } from '../live/live-call.ts';
import type { LiveTopic } from '../live/topic.ts';
import type { ConsoleResponse } from '../message.ts';
import { page } from '../page.ts';
import { callLine } from '../calls/call-line.ts';
import { render } from '../render.ts';
import { type Words, wordsIn } from '../words.ts';
import { figuresView } from './figures-view.ts';
import { liveSummary } from './live-view.ts';

const RECENT_CALLS = 10;
/** Rows that stand in the page before its line of events brings all. */
const FIRST_ROWS = 50;
const LIVE_MS = 1_000;
const FIGURES_MS = 2_000;
const RECENT_MS = 1_000;
const REST_MS = 15_000;

export interface DashboardDeps {
  dataSource: DataSource;
  feed: Feed;
  /** Whether calls can be made from `/phone`. */
  hasPhone: boolean;
  /** ms since the epoch. */
  now(): number;
}

/** What goes on, today's figures, and the calls that were last. */
export function dashboardRoutes({ dataSource, feed, hasPhone, now }: DashboardDeps): PageRoute[] {
  const history = createCallHistory(dataSource);

  const figures = (store: Store, words: Words) => figuresView({ dataSource, history }, { store, words, at: now() });
  const recent = async (words: Words) => ({
    recent: (await history.recent(RECENT_CALLS)).map((call) => ({
      ...callLine(call, words),
      outcome: call.outcome ?? '',
    })),
  });
  const live = (): { live: ReturnType<typeof liveSummary> } => ({ live: liveSummary(feed.knownCalls(), now()) });

  async function topicStore(): Promise<{ store: Store; words: Words }> {
    const store = await readStore(dataSource);
    return { store, words: wordsIn(store.timeZone) };
  }
  const topic = (name: string, everyMs: number, html: LiveTopic['render']): LiveTopic => ({
    name,
    role: 'viewer',
    everyMs,
    restMs: REST_MS,
    touchedBy: movesCall,
    render: html,
  });
  feed.add(
    { ...topic('live', LIVE_MS, () => render('dashboard/live', live())), restMs: LIVE_MS },
    topic('figures', FIGURES_MS, async () => {
      const { store, words } = await topicStore();
      return render('dashboard/figures', await figures(store, words));
    }),
    topic('recent', RECENT_MS, async () => render('dashboard/recent', await recent((await topicStore()).words))),
  );

  async function dashboard(request: PageRequest): Promise<ConsoleResponse> {
    const { store, words } = request;
    const [calls, figuresShown, recentShown] = await Promise.all([feed.calls(), figures(store, words), recent(words)]);
    const at = now();
    const rows = (calls ?? []).toSorted((left, right) => right.arrivedAt - left.arrivedAt).slice(0, FIRST_ROWS);
    return page(request, 'dashboard', {
      at,
      hasPhone,
      isLiveKnown: calls !== null,
      live: liveSummary(calls ?? [], at),
      rows: rows.map((call) => liveRow(call, at)).join(''),
      figures: figuresShown,
      recentCalls: recentShown.recent,
    });
  }

  return [{ method: 'GET', path: '/admin/dashboard', role: 'viewer', handler: dashboard }];
}
