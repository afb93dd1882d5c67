import type { Log } from '../telemetry/log.ts';
import type { ServerEvent } from './events.ts';
import type { SessionProfile } from './profile.ts';
import { fullUpdate, isSameProfile, profileUpdate, turnsUpdate } from './session-update.ts';

/** Event ids of the configuration: the server says by them what it refuses. */
const setupPrefix = 'cfg_';
/** Of changes in mid-call: one that is refused leaves all as it was. */
const changePrefix = 'renew_';

export interface ConfigurationDeps {
  send(message: string): void;
  /** Who the assistant is has become known, or is known anew: what waited for it may go on. */
  known(): void;
  /** It cannot be known. */
  failed(): void;
  log: Log;
}

/** What one session was told that it is, and what it is still to be told. */
export class Configuration {
  readonly #deps: ConfigurationDeps;
  #profile: SessionProfile | null = null;
  #isSent = false;
  #updates = 0;
  #due = 0;
  /** The last update lets the server answer the caller's turns. */
  #answersTurns = true;

  constructor(deps: ConfigurationDeps, profile: Promise<SessionProfile>) {
    this.#deps = deps;
    profile.then(
      (value) => {
        this.#profile ??= value;
        deps.known();
      },
      (error: unknown) => {
        deps.log.error({ err: error }, 'session profile failed');
        deps.failed();
      },
    );
  }

  get profile(): SessionProfile | null {
    return this.#profile;
  }

  /** Another profile is on its way. */
  get isRenewed(): boolean {
    return this.#due > 0;
  }

  /** The full configuration was sent. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /** Sends the whole of it, once the profile is known. `answersTurns`: nothing is to be seeded before. */
  send(answersTurns: boolean): void {
    if (!this.#profile || this.#isSent) return;
    this.#isSent = true;
    this.#answersTurns = answersTurns;
    this.#deps.send(fullUpdate(this.#next(setupPrefix), this.#profile, answersTurns));
  }

  /** The server answers the caller's turns by itself, or does not. */
  answerTurns(on: boolean): void {
    if (on === this.#answersTurns) return;
    this.#answersTurns = on;
    this.#deps.send(turnsUpdate(this.#next(setupPrefix), on));
  }

  /** Tells the server what is different in another profile. */
  renew(profile: Promise<SessionProfile>): void {
    this.#due += 1;
    profile
      .then(
        (value) => this.#change(value),
        (error: unknown) => this.#deps.log.error({ err: error }, 'session profile failed'),
      )
      .finally(() => {
        this.#due -= 1;
        this.#deps.known();
      });
  }

  /** True: the error is about a change, and dealt with. */
  refusedChange({ eventId, code, param }: Extract<ServerEvent, { type: 'error' }>): boolean {
    if (eventId?.startsWith(changePrefix) !== true) return false;
    this.#deps.log.error({ code, param }, 'model refused a change: the call goes on without it');
    return true;
  }

  /** The error is about what the session cannot do without. */
  refused(eventId: string | null): boolean {
    return eventId?.startsWith(setupPrefix) ?? false;
  }

  #change(profile: SessionProfile): void {
    const before = this.#profile;
    this.#profile = profile;
    if (!this.#isSent || (before && isSameProfile(before, profile))) return;
    this.#deps.send(profileUpdate(this.#next(changePrefix), profile));
  }

  #next(prefix: string): string {
    return `${prefix}${++this.#updates}`;
  }
}
