import type { Conversation } from './conversation.ts';
import type { Configuration } from './configuration.ts';
import type { Turn, TurnKind } from './plan.ts';
import { quotedWords } from './rules.ts';
import type { ResponseRequest } from './schemas.ts';

export interface Occasion {
  readonly startedBy: 'client' | 'vad' | 'idle';
  readonly request: ResponseRequest | null;
  readonly responseIndex: number;
  readonly sessionIndex: number;
}

type Said = Pick<Turn, 'kind' | 'heard' | 'told' | 'directive'>;

const ANSWER_LAST = /answer what the caller said last/i;

function whatToAnswer(conversation: Conversation, occasion: Occasion): Said {
  const last = conversation.wordsOf('user').at(-1) ?? '';
  const said = (kind: TurnKind, fields: Partial<Said> = {}): Said => ({
    kind,
    heard: last,
    told: '',
    directive: '',
    ...fields,
  });
  if (occasion.startedBy === 'idle') return said('idle');
  const instructions = occasion.request?.instructions ?? '';
  const told = quotedWords(instructions);
  if (told !== '') return said('told', { told, directive: instructions });
  const asked = conversation.unanswered('user');
  if (occasion.startedBy === 'vad') return said('caller', { heard: asked?.words ?? '' });
  const directive = conversation.unanswered('system')?.words ?? '';
  const prompted = quotedWords(directive);
  if (prompted !== '') return said('told', { told: prompted, directive });
  if (asked !== undefined && ANSWER_LAST.test(directive)) return said('apology', { heard: asked.words, directive });
  if (conversation.freshOutputs().length > 0) return said('tools');
  if (asked !== undefined) return said('caller', { heard: asked.words });
  const begun = conversation.items.some((item) => item.role === 'user' || item.role === 'assistant');
  return said(begun ? 'resumed' : 'greeting');
}

function functionNames(configuration: Configuration, request: ResponseRequest | null): string[] {
  const choice = request?.tool_choice ?? configuration.tool_choice;
  if (choice === 'none') return [];
  const offered = (request?.tools ?? configuration.tools).filter((tool) => tool.type === 'function');
  const names = offered.map((tool) => String(tool.name));
  return typeof choice === 'object' ? names.filter((name) => name === choice.name) : names;
}

/** Why the model speaks now, and everything a rule may look at. */
export function turnOf(conversation: Conversation, configuration: Configuration, occasion: Occasion): Turn {
  const said = whatToAnswer(conversation, occasion);
  const callerWords = conversation.wordsOf('user');
  const asking = (said.kind === 'caller' || said.kind === 'apology') && callerWords.at(-1) === said.heard;
  return {
    ...said,
    instructions: occasion.request?.instructions ?? configuration.instructions,
    tools: functionNames(configuration, occasion.request),
    outputs: said.kind === 'tools' ? conversation.freshOutputs() : [],
    notes: conversation.freshNotes(),
    callerWords: asking ? callerWords.slice(0, -1) : callerWords,
    assistantWords: conversation.wordsOf('assistant'),
    responseIndex: occasion.responseIndex,
    sessionIndex: occasion.sessionIndex,
  };
}
