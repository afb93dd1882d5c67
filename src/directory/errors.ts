/** How a command that reached no result ended. `applied` says whether Redis may have run it nevertheless. */
export const directoryErrors = {
  unavailable: { message: 'Redis cannot be reached', retryable: true, applied: 'no' },
  unanswered: { message: 'Redis did not answer in time', retryable: true, applied: 'maybe' },
  busy: { message: 'too many Redis commands are under way', retryable: true, applied: 'no' },
  memory: { message: 'Redis is out of memory', retryable: true, applied: 'no' },
  loading: { message: 'Redis is loading or changing its primary', retryable: true, applied: 'no' },
  noGroup: { message: 'the consumer group does not exist', retryable: true, applied: 'no' },
  tooLarge: { message: 'more than one call of the directory takes', retryable: false, applied: 'no' },
  reply: { message: 'Redis answered in an unknown shape', retryable: false, applied: 'maybe' },
  script: { message: 'Redis refused the command', retryable: false, applied: 'maybe' },
} as const;

export type DirectoryErrorCode = keyof typeof directoryErrors;

/** What every function of the directory rejects with; results of the domain are values instead. */
export class DirectoryError extends Error {
  override readonly name = 'DirectoryError';
  readonly code: DirectoryErrorCode;
  readonly retryable: boolean;
  /** 'maybe': repeat it, every script takes repeats. */
  readonly applied: 'no' | 'maybe';

  constructor(code: DirectoryErrorCode, detail: string, cause?: unknown) {
    super(`${directoryErrors[code].message}: ${detail}`, { cause });
    this.code = code;
    this.retryable = directoryErrors[code].retryable;
    this.applied = directoryErrors[code].applied;
  }
}

const patterns: readonly [RegExp, DirectoryErrorCode][] = [
  [/^OOM|used memory > 'maxmemory'/, 'memory'],
  [/^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|BUSY |NOREPLICAS|MISCONF)/, 'loading'],
  [/^NOGROUP/, 'noGroup'],
  [/timed out|Socket timeout/i, 'unanswered'],
  [
    /enableOfflineQueue|Connection is closed|Failed to refresh slots|None of startup nodes|Too many Cluster redirections|All sentinels|ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|max retries/i,
    'unavailable',
  ],
];

/** Redis' or ioredis' error as one of the table. */
export function toDirectoryError(error: unknown): DirectoryError {
  if (error instanceof DirectoryError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = patterns.find(([pattern]) => pattern.test(message))?.[1] ?? 'script';
  return new DirectoryError(code, message, error);
}
