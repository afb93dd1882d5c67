import { z } from 'zod';
import { defineTool, ToolUnavailable } from './tool.ts';

export const searchKnowledgeBase = defineTool({
  name: 'search_knowledge_base',
  description:
    'Search the FAQ for answers to common questions: parking, wifi, allergies, policies, gift cards, events, promotions and anything ' +
    'that no other tool knows.',
  parameters: z.object({
    query: z.string().max(500).describe("The caller's question in a few words"),
  }),
  subject: 'the knowledge base',
  writes: false,
  deadlineMs: 2_500,
  async run({ query }, services) {
    const { hits, from } = await services.knowledge(query);
    if (hits.length > 0) return { answer: { found: true, answers: hits } };
    if (from === 'memory' && !services.isLoaded()) throw new ToolUnavailable();
    return {
      answer: {
        found: false,
        answers: [],
        note: 'Nothing is known about this. Say so, and offer staff or a voicemail.',
      },
    };
  },
});
