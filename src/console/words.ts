/** How times, durations and shares are written on the pages. */
export interface Words {
  /** `Nov 18, 12:00 PM` in the store's zone. */
  when(date: Date): string;
  /** `12:00:05 PM` in the store's zone. */
  clock(date: Date): string;
  /** For `<time datetime>`. */
  iso(date: Date): string;
}

export function wordsIn(timeZone: string): Words {
  const time = { timeZone, hour: 'numeric', minute: '2-digit' } as const;
  const day = new Intl.DateTimeFormat('en-US', { ...time, month: 'short', day: 'numeric' });
  const clock = new Intl.DateTimeFormat('en-US', { ...time, second: '2-digit' });
  return { when: (date) => day.format(date), clock: (date) => clock.format(date), iso: (date) => date.toISOString() };
}

/** `1:31`, `1:00:05`; `–` for none. */
export function durationWords(seconds: number | null): string {
  if (seconds === null) return '–';
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  const rest = two(seconds % 60);
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}

/** `2 of 3`'s share, `67 %`; '' of nothing. */
export function shareWords(part: number, whole: number): string {
  return whole === 0 ? '' : `${Math.round((part / whole) * 100)} %`;
}
