import { codesNamed, promotionAbout } from '../about-promotion.ts';
import { clausesOf } from './clauses.ts';
import { intentsOf } from './intent-rules.ts';
import { resolutionOf, transferReasonOf, unansweredTurns } from './resolution.ts';
import { productsNamed, type StoreWords } from './store-words.ts';
import { summaryOf } from './summary.ts';
import { type Conversation, type ToolUse, type Understanding, understandingLimits } from './understanding.ts';

/** Raised with every change of a rule that may read a call otherwise: then calls that are seen again are read anew. */
export const RULES_VERSION = 1;

/** Reads a call by rules alone: needs nothing, answers at once, and the same call always means the same. */
export function readByRules(conversation: Conversation, store: StoreWords): Understanding {
  const { turns, outcome } = conversation;
  const intents = intentsOf(conversation, store);
  const questions = questionsOf(conversation);
  const wanted = intents.some(({ intent }) => intent === 'transfer');
  // A question with no answer and no topic is one about the shop all the same.
  if (
    questions.some(({ turn }) => turn !== null && !intents.some((each) => each.turn === turn)) &&
    intents.every(({ intent }) => intent === 'goodbye' || intent === 'voicemail' || intent === 'transfer')
  )
    addKnowledge(intents, questions);
  const said = turns.map(({ who, text }) => ({ who, text: who === 'caller' ? meant(text) : text }));
  const resolution = resolutionOf(conversation, { intents, questions });
  const findings = {
    intents,
    resolution,
    promotion: promotionAbout(said, store.promotions, conversation.span),
    codes: codesNamed(said, store.promotions),
    questions,
    products: productsOf(conversation, store),
    transferReason:
      resolution === 'transferred' || (wanted && outcome !== null) ? transferReasonOf({ intents, questions }) : null,
  };
  return { ...findings, summary: summaryOf(findings, (slug) => nameOf(slug, store)) };
}

/** Without what the caller does not want. */
function meant(text: string): string {
  const clauses = clausesOf(text);
  if (!clauses.some(({ denied }) => denied)) return text;
  return clauses.flatMap((clause) => (clause.denied ? [] : [clause.text])).join('. ');
}

function addKnowledge(intents: Understanding['intents'], questions: Understanding['questions']): void {
  const turn = questions.find((each) => each.turn !== null)?.turn ?? null;
  const after = intents.findIndex(({ intent }) => intent !== 'goodbye');
  intents.splice(after < 0 ? 0 : after, 0, { intent: 'knowledge', turn });
}

function productsOf({ turns }: Conversation, store: StoreWords): string[] {
  const said = turns.filter(({ who }) => who === 'caller');
  return [...new Set(said.flatMap(({ text }) => productsNamed(text, store.products)))];
}

function nameOf(slug: string, { products }: StoreWords): string {
  const words = products.find((each) => each.slug === slug)?.name ?? [slug];
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ');
}

/** What Aida could not answer: as the caller said it, and what its tools found nothing about. */
function questionsOf({ turns, tools }: Conversation): Understanding['questions'] {
  const said = unansweredTurns({ turns }).map((turn) => ({ turn, question: turns[turn]?.text ?? '' }));
  const asked = said.length > 0 ? [] : tools.flatMap((tool) => unknownTo(tool) ?? []);
  return [...said, ...asked.map((question) => ({ turn: null, question }))]
    .slice(0, understandingLimits.questionsMax)
    .map(({ turn, question }) => ({ turn, question: question.slice(0, understandingLimits.questionCharsMax) }));
}

/** What was searched for where the knowledge base had nothing, null where it had, or nothing is known of it. */
function unknownTo({ name, arguments: given, output }: ToolUse): string | null {
  if (name !== 'search_knowledge_base' || output === null || !/"found":\s*false/.test(output)) return null;
  try {
    const parsed: unknown = JSON.parse(given);
    if (typeof parsed === 'object' && parsed !== null && 'query' in parsed && typeof parsed.query === 'string')
      return parsed.query.trim() || null;
  } catch {
    // The model's arguments need not be JSON.
  }
  return null;
}
