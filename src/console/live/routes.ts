import type { PageRequest, PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import type { Feed } from './feed.ts';

export const EVENTS = '/admin/events';

/** Server-sent events: `/admin/events?on=calls,figures,voicemails`. */
export function liveRoutes(feed: Pick<Feed, 'join'>): PageRoute[] {
  function events(request: PageRequest): ConsoleResponse {
    const topics = (request.search.get('on') ?? '').split(',').filter((name) => name !== '');
    const { who, stillIn } = request;
    return {
      status: 200,
      headers: { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' },
      stream(out) {
        const joined = feed.join({ out, account: who.id, role: who.role, topics, stillIn });
        if (joined === 'listening') return;
        // A browser that is told 503 would never ask again.
        out.write('retry: 30000\n\nevent: over\ndata: full\n\n');
        out.end();
      },
    };
  }
  return [{ method: 'GET', path: EVENTS, role: 'viewer', handler: events }];
}
