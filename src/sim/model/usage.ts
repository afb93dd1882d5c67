import type { Account } from './account.ts';
import type { Conversation } from './conversation.ts';
import type { ResponseRecord } from './response.ts';

const CALLER_MS_PER_TOKEN = 100;
const ASSISTANT_MS_PER_TOKEN = 50;
const CHARS_PER_TOKEN = 4;

function textTokens(chars: number): number {
  return Math.ceil(chars / CHARS_PER_TOKEN);
}

/** Tokens as they are billed: the whole context with each response, what was sent before at the cached price. */
export class Usage {
  readonly #account: Account;
  #cachedText = 0;
  #cachedAudio = 0;

  constructor(account: Account) {
    this.#account = account;
  }

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
    this.#account.used(text + audio + outAudio + outText);
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
