/** Numbers that carriers put in place of a withheld one. */
const withheldNumbers = /^\+(?:266696687|7378742833|2562533|8566696687|86282452253)$/;
const e164 = /^\+[1-9]\d{6,14}$/;

export function isNumber(text: string): boolean {
  return e164.test(text);
}

/** A caller's own number, not withheld, malformed or a SIP address: it can be called. */
export function isReachable(text: string): boolean {
  return isNumber(text) && !withheldNumbers.test(text);
}
