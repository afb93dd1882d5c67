import { type Clause, clausesOf, plainText } from './clauses.ts';
import { type Intent, intentNames, intentOfOutcome, intentOfTool, wayIntents } from './intents.ts';
import type { LanguageRules } from './language-rules.ts';
import { english } from './rules-en.ts';
import { spanish } from './rules-es.ts';
import { namesPromotion } from '../about-promotion.ts';
import { asksKnown, productsNamed, type StoreWords, withoutProducts } from './store-words.ts';
import type { Conversation, SaidTurn, Understanding } from './understanding.ts';

const rulesOf: Readonly<Record<string, LanguageRules>> = { en: english, es: spanish };
/** The hundred-odd patterns are tried on so many turns of a call. */
const TURNS_MAX = 200;
/** A bare name in so few words asks for the product. */
const BARE_WORDS_MAX = 7;

/** Intents that go without these beside them in one clause: they are about the same words, less exactly. */
const yields: Partial<Record<Intent, readonly Intent[]>> = {
  menu: ['promotion', 'diet', 'booking', 'jobs', 'subscription', 'location'],
  knowledge: [
    ...(['hours', 'location', 'menu', 'diet', 'order', 'subscription', 'cancel', 'promotion', 'booking'] as const),
    ...(['jobs', 'complaint', 'transfer', 'voicemail', 'callback', 'language'] as const),
  ],
  order: ['complaint', 'booking', 'subscription'],
  hours: ['booking'],
};
/** These keep the intent that would yield: they are ended, or changed, with it. */
const keeps: Partial<Record<Intent, RegExp>> = {
  order: /\b(?:my|an|the|this|pickup) order\b|\bdeliver|\bpick/,
  hours: /\b(?:open|opens|close|closes|closed|hours)\b/,
};

/** What the assistant may offer, and what accepting it shows. */
const offers: readonly { intent: Intent; words: RegExp }[] = [
  {
    intent: 'transfer',
    words: /\b(?:put you through|connect you|transfer you|speak to (?:someone|somebody|a person)|comunic\w+ con)\b/,
  },
  {
    intent: 'voicemail',
    words: /\b(?:take|leave) (?:\w+ ){0,2}(?:message|voicemail)\b|\bvoicemail\b|\bdejar un mensaje\b/,
  },
  { intent: 'callback', words: /\bcall(?:ed)? you back\b|\bcalled back\b|\bcall back\b|\ble llam\w+\b/ },
];

/** Every intent of a call with the first turn that shows it. */
export function intentsOf(conversation: Conversation, store: StoreWords): Understanding['intents'] {
  const shown = new Map<Intent, number | null>();
  const languages = store.languages.flatMap((language) => rulesOf[language] ?? []);
  conversation.turns.slice(0, TURNS_MAX).forEach((turn, index) => {
    if (turn.who !== 'caller') return;
    const before = conversation.turns.slice(0, index).findLast(({ who }) => who === 'assistant');
    for (const intent of intentsOfTurn(turn.text, before, { languages, store, known: shown }))
      if (!shown.has(intent)) shown.set(intent, index);
  });
  for (const { name } of conversation.tools) {
    const intent = intentOfTool.get(name);
    if (intent && !shown.has(intent)) shown.set(intent, null);
  }
  const intent = intentOfOutcome.get(conversation.outcome ?? '');
  if (intent && !shown.has(intent)) shown.set(intent, null);
  return intentNames.flatMap((each) => (shown.has(each) ? [{ intent: each, turn: shown.get(each) ?? null }] : []));
}

interface Reading {
  languages: readonly LanguageRules[];
  store: StoreWords;
  /** What earlier turns have shown. */
  known: ReadonlyMap<Intent, number | null>;
}

function intentsOfTurn(text: string, before: SaidTurn | undefined, reading: Reading): Set<Intent> {
  const found = new Set<Intent>(accepted(text, before, reading));
  for (const clause of clausesOf(text)) {
    if (clause.denied) continue;
    for (const intent of intentsOfClause(clause, reading)) found.add(intent);
  }
  return found;
}

function intentsOfClause(clause: Clause, reading: Reading): Intent[] {
  const found = new Set<Intent>();
  // "What is in the Shaggy Dog?" asks nothing about dogs.
  const bare = withoutProducts(clause.text, reading.store.products);
  for (const { shows } of reading.languages)
    for (const intent of intentNames)
      if (shows[intent].some((pattern) => pattern.test(intent === 'knowledge' ? bare : clause.text))) found.add(intent);
  if (reading.store.promotions.some((each) => namesPromotion(each, clause.text))) found.add('promotion');
  if (namesPlan(clause.text, reading.store.plans)) found.add('subscription');
  for (const [intent, stronger] of Object.entries(yields) as [Intent, readonly Intent[]][])
    if (found.has(intent) && stronger.some((each) => found.has(each)) && !keeps[intent]?.test(clause.text))
      found.delete(intent);
  if (asksProduct(clause, found, reading)) found.add('product');
  if (!hasTopic(found) && asksKnown(clause.text, reading.store.questions)) found.add('knowledge');
  return [...found];
}

function hasTopic(found: ReadonlySet<Intent>): boolean {
  return [...found].some((intent) => !wayIntents.has(intent));
}

/** A product by its name with a question about it, or a question about a thing that no other intent has. */
function asksProduct(
  { text, asks }: Clause,
  found: ReadonlySet<Intent>,
  { languages, store, known }: Reading,
): boolean {
  const some = (kind: 'price' | 'about' | 'has'): boolean => languages.some((rules) => rules[kind].test(text));
  const isNamed = productsNamed(text, store.products).length > 0;
  if (isNamed && found.has('order')) return false;
  if (isNamed && (some('price') || some('about') || some('has')))
    return !found.has('subscription') && (!found.has('menu') || some('price'));
  if (hasTopic(found)) return isNamed && asks && (found.has('diet') || found.has('promotion'));
  if (isNamed) return !known.has('order') && (asks || text.split(' ').length <= BARE_WORDS_MAX);
  if (!some('price') && !some('about') && !some('has')) return false;
  // "Is there a minimum?" goes on with what was talked of.
  const topics = [...known.keys()].filter((intent) => !wayIntents.has(intent));
  return topics.length === 0 || topics.some((intent) => intent === 'product' || intent === 'menu');
}

function namesPlan(text: string, plans: readonly string[]): boolean {
  return plans.some((name) => text.includes(plainText(name)));
}

/** What a yes means: all that was offered in the turn before, if it was one thing. */
function accepted(text: string, before: SaidTurn | undefined, { languages }: Reading): Intent[] {
  if (!before) return [];
  const said = plainText(text);
  if (!languages.some(({ yes }) => yes.test(said)) || languages.some(({ no }) => no.test(said))) return [];
  const offered = plainText(before.text);
  const found = offers.filter(({ words }) => words.test(offered));
  // Said as being done, it is no offer.
  const isDone =
    /\b(?:i'm|i am|one moment|will be|will call|please (?:speak|leave))\b/.test(offered) && !offered.includes('?');
  return found.length === 1 && found[0] && !isDone ? [found[0].intent] : [];
}
