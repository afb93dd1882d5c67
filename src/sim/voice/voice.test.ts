import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  encodeUtterance,
  energy,
  FRAME_BYTES,
  isSilence,
  joinBytes,
  MULAW_TO_PCM,
  encodeSample,
  readWav,
  silence,
  VoiceReader,
  writeWav,
  type UtteranceOptions,
} from './index.ts';

const CALLER: UtteranceOptions = { utterance: 7, speaker: 'caller', generation: 3, charsPerSecond: 200 };
const anyText = fc.string({ unit: 'binary', maxLength: 120 });

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

function read(...chunks: Uint8Array[]): VoiceReader {
  const reader = new VoiceReader();
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return reader;
}

test('any text comes out as it went in, however the bytes are cut, with padding before and behind', () => {
  const cuts = fc.array(fc.nat(), { maxLength: 12 });
  fc.assert(
    fc.property(
      anyText,
      cuts,
      fc.nat(400),
      fc.integer({ min: 1, max: 900 }),
      (text, places, padding, charsPerSecond) => {
        const frames = encodeUtterance(text, { ...CALLER, charsPerSecond });
        const pad = silence(padding / 8);
        const reader = read(...cutAt(joinBytes([pad, ...frames, pad]), places));
        expect(reader.spans).toEqual([
          {
            speaker: 'caller',
            generation: 3,
            utterance: 7,
            text,
            firstFrame: 0,
            lastFrame: frames.length - 1,
            frames: frames.length,
            missing: 0,
            repeated: 0,
            outOfOrder: 0,
            corrupt: 0,
            partial: 0,
            ended: true,
            startByte: padding,
            endByte: padding + frames.length * FRAME_BYTES,
          },
        ]);
        expect([reader.intact, reader.strayBytes]).toEqual([true, 0]);
      },
    ),
    { numRuns: 150 },
  );
});

const atLeastThreeFrames = fc.string({ minLength: 20, maxLength: 90 });

test('a lost frame is missing, a repeated one repeated, two swapped ones are out of order', () => {
  fc.assert(
    fc.property(atLeastThreeFrames, fc.nat(), (text, seed) => {
      const frames = encodeUtterance(text, CALLER);
      const at = seed % (frames.length - 1);
      const lost = read(...frames.filter((_, index) => index !== at));
      expect([lost.spans[0]?.missing, lost.spans[0]?.frames, lost.intact]).toEqual([1, frames.length - 1, false]);
      const twice = read(...frames.flatMap((frame, index) => (index === at ? [frame, frame] : [frame])));
      expect([twice.spans[0]?.repeated, twice.spans[0]?.missing, twice.intact]).toEqual([1, 0, false]);
      const swapped = [...frames];
      swapped.splice(at, 2, frames[at + 1]!, frames[at]!);
      const disordered = read(...swapped);
      expect([disordered.spans[0]?.outOfOrder, disordered.spans[0]?.missing]).toEqual([1, 0]);
      expect(disordered.intact).toBe(false);
    }),
    { numRuns: 100 },
  );
});

test('the last frame lost shows as an utterance that never ended', () => {
  const frames = encodeUtterance('half past eight', CALLER);
  expect(read(...frames.slice(0, -1)).spans[0]?.ended).toBe(false);
});

test('a flipped bit, a slipped byte or padding inside a frame costs that frame and no other', () => {
  fc.assert(
    fc.property(atLeastThreeFrames, fc.nat(), fc.constantFrom('flip', 'drop', 'pad'), (text, seed, fault) => {
      const frames = encodeUtterance(text, CALLER);
      const sound = joinBytes(frames);
      const at = FRAME_BYTES + 1 + (seed % (FRAME_BYTES - 2));
      const head = sound.slice(0, at);
      if (fault === 'flip') head[at - 1]! ^= 1;
      const tail = fault === 'drop' ? sound.subarray(at + 1) : sound.subarray(at);
      const reader = read(head, fault === 'pad' ? silence(20) : new Uint8Array(0), tail);
      const span = reader.spans[0];
      // Where the rest of the frame begins with the bits of padding, the frame is read whole and its rest is stray.
      if (fault === 'pad' && reader.intact) {
        expect(reader.strayBytes).toBeGreaterThan(0);
        return;
      }
      expect([span?.frames, span?.missing, span?.repeated]).toEqual([frames.length - 1, 1, 0]);
      expect(reader.corrupt + reader.partial).toBe(1);
      expect(reader.intact).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test('a frame that is cut anywhere, and followed at once or after any pause, is never taken for a corrupt one', () => {
  const first = joinBytes(encodeUtterance('we are open until nine', CALLER));
  const second = joinBytes(encodeUtterance('sorry', { ...CALLER, utterance: 8 }));
  for (let cut = 0; cut < FRAME_BYTES; cut += 1) {
    for (const pause of [0, 1, 9, 15, 16, 17, 80, 144, 145, 151, 159, 160, 500]) {
      // A few bytes of padding that fill the frame up look like a wrong end of it.
      if (cut + pause === FRAME_BYTES && pause < 16) continue;
      const padding = new Uint8Array(pause).fill(0xff);
      const heard = read(first.subarray(0, FRAME_BYTES + cut), padding, second);
      expect([cut, pause, heard.corrupt, heard.spans.length]).toEqual([cut, pause, 0, 2]);
    }
  }
});

test('an utterance cut inside a frame counts that frame as partial and keeps the words before it', () => {
  const frames = encodeUtterance('we are open until eighteen hundred', { ...CALLER, charsPerSecond: 50 });
  const cut = joinBytes(frames).subarray(0, 11 * FRAME_BYTES + 90);
  for (const after of [new Uint8Array(0), silence(60)]) {
    const reader = read(cut, after);
    expect([reader.spans[0]?.text, reader.spans[0]?.partial, reader.corrupt]).toEqual(['we are open', 1, 0]);
  }
});

test('silence, noise and plain tones never read as a frame', () => {
  const noise = Uint8Array.from({ length: 80_000 }, (_, at) => (Math.imul(at + 1, 2654435761) >>> 13) & 0xff);
  const reader = read(silence(5000), noise, new Uint8Array(8000).fill(0x7f), new Uint8Array(8000));
  expect(reader.spans).toEqual([]);
  expect(reader.corrupt + reader.partial).toBe(0);
});

test('speakers, generations and utterances are kept apart, and a prepared line may be played twice', () => {
  const line = encodeUtterance('please hold', { utterance: 1, speaker: 'line', charsPerSecond: 100 });
  const again = encodeUtterance('please hold', { utterance: 1, speaker: 'line', generation: 1, charsPerSecond: 100 });
  const reader = read(...line, ...line, ...again, ...encodeUtterance('yes', CALLER));
  expect(reader.spans.map((span) => `${span.speaker} ${span.generation} ${span.text}`)).toEqual([
    'line 0 please hold',
    'line 0 please hold',
    'line 1 please hold',
    'caller 3 yes',
  ]);
  expect([reader.text('line'), reader.intact]).toEqual(['please hold please hold please hold', true]);
});

test('memory is bounded: old utterances are forgotten and counted', () => {
  const reader = new VoiceReader({ spansMax: 3 });
  for (let utterance = 0; utterance < 10; utterance += 1) {
    for (const frame of encodeUtterance(`n${utterance}`, { ...CALLER, utterance })) reader.push(frame);
  }
  expect([reader.text(), reader.forgotten]).toEqual(['n7 n8 n9', 7]);
});

test('the voice is loud enough for an energy detector, frame by frame, and silence is not', () => {
  for (const speaker of ['caller', 'assistant', 'staff', 'line'] as const) {
    const sound = joinBytes(encodeUtterance('a sentence of some length to speak', { utterance: 1, speaker }));
    const windows = Array.from({ length: Math.floor(sound.length / 480) }, (_, at) =>
      energy(sound, at * 480, at * 480 + 480),
    );
    expect(Math.min(...windows)).toBeGreaterThan(0.01);
    expect(isSilence(sound)).toBe(false);
  }
  expect([energy(silence(20)), isSilence(silence(20)), energy(new Uint8Array(0))]).toEqual([0, true, 0]);
});

test('speech as a carrier stays audible under the bits, and the words are spread over its length', () => {
  const carrier = Uint8Array.from({ length: 8000 }, (_, at) => encodeSample(9000 * Math.sin(at / 9)));
  const frames = encodeUtterance('speech', { utterance: 2, speaker: 'assistant', carrier });
  const sound = joinBytes(frames);
  let noise = 0;
  let signal = 0;
  carrier.forEach((byte, at) => {
    noise += (MULAW_TO_PCM[byte]! - MULAW_TO_PCM[sound[at]!]!) ** 2;
    signal += MULAW_TO_PCM[byte]! ** 2;
  });
  expect([frames.length, read(sound).text()]).toEqual([50, 'speech']);
  expect(10 * Math.log10(signal / noise)).toBeGreaterThan(25);
});

test('the default rate is that of speech', () => {
  expect(encodeUtterance('x'.repeat(160), { utterance: 1, speaker: 'caller' }).length).toBe(500);
  expect(() => encodeUtterance('x', { ...CALLER, charsPerSecond: 0 })).toThrow(RangeError);
});

test('µ-law survives decode and encode, and WAV files of each kind come back', () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const back = Array.from(all, (byte) => MULAW_TO_PCM[encodeSample(MULAW_TO_PCM[byte]!)]!);
  expect(back).toEqual(Array.from(MULAW_TO_PCM));
  expect([MULAW_TO_PCM[0xff], MULAW_TO_PCM[0x7f], MULAW_TO_PCM[0], MULAW_TO_PCM[0x80]]).toEqual([0, 0, -32124, 32124]);
  const sound = joinBytes(encodeUtterance('kept', CALLER)).subarray(0, 159);
  expect(readWav(writeWav(sound, 'mulaw'))).toEqual(sound);
  const pcm = readWav(writeWav(sound, 'pcm16'));
  expect(Array.from(pcm, (byte) => MULAW_TO_PCM[byte])).toEqual(Array.from(sound, (byte) => MULAW_TO_PCM[byte]));
});

test('a WAV at another rate and in stereo is brought to the line; what is no WAV is refused', () => {
  const file = writeWav(new Uint8Array(2000).fill(encodeSample(8000)), 'pcm16');
  const view = new DataView(file.buffer);
  view.setUint16(22, 2, true);
  view.setUint32(24, 16_000, true);
  const line = readWav(file);
  expect([line.length, new Set(line)]).toEqual([500, new Set([encodeSample(8000)])]);
  expect(() => readWav(new Uint8Array(100))).toThrow('not a WAV file');
  view.setUint16(20, 3, true);
  expect(() => readWav(file)).toThrow('WAV format 3 of 16 bits is not read');
});

test('the codec names nothing that only Node has', () => {
  const folder = new URL('./', import.meta.url);
  const sources = readdirSync(folder).filter((name) => !name.endsWith('.test.ts'));
  expect(sources.length).toBeGreaterThan(4);
  for (const name of sources) {
    const source = readFileSync(new URL(name, folder), 'utf8');
    expect(
      source.match(/\b(Buffer|TextEncoder|TextDecoder|atob|btoa|URL|process|globalThis)\b|node:|from '[^.]/g),
    ).toBe(null);
  }
});
