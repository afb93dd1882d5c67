import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeUtterance, FRAME_BYTES, joinBytes, readFrame, silence } from '../../src/sim/voice/index.ts';
import { payloadBytes, readPayload } from './payload.ts';

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

test('words are read out of base64 as they are out of bytes, frame by frame, silence and noise included', () => {
  const frame = fc.oneof(
    fc.constant(silence(20)),
    fc.uint8Array({ minLength: FRAME_BYTES, maxLength: FRAME_BYTES }),
    fc
      .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), fc.nat(65_535), fc.nat(39))
      .map(([text, utterance, index]) => {
        const frames = encodeUtterance(text, { utterance, speaker: 'assistant', generation: 7 });
        return frames[index % frames.length] as Uint8Array;
      }),
  );
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 7 }), (frames) => {
      const payload = base64(joinBytes(frames));
      expect(readPayload(payload)).toEqual(frames.map((samples) => readFrame(samples, 0)));
      expect(payloadBytes(payload)).toBe(frames.length * FRAME_BYTES);
    }),
    { numRuns: 200 },
  );
});

test('a frame with one wrong bit carries nothing', () => {
  const [sound = new Uint8Array(0)] = encodeUtterance('hello', { utterance: 3, speaker: 'line' });
  for (let at = 0; at < FRAME_BYTES; at += 1) {
    const broken = sound.slice();
    broken[at]! ^= 1;
    expect(readPayload(base64(broken))).toEqual([null]);
  }
});

test('lengths are told from the text alone', () => {
  for (let length = 0; length < 20; length += 1) expect(payloadBytes(base64(new Uint8Array(length)))).toBe(length);
});
