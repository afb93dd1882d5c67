import type { IsSynthetic } from '../telemetry/synthetic-sid.ts';
import type { Consumer } from './consumer.ts';

/** The consumer, which never sees a fact of a synthetic call: such facts are done with as soon as they come. */
export function withoutSynthetic(consumer: Consumer, isSynthetic: IsSynthetic): Consumer {
  return {
    group: consumer.group,
    isHealthy: () => consumer.isHealthy(),
    take(facts) {
      const known = new Map<string, boolean>();
      for (const { callSid } of facts) if (!known.has(callSid)) known.set(callSid, isSynthetic(callSid));
      const kept = facts.filter(({ callSid }) => known.get(callSid) === false);
      return kept.length === 0 ? Promise.resolve([]) : consumer.take(kept);
    },
  };
}
