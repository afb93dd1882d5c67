import type { ConsoleStream } from '../message.ts';

/** What a listener that takes nothing for so long is given up after. */
const BEHIND_MS_MAX = 30_000;

/** A server-sent event. */
export const eventText = (name: string, data: string): string =>
  `event: ${name}\ndata: ${data.replaceAll(/\r\n?|\n/g, '\ndata: ')}\n\n`;

/** Keeps what lies between from closing the line, and finds out whether anybody is there. */
const PULSE = ':\n\n';

export interface ListenerOptions {
  out: ConsoleStream;
  /** Whose it is: of one account only so many. */
  account: string;
  topics: ReadonlySet<string>;
  /** Whether it may go on listening. Rejects like a store. */
  stillIn(): Promise<boolean>;
  /** It has taken what it was sent: these went past it meanwhile and are to be sent whole. */
  onCaughtUp(stale: readonly string[]): void;
  now(): number;
}

/**
 * One browser. While it has not taken what it was sent nothing more is kept for it: once it has, it is sent anew how
 * everything stands.
 */
export class Listener {
  readonly account: string;
  readonly topics: ReadonlySet<string>;
  private readonly options: ListenerOptions;
  private readonly stale = new Set<string>();
  private behindSince: number | null = null;

  constructor(options: ListenerOptions) {
    this.options = options;
    this.account = options.account;
    this.topics = options.topics;
    options.out.onDrain(() => this.caughtUp());
  }

  get isBehind(): boolean {
    return this.behindSince !== null;
  }

  /** True if it was written. */
  send(topic: string, data: string): boolean {
    if (this.isBehind) {
      this.stale.add(topic);
      return false;
    }
    this.write(eventText(topic, data));
    return true;
  }

  pulse(): void {
    if (this.behindSince === null) this.write(PULSE);
    else if (this.options.now() - this.behindSince > BEHIND_MS_MAX) this.options.out.end();
  }

  /** Ends it if its session is over. */
  async check(): Promise<void> {
    const may = await this.options.stillIn().catch(() => true);
    if (may) return;
    this.write(eventText('over', 'signed-out'));
    this.options.out.end();
  }

  end(): void {
    this.options.out.end();
  }

  private write(text: string): void {
    if (!this.options.out.write(text)) this.behindSince = this.options.now();
  }

  private caughtUp(): void {
    if (this.behindSince === null) return;
    this.behindSince = null;
    const stale = [...this.stale];
    this.stale.clear();
    if (stale.length > 0) this.options.onCaughtUp(stale);
  }
}
