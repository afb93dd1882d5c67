import type { CallEvent } from '../../machines/call-events.ts';
import type { Consumer } from './consumer.ts';

/** A caller asked to be called back. */
export interface CallbackWish {
  callSid: string;
  number: string;
  calledNumber: string;
  reason: string;
  /** Ms, by the clock of the facts. */
  askedAt: number;
}

export interface CallbackConsumerDeps {
  /** Once or again. Rejects when it was not noted. */
  enter(wish: CallbackWish): Promise<void>;
  /** Nothing of the call is kept, and so no promise made in it. */
  isErased(callSid: string): Promise<boolean>;
  /** Facts of the call so far. Rejects when they cannot be read now. */
  journalOf(callSid: string): Promise<readonly CallEvent[]>;
  isHealthy(): Promise<boolean>;
}

/** What a caller was promised a call about; null for any other fact. */
function promisedFor(fact: CallEvent): string | null {
  if (fact.type === 'tool.answered') return fact.callback ?? null;
  return fact.type === 'carrier.waitEnded' && fact.how === 'callback' ? 'waiting room' : null;
}

/** Notes who was promised a call: the promise is as safe as the journal, whatever is away when it is made. */
export function createCallbackConsumer({ enter, isErased, journalOf, isHealthy }: CallbackConsumerDeps): Consumer {
  return {
    group: 'callbacks',
    isHealthy,
    async take(facts) {
      for (const { callSid, fact } of facts) {
        const reason = promisedFor(fact);
        if (reason === null || (await isErased(callSid))) continue;
        const journal = await journalOf(callSid);
        const arrived = journal.find((each) => each.type === 'carrier.arrived');
        if (!arrived) throw new RangeError('a caller without a number asked to be called back');
        const { from: number, to: calledNumber } = arrived;
        await enter({ callSid, number, calledNumber, reason, askedAt: fact.at });
      }
      return [];
    },
  };
}
