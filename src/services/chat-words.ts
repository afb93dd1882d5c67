import { z } from 'zod';

const limits = { timeoutMs: 8_000, answerTokensMax: 800, wordsMax: 1_000 } as const;

const completion = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string().nullable() }) })).min(1),
});

export interface ChatWordsOptions {
  apiUrl: string;
  apiKey: string;
  model: string;
}

/** What a chat model says to a caller's question with what a tool found; null: it did not answer, for whatever reason. */
export type ChatWords = (instructions: string, question: string, found: string) => Promise<string | null>;

/** `POST {apiUrl}/chat/completions`, once for each question that somebody asks on a page. */
export function createChatWords({ apiUrl, apiKey, model }: ChatWordsOptions): ChatWords {
  return async (instructions, question, found) => {
    const messages = [
      { role: 'system', content: `${instructions}\n\n# What the tool found for the caller's question\n${found}` },
      { role: 'user', content: question },
    ];
    try {
      const response = await fetch(`${apiUrl}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model, messages, max_completion_tokens: limits.answerTokensMax }),
        redirect: 'error',
        signal: AbortSignal.timeout(limits.timeoutMs),
      });
      const body = completion.safeParse(response.ok ? await response.json() : await response.body?.cancel());
      return body.data?.choices[0]?.message.content?.slice(0, limits.wordsMax) ?? null;
    } catch {
      return null;
    }
  };
}
