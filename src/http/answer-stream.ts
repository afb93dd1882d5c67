import type { HttpResponse as RawResponse } from 'uWebSockets.js';

/**
 * The body of an answer that goes on: server-sent events, a long download. The head goes out with the first piece. Every
 * use after its end does nothing.
 */
export interface AnswerStream {
  /**
   * False: the reader has not taken what it was sent so far. This piece is kept for it; whoever writes more before
   * `onDrain` keeps that in memory too.
   */
  write(text: string): boolean;
  /** Called whenever the reader has taken everything. */
  onDrain(listener: () => void): void;
  /** Called once, whoever ended it. */
  onEnd(listener: () => void): void;
  end(): void;
  readonly over: boolean;
}

/** Writes the body that follows a head which was written with the raw response. */
export class RawStream implements AnswerStream {
  over = false;
  private readonly raw: RawResponse;
  private readonly fault: (place: string, error: unknown) => void;
  private readonly ended: (() => void)[] = [];
  private drained: (() => void) | null = null;

  constructor(raw: RawResponse, fault: (place: string, error: unknown) => void) {
    this.raw = raw;
    this.fault = fault;
    raw.onWritable(() => {
      if (!this.over) this.guarded(() => this.drained?.());
      return true;
    });
  }

  write(text: string): boolean {
    if (this.over || text === '') return !this.over;
    let taken = false;
    // Strings would go out in Latin-1.
    this.raw.cork(() => (taken = this.raw.write(Buffer.from(text))));
    return taken;
  }

  onDrain(listener: () => void): void {
    this.drained = listener;
  }

  onEnd(listener: () => void): void {
    if (this.over) listener();
    else this.ended.push(listener);
  }

  end(): void {
    if (this.over) return;
    this.raw.cork(() => this.raw.end());
    this.aborted();
  }

  /** The raw response is gone. */
  aborted(): void {
    if (this.over) return;
    this.over = true;
    for (const listener of this.ended) this.guarded(listener);
  }

  /** An exception inside a callback of uWebSockets.js would end the process. */
  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.fault('response', error);
    }
  }
}
