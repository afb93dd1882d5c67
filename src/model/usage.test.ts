import { expect, test } from 'vitest';
import { usageOf } from './usage.ts';

test('cached tokens are told apart from fresh ones', () => {
  const usage = {
    total_tokens: 770,
    input_tokens: 668,
    output_tokens: 102,
    input_token_details: {
      text_tokens: 610,
      audio_tokens: 58,
      image_tokens: 0,
      cached_tokens: 596,
      cached_tokens_details: { text_tokens: 576, audio_tokens: 20, image_tokens: 0 },
    },
    output_token_details: { text_tokens: 30, audio_tokens: 72 },
  };
  expect(usageOf(usage)).toEqual({
    textIn: 34,
    textInCached: 576,
    audioIn: 38,
    audioInCached: 20,
    textOut: 30,
    audioOut: 72,
  });
});

test('details may be missing, numbers may be none', () => {
  expect(usageOf({ input_tokens: 10, output_tokens: 4 })).toEqual({
    textIn: 10,
    textInCached: 0,
    audioIn: 0,
    audioInCached: 0,
    textOut: 4,
    audioOut: 0,
  });
  expect(usageOf({ input_tokens: 'many', output_tokens: -3 })?.textIn).toBe(0);
  expect(usageOf(null)).toBe(null);
  expect(usageOf('x')).toBe(null);
});
