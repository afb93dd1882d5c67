/** A piece of a caller's turn that says one thing. */
export interface Clause {
  /** Lower case, without accents, apostrophes straight. */
  text: string;
  /** It ends in a question mark. */
  asks: boolean;
  /** It says what the caller does not want, or what is over: it shows nothing. */
  denied: boolean;
}

/** Longer turns are read up to here. */
const TURN_CHARS_MAX = 2_000;
const CLAUSES_MAX = 60;

const ENDS =
  /[.;:\n]+(?=\s|$)|[?!]+|,\s*(?=(?:but|just|i just|i only|only|i need|today|also|then|and also)\b)|\s(?=but\b|instead\b)/g;
const COMMA = /,\s*/;

/** What somebody says of something that they do not ask for, up to the next comma. */
const denials = [
  /\b(?:do not|don't|dont|didn't|did not|wouldn't|won't) (?:want|need|wanna|have to|care|mean|wish|plan|transfer|connect|call|cancel)\b/,
  /\b(?:i'm|i am|we're|we are|this is|it's|it is|that's|am|im|its) not (?:a |an |calling|here|asking|looking|trying|interested|about|cancel|in the market|saying)/,
  /\b(?:not interested|no thanks|no thank you|no need|no complaints?|without a reservation|other than|apart from|rather than|instead of|never mind the|skip the|forget the|not necessary)\b/,
  /\b(?:already|yesterday i|last (?:week|time) i) (?:talked|spoke|ordered|cancell?ed|left|asked|tried|have|subscribed)\b/,
  /\bi used to\b/,
  /\bno (?:quiero|necesito|llamo|me interesa|es una|hace falta|quisiera)\b/,
];
/** Somebody else's words: what they told the caller is asked about, not what they have. */
const hearsay =
  /\b(?:my|a|the|some|one of your|one of my) (?:\w+ ){1,4}?(?:who|that|which) (?:has|have|had|is|was|got|works) (?:\w+ ){0,4}?(?=told|said|says)/;

/** Accents go, for transcripts set them or not. */
export function plainText(text: string): string {
  return text
    .slice(0, TURN_CHARS_MAX)
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[’‘`´]/g, "'")
    .toLowerCase();
}

/** What a turn says, piece by piece. */
export function clausesOf(turn: string): Clause[] {
  const clauses: Clause[] = [];
  const text = plainText(turn);
  let from = 0;
  const add = (to: number, asks: boolean): void => {
    const piece = text.slice(from, to).trim();
    if (piece !== '' && clauses.length < CLAUSES_MAX) clauses.push(...partsOf(piece, asks));
  };
  for (const match of text.matchAll(ENDS)) {
    add(match.index, match[0].includes('?'));
    from = match.index + match[0].length;
  }
  add(text.length, false);
  return clauses;
}

/** A denial holds up to a comma; other pieces stay whole, for commas stand anywhere in what was spoken. */
function partsOf(piece: string, asks: boolean): Clause[] {
  const text = piece.replace(hearsay, ' ');
  if (!isDenied(text)) return [{ text, asks, denied: false }];
  return text.split(COMMA).map((part) => ({ text: part, asks, denied: isDenied(part) }));
}

function isDenied(text: string): boolean {
  return denials.some((pattern) => pattern.test(text));
}
