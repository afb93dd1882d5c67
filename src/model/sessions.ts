import type { Opening, Turn } from '../../machines/call-events.ts';
import type { ModelSettings, SessionProfile } from './profile.ts';
import { ModelSession, type SessionDeps, type SessionListener } from './session.ts';

/** Where calls get their model sessions. */
export interface Sessions {
  /**
   * The session that goes on with the call: one that was made ready before, where it fits how it is to begin, else a new
   * one. Nothing is told before the caller's `begin(opening, turns)`, which is to follow at once.
   */
  open(callSid: string, listener: SessionListener, opening: Opening, turns: readonly Turn[]): ModelSession;
  /** A new session beside the one that the call has. */
  fresh(callSid: string, listener: SessionListener): ModelSession;
  /** The stream is gone and the call may go on here: its session is kept for a moment, with all that it knows. */
  keep(callSid: string, session: ModelSession): void;
  /** Some endpoint may be tried now. */
  usable(): boolean;
}

export interface SessionsDeps extends Omit<SessionDeps, 'settings'> {
  settings: ModelSettings;
  profile(callSid: string): Promise<SessionProfile>;
}

export function createSessions(deps: SessionsDeps): Sessions {
  const fresh: Sessions['fresh'] = (callSid, listener) => new ModelSession(deps, deps.profile(callSid), listener);
  return {
    open: (callSid, listener) => fresh(callSid, listener),
    fresh,
    keep: (_callSid, session) => session.close(),
    usable: () => true,
  };
}
