import type { Intent } from './intents.ts';

/** What callers say in one language, as patterns over plain text. Every repetition in them is bounded. */
export interface LanguageRules {
  /** Any of an intent's patterns shows it in a clause that denies nothing. */
  shows: Record<Intent, readonly RegExp[]>;
  /** Asks for a price: of a product, unless the clause is about something else that has one. */
  price: RegExp;
  /** Asks what a thing that is sold is like. */
  about: RegExp;
  /** Asks whether something is to be had. */
  has: RegExp;
  /** A turn that accepts what was offered just before. */
  yes: RegExp;
  no: RegExp;
}
