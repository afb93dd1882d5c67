import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeUtterance, FRAME_BYTES, joinBytes, readFrame, silence } from '../../src/sim/voice/index.ts';
import { isWholeFrames, readAudio } from './payload.ts';

const audioOf = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;

test('words are read four samples at a time as they are one by one, silence and noise included', () => {
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
      expect(readAudio(audioOf(joinBytes(frames)))).toEqual(frames.map((samples) => readFrame(samples, 0)));
    }),
    { numRuns: 200 },
  );
});

test('a frame with one wrong bit carries nothing', () => {
  const [sound = new Uint8Array(0)] = encodeUtterance('hello', { utterance: 3, speaker: 'line' });
  for (let at = 0; at < FRAME_BYTES; at += 1) {
    const broken = sound.slice();
    broken[at]! ^= 1;
    expect(readAudio(audioOf(broken))).toEqual([null]);
  }
});

test('only whole frames are audio', () => {
  const lengths = [0, 1, 159, 160, 161, 320].filter((length) => isWholeFrames(new ArrayBuffer(length)));
  expect(lengths).toEqual([160, 320]);
});
