/** What was looked at, how it is, and what to do where it is not as it should be. */
export interface Finding {
  level: 'ok' | 'warning' | 'fault';
  /** What it is about, one word: `redis`, `clock`. */
  about: string;
  text: string;
  /** Empty where all is well. */
  remedy: string;
}

export type Check = () => Promise<Finding[]>;

export const ok = (about: string, text: string): Finding => ({ level: 'ok', about, text, remedy: '' });
export const warning = (about: string, text: string, remedy: string): Finding => ({
  level: 'warning',
  about,
  text,
  remedy,
});
export const fault = (about: string, text: string, remedy: string): Finding => ({
  level: 'fault',
  about,
  text,
  remedy,
});

/** One line. */
export function lineOf({ level, about, text, remedy }: Finding): string {
  const sign = { ok: 'ok     ', warning: 'WARNING', fault: 'FAULT  ' }[level];
  return `${sign} ${about}: ${text}${remedy === '' ? '' : ` → ${remedy}`}`;
}

export const wordsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return cause.message || code || cause.name;
};
