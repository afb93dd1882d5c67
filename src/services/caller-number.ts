const e164 = /^\+[1-9]\d{6,14}$/;
/** Numbers that carriers put in place of a withheld one: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE. */
const withheld = /^\+(?:266696687|7378742833|2562533|8656696|8566696(?:687)?|86282452253)$/;

/** A carrier's word for who calls from a program: here, the phone in the browser, and behind it whose it is. */
export const browserCaller = 'client:phone.';

/** What tells callers apart, and can be called; null for a number that is withheld or malformed: many people have it. */
export function callerKey(from: string): string | null {
  return e164.test(from) && !withheld.test(from) ? from : null;
}
