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

type Said = Pick<Turn, 'kind' | 'heard' | 'told'>;

function whatToAnswer(conversation: Conversation, occasion: Occasion): Said {
  const heard = conversation.wordsOf('user').at(-1) ?? '';
  const kind = (name: TurnKind, told = ''): Said => ({ kind: name, heard, told });
  if (occasion.startedBy === 'idle') return kind('idle');
  const told = quotedWords(occasion.request?.instructions ?? '');
  if (told !== '') return kind('told', told);
  const asked = conversation.unanswered('user');
  if (occasion.startedBy === 'vad') return { kind: 'caller', heard: asked?.words ?? '', told: '' };
  const prompted = quotedWords(conversation.unanswered('system')?.words ?? '');
  if (prompted !== '') return kind('told', prompted);
  if (conversation.freshOutputs().length > 0) return kind('tools');
  if (asked !== undefined) return { kind: 'caller', heard: asked.words, told: '' };
  const begun = conversation.items.some((item) => item.role === 'user' || item.role === 'assistant');
  return kind(begun ? 'resumed' : 'greeting');
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
  const asking = said.kind === 'caller' && callerWords.at(-1) === said.heard;
  return {
    ...said,
    instructions: occasion.request?.instructions ?? configuration.instructions,
    tools: functionNames(configuration, occasion.request),
    outputs: said.kind === 'tools' ? conversation.freshOutputs() : [],
    callerWords: asking ? callerWords.slice(0, -1) : callerWords,
    assistantWords: conversation.wordsOf('assistant'),
    responseIndex: occasion.responseIndex,
    sessionIndex: occasion.sessionIndex,
  };
}
