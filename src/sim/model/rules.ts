import { tellOutput } from './facts.ts';
import type { Plan, Step, Turn } from './plan.ts';

/** What a caller says → what the assistant does. The first row that fits a clause wins. */
interface Rule {
  readonly name: string;
  readonly when: RegExp;
  /** Called only when this tool is offered; a row without one is always open. */
  readonly tool?: string;
  readonly steps: (clause: string, turn: Turn) => readonly Step[];
}

const CATEGORY = /\b(coffee|espresso|food|tea|pastr(?:y|ies)|bakery|breakfast|lunch|drinks?|beans|merch(?:andise)?)\b/;
const DAY = /\b(sunday|monday|tuesday|wednesday|thursday|friday|saturday|today|tomorrow)\b/;
const KNOWLEDGE =
  /\b(parking|park|wi-?fi|internet|allerg\w*|refunds?|returns?|dogs?|pets?|gluten|vegan|dairy|nuts?|catering|gift cards?|loyalty|rewards?|payment|pay|cash|deliver\w*|shipping|ship|caffeine|decaf|organic|fair trade|wheelchair|accessib\w*|restrooms?|job|hiring|events?|reserv\w*|question)\b/;
const PRODUCT_ASK =
  /\b(?:how much (?:is|are|does|for)|(?:the )?price of|what does|cost of|tell me (?:more )?about|details (?:on|of|about)|do you (?:have|sell)|what is in|what's in)\s+(?:an?\s|the\s|your\s|any\s|some\s)?(.+)/;
const PRODUCT_NAMED =
  /\b((?:[a-z']+ ){0,2}(?:latte|cappuccino|mocha|americano|macchiato|cortado|cold brew|drip|croissant|muffin|bagel|scone|sandwich|chai))\b/;
const PRODUCT_TAIL = /\s*\b(?:costs?|please|today|in it|for me|right now)\b.*$|[?.!,;].*$/;
const PROMOTION = /\b(promotions?|specials?|deals?|offers?|discounts?|coupons?|on sale)\b/;
const PROMOTION_SECTION = /^# [^\n]*promotion[^\n]*\n- ([^\n]+)/im;
const CLAUSE_END = /[?.!;]\s+|\band\s+(?=(?:what|do|can|could|how|tell|is|are|where|when|i)\b)/;
const BACK_REFERENCE = /refer to what|go on where|as i was saying/i;
const SENTENCE_END = /(?<=[.!?])\s+|\n/;

function productName(clause: string): string | null {
  const asked = PRODUCT_ASK.exec(clause)?.[1] ?? PRODUCT_NAMED.exec(clause)?.[1];
  const name = asked?.replace(PRODUCT_TAIL, '').trim();
  return name === undefined || name === '' ? null : name;
}

/** What the instructions say of the running promotion: the first line of its section, else a sentence with a figure. */
function promotionIn(instructions: string): string | null {
  const section = PROMOTION_SECTION.exec(instructions)?.[1];
  if (section?.startsWith('None') === true) return 'There is no promotion at the moment.';
  if (section !== undefined) return section.trim();
  const sentences = instructions.split(SENTENCE_END).filter((sentence) => PROMOTION.test(sentence.toLowerCase()));
  return (
    sentences
      .find((sentence) => /\d|%|free|half/i.test(sentence))
      ?.replace(/^[\s\-*#]+/, '')
      .trim() ?? null
  );
}

export const RULES: readonly Rule[] = [
  {
    name: 'memory',
    when: /\bwhat (?:did|have) i (?:just )?(?:ask|say|said|asked)|\bwhat were we (?:talking|speaking)|\bwhere were we\b/,
    steps: (_clause, turn) => [{ say: recall(turn) }],
  },
  {
    name: 'person',
    when: /\b(?:talk|speak|connect|transfer|put)\b.*\b(?:person|human|staff|someone|somebody|manager|agent|people)\b|\breal person\b/,
    tool: 'transfer_to_staff',
    steps: (clause) => [
      { say: 'I will connect you with a person.' },
      { call: 'transfer_to_staff', arguments: { reason: clause } },
    ],
  },
  {
    name: 'voicemail',
    when: /\bvoice ?mail\b|\bleave (?:\w+ )?(?:a |my )?message\b|\btake a message\b/,
    tool: 'leave_voicemail',
    steps: (clause) => [{ call: 'leave_voicemail', arguments: { topic: clause } }],
  },
  {
    name: 'goodbye',
    when: /\bgood ?bye\b|\bbye\b|\bthat(?:'s| is| will be| was) all\b|\bhang up\b/,
    tool: 'end_call',
    steps: () => [{ say: 'Thank you for calling. Goodbye.' }, { call: 'end_call', arguments: {} }],
  },
  {
    name: 'subscriptions',
    when: /\bsubscri\w*|\b(?:monthly|weekly) plans?\b|\bwhich plans\b/,
    tool: 'get_subscription_info',
    steps: () => [{ call: 'get_subscription_info', arguments: {} }],
  },
  {
    name: 'promotion in the instructions',
    when: PROMOTION,
    steps: (_clause, turn) => {
      const told = promotionIn(turn.instructions);
      return told === null ? [] : [{ say: told }];
    },
  },
  {
    name: 'promotion in the knowledge base',
    when: PROMOTION,
    tool: 'search_knowledge_base',
    steps: (clause) => [{ call: 'search_knowledge_base', arguments: { query: clause } }],
  },
  {
    name: 'hours',
    when: /\bhours\b|\bopen\b|\bopening\b|\bclos(?:e|es|ed|ing)\b|\bwhere are you\b|\byour address\b|\blocated\b/,
    tool: 'get_store_hours',
    steps: (clause) => {
      const day = DAY.exec(clause)?.[1];
      return [{ call: 'get_store_hours', arguments: day === undefined ? {} : { day } }];
    },
  },
  {
    name: 'menu',
    when: /\bmenu\b|\bwhat (?:do|can) you (?:have|sell|serve|offer)\b|\bkinds? of (?:coffee|food|tea)\b/,
    tool: 'get_menu',
    steps: (clause) => {
      const category = CATEGORY.exec(clause)?.[1];
      const look: Step = { say: 'Let me look at the menu.' };
      return [look, { call: 'get_menu', arguments: category === undefined ? {} : { category } }];
    },
  },
  {
    name: 'knowledge',
    when: KNOWLEDGE,
    tool: 'search_knowledge_base',
    steps: (clause) => [{ call: 'search_knowledge_base', arguments: { query: clause } }],
  },
  {
    name: 'product',
    when: new RegExp(`${PRODUCT_ASK.source}|${PRODUCT_NAMED.source}`),
    tool: 'get_product_details',
    steps: (clause) => {
      const name = productName(clause);
      return name === null ? [] : [{ call: 'get_product_details', arguments: { productName: name } }];
    },
  },
];

const LEAVING = new Set(['person', 'voicemail', 'goodbye']);

function recall(turn: Turn): string {
  const before = turn.callerWords.at(-1);
  return before === undefined ? 'You have not asked me anything yet.' : `You asked me: ${before}`;
}

function answerClause(clause: string, turn: Turn): { readonly name: string; readonly steps: readonly Step[] } | null {
  for (const rule of RULES) {
    if (!rule.when.test(clause)) continue;
    if (rule.tool !== undefined && !turn.tools.includes(rule.tool)) continue;
    const steps = rule.steps(clause, turn);
    if (steps.length > 0) return { name: rule.name, steps };
  }
  return null;
}

function answerCaller(turn: Turn): Plan {
  if (turn.heard === '') return [{ say: 'Sorry, I did not hear you.' }];
  const clauses = turn.heard
    .toLowerCase()
    .split(CLAUSE_END)
    .map((clause) => clause.trim());
  const answers = clauses.map((clause) => answerClause(clause, turn)).filter((answer) => answer !== null);
  if (answers.length === 0) return [{ say: `You said: ${turn.heard}` }];
  const leaving = answers.find((answer) => LEAVING.has(answer.name));
  if (leaving !== undefined) return leaving.steps;
  return answers.flatMap((answer) => answer.steps);
}

function greetingOf(turn: Turn): string {
  const line = /^\s*greeting:\s*(.+)$/im.exec(turn.instructions)?.[1]?.trim();
  return line?.replace(/^["“]|["”]$/g, '') ?? 'Hello. How can I help you?';
}

/** Told to come back to the subject, the model names it. */
function backReference(turn: Turn): string {
  const before = turn.callerWords.at(-1);
  if (before === undefined || !BACK_REFERENCE.test(turn.directive)) return '';
  return ` You asked me: ${before}`;
}

/** What the fake model does by itself, from the words that arrived and nothing else; it says what it was told in notes. */
export function decide(turn: Turn): Plan {
  const plan = decideAlone(turn);
  // Before a tool has answered there is nothing yet to add to; what is to be said word for word stays so.
  const isAnswer = turn.kind === 'caller' || turn.kind === 'tools' || turn.kind === 'apology';
  if (turn.notes.length === 0 || !isAnswer || plan.some((step) => !('say' in step))) return plan;
  return [...plan, { say: turn.notes.join(' ') }];
}

function decideAlone(turn: Turn): Plan {
  if (turn.kind === 'told') return [{ say: `${turn.told}${backReference(turn)}` }];
  if (turn.kind === 'apology') return [{ say: 'I am sorry about that.' }, ...answerCaller(turn)];
  if (turn.kind === 'greeting') return [{ say: greetingOf(turn) }];
  if (turn.kind === 'idle') return [{ say: 'Are you still there?' }];
  if (turn.kind === 'tools') {
    return [{ say: turn.outputs.map((output) => tellOutput(output.name, output.output)).join(' ') }];
  }
  if (turn.kind === 'resumed') {
    return [{ say: turn.callerWords.length === 0 ? 'How can I help you?' : `As I was saying. ${recall(turn)}` }];
  }
  return answerCaller(turn);
}

/** The last words that instructions put in double quotes; empty when there are none. */
export function quotedWords(instructions: string): string {
  return Array.from(instructions.matchAll(/["“]([^"”]+)["”]/g), (match) => match[1]!.trim()).at(-1) ?? '';
}
