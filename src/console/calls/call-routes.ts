import type { DataSource } from 'typeorm';
import { PRICES_DEFAULT } from '../../config-checks.ts';
import { createCallHistory } from '../../services/call-log.ts';
import { readCallDetails } from '../../services/call-details.ts';
import type { Score } from '../../services/call-score.ts';
import { traceOf } from '../../telemetry/trace-ids.ts';
import { readStore } from '../gate.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import { CALL, type Feed } from '../live/feed.ts';
import type { LiveTopic } from '../live/topic.ts';
import type { ConsoleResponse } from '../message.ts';
import { page } from '../page.ts';
import { nothingHere } from '../refusal.ts';
import { render } from '../render.ts';
import { mayAct } from '../roles.ts';
import { type Words, wordsIn } from '../words.ts';
import { callView, type Prices } from './call-view.ts';
import { scoreOfRows } from './score-of-rows.ts';

const CALL_SID = /^[\w-]{1,64}$/;
/** A call that goes on is told anew at most so often. */
const CALL_MS = 1_000;
const REST_MS = 10_000;
/** In an address: the id of a call's trace. */
const TRACE = '{trace}';

export interface CallTelling {
  /** The call as its journal tells it; null once the journal is gone, or while Redis is away. */
  score(callSid: string): Promise<Score | null>;
  prices: Prices;
  /** Where a trace is looked at, with `{trace}` for its id. */
  traceUrl: string | null;
}

export interface CallPageDeps {
  dataSource: DataSource;
  feed: Feed;
  /** Left out: calls are told from their rows alone. */
  told?: CallTelling;
  /** Where the page's scripts may listen to a call besides. */
  listenOrigins(): Promise<string[]>;
}

const fromRows: CallTelling = { score: async () => null, prices: PRICES_DEFAULT, traceUrl: null };

/** The page of one call. */
export function callRoutes({ dataSource, feed, told: telling = fromRows, listenOrigins }: CallPageDeps): PageRoute[] {
  const history = createCallHistory(dataSource);

  /** Null for a call that nobody knows. */
  async function viewOf(callSid: string, words: Words) {
    const [record, told, details] = await Promise.all([
      history.record(callSid),
      telling.score(callSid),
      readCallDetails(dataSource, callSid),
    ]);
    const score = told ?? (record && scoreOfRows(record));
    if (!score) return null;
    const { traceId } = traceOf(callSid);
    const traceHref = telling.traceUrl?.replaceAll(TRACE, traceId) ?? null;
    const { prices } = telling;
    return callView(words, { score, record, details, isWhole: told !== null, prices, traceId, traceHref });
  }

  const topicOf = (callSid: string): LiveTopic => ({
    name: `${CALL}${callSid}`,
    role: 'viewer',
    everyMs: CALL_MS,
    restMs: REST_MS,
    async render() {
      if (!CALL_SID.test(callSid)) return '';
      const { timeZone } = await readStore(dataSource);
      const view = await viewOf(callSid, wordsIn(timeZone));
      return view ? render('calls/call-body', view) : '';
    },
  });
  feed.addCalls(topicOf);

  async function call(request: PageRequest): Promise<ConsoleResponse> {
    const { sid = '' } = request.params;
    const view = CALL_SID.test(sid) ? await viewOf(sid, request.words) : null;
    if (!view) return nothingHere(request);
    const maySupervise = !view.isOver && mayAct(request.who.role, 'supervisor');
    const connect = maySupervise ? await listenOrigins() : [];
    return page(request, 'calls/call', { ...view, maySupervise, topic: `${CALL}${sid}` }, 200, connect);
  }

  return [{ method: 'GET', path: '/admin/calls/:sid', role: 'viewer', handler: call }];
}
