import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readEvent, startsIdle } from './events.ts';

const types = [
  'conversation.item.done',
  'conversation.item.added',
  'conversation.item.input_audio_transcription.delta',
  'conversation.item.input_audio_transcription.completed',
  'input_audio_buffer.speech_started',
  'response.content_part.added',
  'response.content_part.done',
  'response.created',
  'response.output_audio.done',
  'response.output_audio_transcript.delta',
  'response.output_audio_transcript.done',
  'response.function_call_arguments.delta',
  'response.done',
  'rate_limits.updated',
  'session.updated',
  'error',
  'of.no.table',
];

const bytesOf = (event: unknown): Buffer => Buffer.from(JSON.stringify(event));

test('what is of no use is known by its first key, and nothing else is taken for it', () => {
  const part = { response_id: 'resp_1', item_id: 'item_A', part: { type: 'audio', transcript: 'Hello' } };
  expect(startsIdle(bytesOf({ type: 'response.content_part.done', ...part }))).toBe(true);
  expect(startsIdle(bytesOf({ event_id: 'event_1', type: 'response.content_part.done', ...part }))).toBe(false);
  expect(startsIdle(bytesOf({ type: 'response.done', response: { type: 'response.content_part.done' } }))).toBe(false);
  expect(startsIdle(Buffer.from('{"type":"response.content_part.done'))).toBe(false);
  expect(startsIdle(Buffer.from('{"type":"'))).toBe(false);
});

test('what the first key calls idle the parser calls idle too', () => {
  const rest = fc.dictionary(fc.string(), fc.jsonValue());
  const typed = fc.record({ type: fc.oneof(fc.constantFrom(...types), fc.string()), rest });
  let idle = 0;
  fc.assert(
    fc.property(typed, ({ type, rest: others }) => {
      const { type: _other, ...more } = others;
      const message = bytesOf({ type, ...more });
      if (startsIdle(message)) {
        idle++;
        expect(readEvent(message.toString())).toBe('idle');
      } else if (message.toString().startsWith('{"type":')) {
        expect(readEvent(message.toString())).not.toBe('idle');
      }
    }),
  );
  expect(idle).toBeGreaterThan(0);
});
