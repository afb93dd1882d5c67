import type { Resolution } from '../../../entities/call-understanding.ts';
import type { CallSpan } from '../about-promotion.ts';
import type { Intent } from './intents.ts';

/** One turn in the order of the conversation, redacted; for the assistant what was heard of it. */
export interface SaidTurn {
  who: 'caller' | 'assistant';
  text: string;
}

/** A tool that the model asked for, as it stands in the call's journal. */
export interface ToolUse {
  name: string;
  /** As the model gave them: not necessarily JSON. */
  arguments: string;
  /** Null while it runs, or where that is not known. */
  output: string | null;
}

/** All that is known of a call that is over. */
export interface Conversation {
  turns: readonly SaidTurn[];
  tools: readonly ToolUse[];
  /** The row's outcome: `answered`, `transferred`, …; null where it is not known. */
  outcome: string | null;
  /** When it was, by the store's clock. */
  span: CallSpan;
}

/** What was understood; turns by their index in the conversation. */
export interface Understanding {
  /** In the order of `intentNames`; `turn` is the first that shows it, null where a tool or the outcome does. */
  intents: { intent: Intent; turn: number | null }[];
  resolution: Resolution;
  /** Two sentences. */
  summary: string;
  /** Slug of the promotion that the caller asked about. */
  promotion: string | null;
  /** Codes of promotions that the caller named, as the store writes them. */
  codes: string[];
  /** What Aida could not answer. */
  questions: { turn: number | null; question: string }[];
  /** Slugs of products asked for. */
  products: string[];
  transferReason: string | null;
}

/** What is said of a call beyond this is left out. */
export const understandingLimits = { summaryCharsMax: 600, questionsMax: 20, questionCharsMax: 300 } as const;
