import type { Usage } from '../../machines/call-events.ts';

type Json = Readonly<Record<string, unknown>>;

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}

/**
 * `response.done.usage` as tokens by price. Cached tokens are part of the input tokens there; here `textIn` and
 * `audioIn` are the fresh ones alone. Where the details are missing everything counts as text.
 */
export function usageOf(raw: unknown): Usage | null {
  if (typeof raw !== 'object' || raw === null) return null;
  const usage = record(raw);
  const input = record(usage['input_token_details']);
  const cached = record(input['cached_tokens_details']);
  const output = record(usage['output_token_details']);
  const audioInAll = count(input['audio_tokens']);
  const textInAll = 'text_tokens' in input ? count(input['text_tokens']) : count(usage['input_tokens']) - audioInAll;
  const audioInCached = Math.min(audioInAll, count(cached['audio_tokens']));
  const cachedText =
    'text_tokens' in cached ? count(cached['text_tokens']) : count(input['cached_tokens']) - audioInCached;
  const textInCached = Math.min(textInAll, Math.max(0, cachedText));
  const audioOut = count(output['audio_tokens']);
  const textOut = 'text_tokens' in output ? count(output['text_tokens']) : count(usage['output_tokens']) - audioOut;
  return {
    textIn: textInAll - textInCached,
    textInCached,
    audioIn: audioInAll - audioInCached,
    audioInCached,
    textOut: Math.max(0, textOut),
    audioOut,
  };
}
