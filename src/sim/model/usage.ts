import type { Conversation } from './conversation.ts';
import type { ResponseRecord } from './response.ts';

const CALLER_MS_PER_TOKEN = 100;
const ASSISTANT_MS_PER_TOKEN = 50;
const CHARS_PER_TOKEN = 4;
const TOKENS_PER_MINUTE = 40_000;
const REQUESTS_PER_MINUTE = 500;

function textTokens(chars: number): number {
  return Math.ceil(chars / CHARS_PER_TOKEN);
}

/** Tokens as they are billed: the whole context with each response, what was sent before at the cached price. */
export class Usage {
  totalTokens = 0;
  #cachedText = 0;
  #cachedAudio = 0;

  /** The `usage` of a response that is over. */
  of(
    record: ResponseRecord,
    instructions: string,
    conversation: Conversation,
    heardMs: number,
  ): Record<string, unknown> {
    const written = conversation.items.filter(
      (item) => item.content !== 'input_audio' && item.content !== 'output_audio',
    );
    const chars = written.reduce((sum, item) => sum + item.words.length + (item.output ?? item.arguments).length, 0);
    const spokenMs = conversation.items.reduce((sum, item) => sum + item.generatedMs, 0);
    const text = textTokens(instructions.length + chars);
    const audio = Math.ceil(heardMs / CALLER_MS_PER_TOKEN) + Math.ceil(spokenMs / ASSISTANT_MS_PER_TOKEN);
    const cachedText = Math.min(text, this.#cachedText);
    const cachedAudio = Math.min(audio, this.#cachedAudio);
    this.#cachedText = text;
    this.#cachedAudio = audio;
    const outAudio = Math.ceil(record.audioMs / ASSISTANT_MS_PER_TOKEN);
    const outText = textTokens(record.said.length + record.calls.reduce((sum, call) => sum + call.arguments.length, 0));
    this.totalTokens += text + audio + outAudio + outText;
    return {
      total_tokens: text + audio + outAudio + outText,
      input_tokens: text + audio,
      output_tokens: outAudio + outText,
      input_token_details: {
        text_tokens: text,
        audio_tokens: audio,
        image_tokens: 0,
        cached_tokens: cachedText + cachedAudio,
        cached_tokens_details: { text_tokens: cachedText, audio_tokens: cachedAudio, image_tokens: 0 },
      },
      output_token_details: { text_tokens: outText, audio_tokens: outAudio },
    };
  }
}

export function transcriptionUsage(ms: number, words: string): Record<string, unknown> {
  const audio = Math.ceil(ms / CALLER_MS_PER_TOKEN);
  const output = textTokens(words.length);
  return {
    type: 'tokens',
    total_tokens: audio + output,
    input_tokens: audio,
    output_tokens: output,
    input_token_details: { audio_tokens: audio, text_tokens: 0 },
  };
}

/** What is left of this minute's allowance after `requests` and `tokens`. */
export function rateLimits(requests: number, tokens: number): Record<string, unknown>[] {
  const left = (limit: number, used: number): number => Math.max(0, limit - used);
  const seconds = (limit: number, used: number): number => Math.round((6000 * Math.min(used, limit)) / limit) / 100;
  return [
    {
      name: 'requests',
      limit: REQUESTS_PER_MINUTE,
      remaining: left(REQUESTS_PER_MINUTE, requests),
      reset_seconds: seconds(REQUESTS_PER_MINUTE, requests),
    },
    {
      name: 'tokens',
      limit: TOKENS_PER_MINUTE,
      remaining: left(TOKENS_PER_MINUTE, tokens),
      reset_seconds: seconds(TOKENS_PER_MINUTE, tokens),
    },
  ];
}
