/**
 * What a code from the model's side means for the session.
 * `benign`: logged, the session goes on; `retry`: this session or response is lost, another may work;
 * `fatal`: another session would fail the same way.
 */
export type Reaction = 'benign' | 'retry' | 'fatal';

const reactions: Readonly<Record<string, Reaction>> = {
  missing_required_parameter: 'benign',
  unknown_parameter: 'benign',
  invalid_value: 'benign',
  invalid_event: 'benign',
  conversation_already_has_active_response: 'benign',
  response_cancel_not_active: 'benign',
  item_truncate_invalid_item_id: 'benign',
  item_not_found: 'benign',
  input_audio_buffer_commit_empty: 'benign',
  cannot_update_voice: 'benign',
  session_expired: 'retry',
  rate_limit_exceeded: 'retry',
  server_error: 'retry',
  insufficient_quota: 'fatal',
  credit_balance_exhausted: 'fatal',
  invalid_api_key: 'fatal',
  model_not_found: 'fatal',
  beta_api_shape_disabled: 'fatal',
};

/** Codes that no table names never end a call. */
export function reactionTo(code: string): Reaction {
  return Object.hasOwn(reactions, code) ? (reactions[code] ?? 'benign') : 'benign';
}

/** An `error` event says that nothing more will come on this socket. */
export function endsSession(code: string): boolean {
  return code === 'session_expired' || reactionTo(code) === 'fatal';
}

/** Close codes after which a new socket may work: the server went, restarted or failed. */
const passingCloseCodes: ReadonlySet<number> = new Set([1001, 1005, 1006, 1011, 1012, 1013]);

export function closeIsFatal(code: number): boolean {
  return !passingCloseCodes.has(code);
}

/** HTTP status instead of 101 on the upgrade. */
export function upgradeIsFatal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429;
}

/**
 * The code of a close: its reason reads `<error type>.<error code>` when the API closes on purpose.
 */
export function closeCode(code: number, reason: string): string {
  const named = /\.([a-z_]+)$/.exec(reason)?.[1];
  return named !== undefined && Object.hasOwn(reactions, named) ? named : `closed_${code}`;
}

/** Codes of our own for the end of a session. */
const ownCodes: ReadonlySet<string> = new Set([
  'unreachable',
  'configure_timeout',
  'half_open',
  'unread',
  'response_stalled',
  'format_refused',
  'profile_failed',
  'no_endpoint',
  'dead_air',
]);
/** The end of a socket, not of what its server can do. */
const socketCodes: ReadonlySet<string> = new Set(['half_open', 'unread', 'unreachable']);

/**
 * What the end of a session says of its endpoint. `fatal`: every session would end so; `passing`: it counts; `nothing`: the
 * endpoint is not to blame, or the next session has to show it.
 */
export type Blame = 'fatal' | 'passing' | 'nothing';

/** How far a session came. */
export type Stage = 'opening' | 'configured' | 'spoke';

export function blameOf(code: string, isFatal: boolean, stage: Stage): Blame {
  if (code === 'profile_failed' || code === 'session_expired') return 'nothing';
  if (reactionTo(code) === 'fatal') return 'fatal';
  if (stage === 'opening') return isFatal ? 'fatal' : 'passing';
  return stage === 'spoke' && (socketCodes.has(code) || code.startsWith('closed_')) ? 'nothing' : 'passing';
}

/** The code as a metric's label: what a server makes up is one label. */
export function labelOf(code: string): string {
  return Object.hasOwn(reactions, code) || ownCodes.has(code) || /^(closed|http)_\d{3,4}$/.test(code) ? code : 'other';
}
