import { type JournaledFact, readJournal } from '../directory/journal.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Log } from '../telemetry/log.ts';
import type { CallPlace, Tracing } from '../telemetry/tracing.ts';
import { storyOf } from './call-story.ts';

export interface EndedTracesDeps {
  link: RedisLink;
  tracing: Tracing;
  /** Whose calls these are. */
  storeName(): string;
  log: Log;
}

/** Completes the traces of calls whose end was journaled here, by what their journals tell. */
export class EndedTraces {
  private readonly deps: EndedTracesDeps;
  private readonly underWay = new Set<Promise<void>>();

  constructor(deps: EndedTracesDeps) {
    this.deps = deps;
  }

  /** Returns at once. */
  ended(callSid: string): void {
    const root = this.deps.tracing.root(callSid);
    if (root === null) return;
    const telling = this.tell(root).finally(() => this.underWay.delete(telling));
    this.underWay.add(telling);
  }

  async settled(): Promise<void> {
    await Promise.all(this.underWay);
  }

  private async tell(root: CallPlace): Promise<void> {
    const { link, tracing, storeName, log } = this.deps;
    try {
      const facts = (await readJournal(link, root.callSid)).filter(
        (entry): entry is JournaledFact & { kind: 'fact' } => entry.kind === 'fact',
      );
      for (const span of storyOf(root, facts, storeName())) tracing.add(span);
    } catch (error) {
      log.warn({ err: error, callSid: root.callSid }, 'the trace of a call stays incomplete');
    }
  }
}
