import { stringify } from 'yaml';
import type { PageRequest, PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { page } from '../page.ts';
import { mayAct } from '../roles.ts';
import { askableTools, type AskableTool, type CataloguePort } from './port.ts';

const QUESTION_CHARS_MAX = 200;

const labels: Record<AskableTool, string> = {
  search_knowledge_base: 'Anything: the knowledge base',
  get_product_details: 'One product',
  get_menu: 'The menu',
  get_store_hours: 'Hours',
  get_subscription_info: 'Subscriptions',
};

/** What each tool is asked with; absent: nothing. */
const argument: Partial<Record<AskableTool, string>> = {
  search_knowledge_base: 'query',
  get_product_details: 'productName',
  get_menu: 'category',
  get_store_hours: 'day',
};

/** “What would Aida answer?”: what the tool gives the model for a question, and the words of a model where one can be asked. */
export function askRoutes(assistant: CataloguePort | null): PageRoute[] {
  async function ask(request: PageRequest): Promise<ConsoleResponse> {
    const question = (request.search.get('question') ?? '').slice(0, QUESTION_CHARS_MAX).trim();
    const wanted = request.search.get('tool') ?? '';
    const tool = askableTools.find((each) => each === wanted) ?? 'search_knowledge_base';
    const isAsked = assistant !== null && request.search.has('tool');
    const answer = isAsked ? await answerOf(assistant, tool, question) : null;
    // Its words are paid for.
    const say = mayAct(request.who.role, 'supervisor') ? (assistant?.say ?? null) : null;
    const words = answer && say && question !== '' ? await say(question, answer.output) : null;
    const data = {
      question,
      tool,
      tools: askableTools.map((value) => ({ value, label: labels[value] })),
      canAsk: assistant !== null,
      canSay: say !== null,
      answer,
      words,
    };
    return page(request, 'catalogue/ask', data);
  }

  return [{ method: 'GET', path: '/admin/knowledge-base/ask', role: 'viewer', handler: ask }];
}

async function answerOf(assistant: CataloguePort, tool: AskableTool, question: string) {
  const name = argument[tool];
  const { result, output } = await assistant.ask(tool, name && question !== '' ? { [name]: question } : {});
  return { tool, result, output, shown: readable(output) };
}

/** As people read it; words of a refusal as they are. */
function readable(output: string): string {
  try {
    return stringify(JSON.parse(output), { lineWidth: 0 }).trimEnd();
  } catch {
    return output;
  }
}
