import type { Log } from './log.ts';

export interface LevelNow {
  level: string;
  /** Ms until the configured level holds again; null: it does. */
  untilMs: number | null;
}

/** What a process writes, changed while it runs and for a while only: a node that writes everything is slower. */
export class LogLevel {
  private readonly log: Pick<Log, 'level' | 'warn'>;
  private readonly configured: string;
  private timer: NodeJS.Timeout | null = null;
  private endsAt = 0;

  constructor(log: Pick<Log, 'level' | 'warn'>) {
    this.log = log;
    this.configured = log.level;
  }

  get now(): LevelNow {
    return { level: this.log.level, untilMs: this.timer && Math.max(0, this.endsAt - performance.now()) };
  }

  /** After `ms`, or at another call, the level is another one again. */
  set(level: string, ms: number): void {
    this.close();
    // Before a quieter level holds, and after a louder one does.
    if (this.log.level !== 'silent')
      this.log.warn({ from: this.log.level, to: level, forMs: ms }, 'the log level is changed');
    this.log.level = level;
    if (level === this.configured) return;
    this.endsAt = performance.now() + ms;
    this.timer = setTimeout(() => this.back(), ms);
    this.timer.unref();
  }

  close(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  private back(): void {
    this.timer = null;
    this.log.level = this.configured;
    this.log.warn({ to: this.configured }, 'the log level is the configured one again');
  }
}
