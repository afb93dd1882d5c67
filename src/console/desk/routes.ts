import type { PageRoute } from '../guard.ts';
import type { Feed } from '../live/feed.ts';
import { callbackRoutes } from './callback-pages.ts';
import { opsRoutes } from './ops-pages.ts';
import { type DeskOptions, deskParts } from './parts.ts';
import { promotionRoutes } from './promotion-pages.ts';
import { questionRoutes } from './question-pages.ts';
import { deskTopics } from './topics.ts';
import { voicemailRoutes } from './voicemail-pages.ts';

/** Where somebody's work is: messages, promised calls, promotions, unanswered questions, and the fleet. */
export function deskRoutes({ feed, ...options }: DeskOptions & { feed: Pick<Feed, 'add'> }): PageRoute[] {
  const parts = deskParts(options);
  feed.add(...deskTopics(parts));
  return [
    ...voicemailRoutes(parts),
    ...callbackRoutes(parts),
    ...promotionRoutes(parts),
    ...questionRoutes(parts),
    ...opsRoutes(parts),
  ];
}
