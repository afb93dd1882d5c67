import { breakerLimits } from './breaker.ts';
import type { Endpoints, Leave } from './endpoints.ts';
import type { SessionProfile } from './profile.ts';
import type { ModelSession } from './session.ts';
import type { SessionListener } from './session-listener.ts';

/** As little as a session can be asked for and still be heard. */
const profile: SessionProfile = {
  instructions: 'Say what you are told to say and nothing else.',
  voice: 'marin',
  greeting: 'Hello.',
  tools: [],
  language: null,
};

const nothing = (): void => undefined;

/** A session that no call waits for: it finds out whether an endpoint that rests works again. */
export class Probe {
  readonly #make: (leave: Leave, profile: Promise<SessionProfile>, listener: SessionListener) => ModelSession;
  #session: ModelSession | null = null;
  #since = 0;

  constructor(make: (leave: Leave, profile: Promise<SessionProfile>, listener: SessionListener) => ModelSession) {
    this.#make = make;
  }

  /** One at a time; `endpoints` says whether there is one to be tried. `now` is monotonic ms. */
  tick(now: number, endpoints: Endpoints): void {
    if (this.#session) {
      if (now - this.#since >= breakerLimits.trialMs) this.close();
      else this.#session.tick(now);
      return;
    }
    const leave = endpoints.enterTrial();
    if (leave === null) return;
    this.#since = now;
    this.#session = this.#make(leave, Promise.resolve(profile), this.#listener());
    this.#session.begin('greeting', []);
  }

  close(): void {
    this.#session?.close();
    this.#session = null;
  }

  #listener(): SessionListener {
    return {
      onReady: nothing,
      // It speaks: that is all there was to find out.
      onAudio: () => this.close(),
      onOutputStarted: nothing,
      onWords: nothing,
      onOutputEnded: nothing,
      onSpeechStarted: nothing,
      onSpeechStopped: nothing,
      onCallerSaid: nothing,
      onToolAsked: nothing,
      onResponseEnded: nothing,
      onLost: () => {
        this.#session = null;
      },
      onFault: nothing,
    };
  }
}
