import type { Turn } from '../../machines/call-events.ts';
import type { ModelSession } from '../model/session.ts';
import type { SessionListener } from '../model/session-listener.ts';

export interface Successor {
  session: ModelSession;
  sessionId: string;
  rotateMs: number;
}

const nothing = () => undefined;

/** A session made ready beside the one that talks, knowing what was said so far. Someone must call `tick`. */
export class Rotation {
  readonly #session: ModelSession;
  readonly #onEnd: (successor: Successor | null) => void;
  #isOver = false;

  /** `onEnd` is called once, unless `close` comes first: with the session when it is ready, with null when it is lost. */
  constructor(
    open: (listener: SessionListener) => ModelSession,
    seed: readonly Turn[],
    onEnd: (successor: Successor | null) => void,
  ) {
    this.#onEnd = onEnd;
    this.#session = open(this.#listener());
    this.#session.begin('resuming', seed);
  }

  tick(now: number): void {
    this.#session.tick(now);
  }

  close(): void {
    this.#isOver = true;
    this.#session.close();
  }

  #end(successor: Successor | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnd(successor);
  }

  /** It has heard nothing and is asked for nothing: only its beginning and its end are of interest. */
  #listener(): SessionListener {
    return {
      onReady: (sessionId, _model, rotateMs) => this.#end({ session: this.#session, sessionId, rotateMs }),
      onLost: () => this.#end(null),
      onFault: () => {
        this.#session.close();
        this.#end(null);
      },
      onAudio: nothing,
      onOutputStarted: nothing,
      onWords: nothing,
      onOutputEnded: nothing,
      onSpeechStarted: nothing,
      onSpeechStopped: nothing,
      onCallerSaid: nothing,
      onToolAsked: nothing,
      onResponseEnded: nothing,
    };
  }
}
