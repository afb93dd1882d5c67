import { readWav } from '../voice/index.ts';

const MODEL = 'gpt-4o-mini-tts';
const VOICE = 'ash';
const TIMEOUT_MS = 30_000;

/** Speaks a caller's line through a text-to-speech endpoint of OpenAI's shape; gives 8 kHz µ-law. Rejects when it cannot be had. */
export function speechFrom(apiUrl: string, apiKey: string): (text: string) => Promise<Uint8Array> {
  return async (text) => {
    const answer = await fetch(`${apiUrl}/audio/speech`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ model: MODEL, voice: VOICE, input: text, response_format: 'wav' }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!answer.ok) throw new Error(`text-to-speech answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`);
    return readWav(new Uint8Array(await answer.arrayBuffer()));
  };
}
