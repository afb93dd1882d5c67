import type { CallEvent } from '../../../machines/call-events.ts';
import type { Role } from '../guard.ts';

/**
 * Something that pages show and that changes while they are open: made once for everybody who looks at it in this
 * process, and only while somebody does.
 */
export interface LiveTopic {
  /** Name of the server-sent event that brings it. */
  name: string;
  /** The least that may see it. */
  role: Role;
  /** Ready HTML, the same for everybody. Rejects like a store: then it is asked again. */
  render(): Promise<string> | string;
  /** Made anew at most this often … */
  everyMs: number;
  /** … and at least so often, whatever is told. */
  restMs: number;
  /** Facts after which it may be otherwise; it is asked for many: no I/O. Absent: facts tell nothing of it. */
  touchedBy?(fact: CallEvent): boolean;
}

/** A topic while somebody looks at it. */
export class Watched {
  readonly topic: LiveTopic;
  /** The last one that was made; null before the first. */
  html: string | null = null;
  private madeAt = -Infinity;
  private isDirty = true;
  private making: Promise<void> | null = null;

  constructor(topic: LiveTopic) {
    this.topic = topic;
  }

  /** It may be otherwise now. */
  touch(): void {
    this.isDirty = true;
  }

  isDue(now: number): boolean {
    const sinceMs = now - this.madeAt;
    return this.making === null && (sinceMs >= this.topic.restMs || (this.isDirty && sinceMs >= this.topic.everyMs));
  }

  /** Makes it anew; resolves with it if it is another one than before, else with null. Rejects as `render` does. */
  async make(now: () => number): Promise<string | null> {
    const before = this.html;
    this.making ??= this.renew(now).finally(() => (this.making = null));
    await this.making;
    return this.html === before ? null : this.html;
  }

  private async renew(now: () => number): Promise<void> {
    // What is told while it is made may not be in it.
    this.isDirty = false;
    this.madeAt = now();
    try {
      this.html = await this.topic.render();
    } catch (error) {
      this.isDirty = true;
      throw error;
    }
  }
}
