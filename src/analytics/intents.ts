import type { Turn } from '../../entities/turn.ts';

interface Rule {
  intent: string;
  /** Tools whose being asked shows the intent. */
  tools: readonly string[];
  /** Words of the caller that show it. */
  words: RegExp | null;
  /** How the call came out, where that shows it. */
  outcome: string | null;
}

const rule = (intent: string, tools: string[], words: RegExp | null, outcome: string | null = null): Rule => ({
  intent,
  tools,
  words,
  outcome,
});

/**
 * What callers want, by rules: a call has every intent that a tool, a word of the caller or its outcome shows, in the
 * order of this table. The assistant's words count for nothing: it offers much that nobody asked for.
 */
export const intentRules: readonly Rule[] = [
  rule('hours', ['get_store_hours'], /\b(hours?|open|opens|opening|close|closes|closed|closing)\b/i),
  rule('location', [], /\b(address|located|location|directions?|parking|where are you|find you|get to you)\b/i),
  rule('menu', ['get_menu'], /\b(menu|what (do|can) you (have|serve|sell|make)|what('s| is) on offer)\b/i),
  rule(
    'product',
    ['get_product_details'],
    /\b(how much|prices?|costs?|sizes?|oat milk|soy milk|almond milk|decaf|vegan|gluten)\b/i,
  ),
  rule('subscription', ['get_subscription_info'], /\bsubscri(be|bed|bing|ption|ptions)\b/i),
  rule(
    'promotion',
    [],
    /\b(promotions?|promos?|specials?|deals?|discounts?|coupons?|vouchers?|special offers?|on sale)\b/i,
  ),
  rule('knowledge', ['search_knowledge_base'], null),
  rule('complaint', [], /\b(complain|complaints?|refunds?|wrong order|money back|disappointed)\b/i),
  rule(
    'transfer',
    ['transfer_to_staff'],
    /\b(speak|talk) (to|with) (a |an |the |some ?|your )?(person|human|someone|somebody|one|staff|manager|owner|agent|representative)\b/i,
    'transferred',
  ),
  rule('voicemail', ['leave_voicemail'], /\b(voice ?mail|leave (you )?(a|my) message)\b/i, 'voicemail'),
  rule('goodbye', ['end_call'], /\b(bye|goodbye|good bye|that('s| is| was| will be) (all|it|everything))\b/i),
];

export interface Evidence {
  turns: readonly Pick<Turn, 'who' | 'text'>[];
  /** Names of the tools asked. */
  tools: readonly string[];
  outcome: string | null;
}

export function intentsOf({ turns, tools, outcome }: Evidence): string[] {
  const said = turns.filter(({ who }) => who === 'caller').map(({ text }) => text.replaceAll('’', "'"));
  const shows = (each: Rule): boolean =>
    tools.some((tool) => each.tools.includes(tool)) ||
    (each.words !== null && said.some((text) => each.words?.test(text))) ||
    (each.outcome !== null && each.outcome === outcome);
  return intentRules.filter(shows).map(({ intent }) => intent);
}
