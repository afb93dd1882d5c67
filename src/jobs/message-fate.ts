import { type CallEvent, finalStatuses } from '../../machines/call-events.ts';

/**
 * `open`: the caller is being asked what to do with the message; `discarded`: another one was recorded instead. Who
 * just hangs up has left it.
 */
export type MessageFate = 'open' | 'kept' | 'discarded';

/** What the call says of one of its messages. A call whose facts are gone is over: kept. */
export function fateOf(journal: readonly CallEvent[], recordingSid: string): MessageFate {
  let fate: MessageFate = 'kept';
  let isReplaced = false;
  for (const fact of journal) {
    if (fact.type === 'carrier.recordEnded' && fact.recordingSid === recordingSid && fact.review === true)
      fate = 'open';
    else if (fate !== 'open') continue;
    else if (fact.type === 'carrier.reviewed') {
      isReplaced = fact.choice === 'again';
      if (!isReplaced) fate = 'kept';
    } else if (isReplaced && fact.type === 'carrier.recordEnded' && fact.durationS > 0) fate = 'discarded';
    else if (isEnd(fact)) fate = 'kept';
  }
  return fate;
}

const isEnd = (fact: CallEvent): boolean =>
  fact.type === 'carrier.gone' || (fact.type === 'carrier.statusReported' && finalStatuses.has(fact.status));
