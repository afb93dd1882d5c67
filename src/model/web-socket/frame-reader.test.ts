import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { FaultCode } from './faults.ts';
import { faults } from './faults.ts';
import { FrameReader, type FrameListener } from './frame-reader.ts';
import { closeFrame, frame, type FrameShape } from './raw-server.fixture.ts';
import { Receiver } from './receiver.fixture.ts';

const messageBytesMax = 1_000_000;

/** All that a reader tells, as text. */
function told(chunks: readonly Buffer[], bytesMax = messageBytesMax): string[] {
  const log: string[] = [];
  const listener: FrameListener = {
    onText: (bytes) => void log.push(`text ${bytes.toString()}`),
    onPing: (payload) => void log.push(`ping ${payload.toString('latin1')}`),
    onPong: () => void log.push('pong'),
    onCloseFrame: (code, reason) => void log.push(`close ${code} ${reason}`),
    onFault: (code) => void log.push(`fault ${code}`),
  };
  const reader = new FrameReader(listener, bytesMax);
  // One memory for all chunks, as a socket that reads has it.
  const shared = Buffer.alloc(Math.max(0, ...chunks.map(({ length }) => length)) + 3);
  for (const chunk of chunks) {
    shared.fill(0xee);
    shared.set(chunk, 3);
    reader.read(shared, 3, 3 + chunk.length);
  }
  return log;
}

/** Cut at every byte, in two at each place, and not at all: the answer has to be the same. */
function toldHowever(bytes: Buffer): string[] {
  const whole = told([bytes]);
  expect(told(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)))).toEqual(whole);
  for (let at = 1; at < bytes.length; at++)
    expect(told([bytes.subarray(0, at), Buffer.alloc(0), bytes.subarray(at)])).toEqual(whole);
  return whole;
}

const part = (text: string | Uint8Array, shape: FrameShape = {}): Buffer => frame(text, { fin: false, ...shape });
const more = (text: string | Uint8Array, shape: FrameShape = {}): Buffer => part(text, { opcode: 0, ...shape });
const last = (text: string | Uint8Array): Buffer => frame(text, { opcode: 0 });
const ping = (text: string): Buffer => frame(text, { opcode: 9 });
const pong = frame('', { opcode: 10 });
const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('messages', () => {
  test.each<[string, Buffer[], string[]]>([
    ['an empty one', [frame('')], ['text ']],
    ['one, then another', [frame('a'), frame('b')], ['text a', 'text b']],
    ['one in two fragments', [part('fra'), last('gment')], ['text fragment']],
    ['one in empty fragments', [part(''), more(''), last('')], ['text ']],
    ['one whose first fragment is empty', [part(''), last('all')], ['text all']],
    ['one whose last fragment is empty', [part('all'), last('')], ['text all']],
    ['one in many fragments', [part('a'), ...Array.from('bcdef', (c) => more(c)), last('g')], ['text abcdefg']],
    ['a ping', [ping('hi')], ['ping hi']],
    ['a ping without payload', [ping('')], ['ping ']],
    ['a ping of 125 bytes', [ping('p'.repeat(125))], [`ping ${'p'.repeat(125)}`]],
    ['a pong that nobody asked for', [frame('?', { opcode: 10 })], ['pong']],
    [
      'control frames between fragments',
      [part('a'), ping('1'), more('b'), pong, last('c')],
      ['ping 1', 'pong', 'text abc'],
    ],
    ['a close between fragments', [part('a'), closeFrame(1001), last('b')], ['close 1001 ']],
    ['a binary message, dropped', [frame('x', { opcode: 2 }), frame('y')], ['text y']],
    ['a fragmented binary message, dropped', [part('x', { opcode: 2 }), last('y'), frame('z')], ['text z']],
    ['binary bytes that are no UTF-8, dropped', [frame(bytes('ff'), { opcode: 2 }), frame('z')], ['text z']],
    [
      'a length in more bytes than it needs',
      [frame('a', { lengthBytes: 2 }), frame('b', { lengthBytes: 8 })],
      ['text a', 'text b'],
    ],
  ])('%s', (_name, frames, expected) => {
    expect(toldHowever(Buffer.concat(frames))).toEqual(expected);
  });

  test.each([125, 126, 127, 128, 65_535, 65_536, 65_537])('of %i bytes', (length) => {
    const text = 'm'.repeat(length);
    const two = Buffer.concat([frame(text), frame('n')]);
    const expected = [`text ${text}`, 'text n'];
    expect(told([two])).toEqual(expected);
    for (const at of [1, 2, 3, 4, 5, 9, 10, 11, length, length + 4, two.length - 1])
      expect(told([two.subarray(0, at), two.subarray(at)])).toEqual(expected);
    expect(told([part(text.slice(0, 50)), last(text.slice(50))])).toEqual([`text ${text}`]);
  });

  test('a thousand in one chunk', () => {
    const texts = Array.from({ length: 1000 }, (_, i) => `message ${i}`);
    expect(told([Buffer.concat(texts.map((text) => frame(text)))])).toEqual(texts.map((text) => `text ${text}`));
  });

  test('of a hundred thousand fragments is copied some times, not once for each', () => {
    const allocUnsafe = vi.spyOn(Buffer, 'allocUnsafe');
    onTestFinished(() => allocUnsafe.mockRestore());
    const fragments = Array.from({ length: 99_998 }, () => more('b'));
    expect(told([Buffer.concat([part('a'), ...fragments, last('c')])])).toEqual([`text a${'b'.repeat(99_998)}c`]);
    expect(allocUnsafe.mock.calls.length).toBeLessThan(40);
  });

  test('that lie in one chunk are not copied', () => {
    const chunk = Buffer.concat([frame('one'), frame('two')]);
    const seen: Buffer[] = [];
    const nothing = (): void => undefined;
    const listener = { onPing: nothing, onPong: nothing, onCloseFrame: nothing, onFault: nothing };
    new FrameReader({ ...listener, onText: (text) => void seen.push(text) }, 100).read(chunk, 0, chunk.length);
    expect(seen.map(({ buffer, byteOffset }) => [buffer === chunk.buffer, byteOffset - chunk.byteOffset])).toEqual([
      [true, 2],
      [true, 7],
    ]);
  });
});

describe('a server that breaks the protocol', () => {
  const text = frame('before');
  test.each<[string, Buffer, FaultCode]>([
    ['RSV1', frame('a', { rsv: 4 }), 'reserved_bits'],
    ['RSV2', frame('a', { rsv: 2 }), 'reserved_bits'],
    ['RSV3', frame('a', { rsv: 1 }), 'reserved_bits'],
    ['RSV1 of a ping', frame('', { rsv: 4, opcode: 9 }), 'reserved_bits'],
    ['RSV1 of a continuation', Buffer.concat([part('a'), frame('b', { rsv: 4, opcode: 0 })]), 'reserved_bits'],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): [string, Buffer, FaultCode] => [
      `opcode ${opcode}`,
      frame('a', { opcode }),
      'reserved_opcode',
    ]),
    ['a masked text', frame('a', { mask: bytes('01020304') }), 'masked'],
    ['a masked close', frame('', { opcode: 8, mask: bytes('00000000') }), 'masked'],
    ['a fragmented ping', frame('a', { opcode: 9, fin: false }), 'control_fragmented'],
    ['a fragmented close', frame('', { opcode: 8, fin: false }), 'control_fragmented'],
    ['a ping of 126 bytes', ping('p'.repeat(126)), 'control_too_long'],
    ['a pong of 65,536 bytes', frame('p'.repeat(65_536), { opcode: 10 }), 'control_too_long'],
    ['a close whose length takes 16 bits', frame('', { opcode: 8, lengthBytes: 2 }), 'control_too_long'],
    ['a continuation of nothing', last('a'), 'continuation_unexpected'],
    ['a continuation of nothing, unfinished', more('a'), 'continuation_unexpected'],
    [
      'a continuation of what was finished',
      Buffer.concat([part('a'), last('b'), last('c')]),
      'continuation_unexpected',
    ],
    ['a text within a text', Buffer.concat([part('a'), frame('b')]), 'message_unfinished'],
    ['a binary within a text', Buffer.concat([part('a'), frame('b', { opcode: 2 })]), 'message_unfinished'],
    ['a text within an empty unfinished text', Buffer.concat([part(''), frame('b')]), 'message_unfinished'],
    ['a length of 2⁶³', bytes('817f 8000000000000000'), 'length_malformed'],
    ['a length of 2⁶³ − 1', bytes('817f 7fffffffffffffff'), 'message_too_long'],
    ['half a code', frame('a', { opcode: 8 }), 'close_malformed'],
    ...[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map(
      (code): [string, Buffer, FaultCode] => [`a close with ${code}`, closeFrame(code), 'close_code_invalid'],
    ),
    ['a reason that is no UTF-8', closeFrame(1000, bytes('ceba e1bdb9 cf83 edad80')), 'close_reason_invalid'],
    ['a reason that ends within a character', closeFrame(1000, bytes('61 e298')), 'close_reason_invalid'],
  ])('%s', (_name, wrong, fault) => {
    const prior = told([Buffer.concat([text, wrong])]);
    expect(prior.filter((each) => !each.startsWith('text '))).toEqual([`fault ${fault}`]);
    // Nothing behind it is heard, and how it was cut changes nothing.
    const all = Buffer.concat([text, wrong, frame('after'), ping('after')]);
    expect(all.length < 1000 ? toldHowever(all) : told([all])).toEqual(prior);
    expect(prior[0]).toBe('text before');
  });

  test.each<[string, string]>([
    ['a lone continuation byte', '80'],
    ['an overlong slash', 'c0af'],
    ['an overlong slash of three bytes', 'e080af'],
    ['an overlong zero', 'c080'],
    ['a surrogate', 'eda080'],
    ['a pair of surrogates', 'eda080edb080'],
    ['beyond the last character', 'f4908080'],
    ['a byte that never occurs', 'fe'],
    ['a character cut short', 'e282'],
    ['a character cut short within', '61e28261'],
    ['after seven kilobytes of ASCII', `${'61'.repeat(7000)}ff`],
  ])('text that is no UTF-8: %s', (_name, hex) => {
    const wrong = bytes(hex);
    expect(told([frame(wrong)])).toEqual(['fault text_invalid']);
    const cut = Math.floor(wrong.length / 2);
    expect(told([part(wrong.subarray(0, cut)), ping(''), last(wrong.subarray(cut))])).toEqual([
      'ping ',
      'fault text_invalid',
    ]);
  });

  test('each fault has the code that the standard gives it', () => {
    expect(faults.reserved_bits.closeCode).toBe(1002);
    expect(faults.text_invalid.closeCode).toBe(1007);
    expect(faults.close_reason_invalid.closeCode).toBe(1007);
    expect(faults.message_too_long.closeCode).toBe(1009);
  });
});

test.each([0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x1_0000, 0x10_ffff])(
  'the character %i cut between fragments anywhere is one',
  (code) => {
    const character = String.fromCodePoint(code);
    const encoded = Buffer.from(`a${character}b`);
    for (let at = 0; at <= encoded.length; at++)
      expect(told([part(encoded.subarray(0, at)), ping(''), last(encoded.subarray(at))])).toEqual([
        'ping ',
        `text a${character}b`,
      ]);
  },
);

describe('the bound of a message', () => {
  test('is met exactly', () => {
    expect(told([frame('1234567890')], 10)).toEqual(['text 1234567890']);
    expect(told([part('12345'), last('67890')], 10)).toEqual(['text 1234567890']);
  });

  test('is judged by the head of the frame, before its bytes are kept', () => {
    expect(told([frame('12345678901').subarray(0, 2)], 10)).toEqual(['fault message_too_long']);
    expect(told([part('12345'), last('678901').subarray(0, 2)], 10)).toEqual(['fault message_too_long']);
    expect(told([frame('12345678901', { opcode: 2 })], 10)).toEqual(['fault message_too_long']);
  });

  test('does not hold for each message anew', () => {
    expect(told([frame('1234567890'), part('12345'), last('67890'), frame('1234567890')], 10)).toHaveLength(3);
  });
});

test.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])(
  'a close with %i and a reason',
  (code) => {
    expect(toldHowever(Buffer.concat([closeFrame(code, 'wörds'), frame('after')]))).toEqual([`close ${code} wörds`]);
  },
);

test('a close without a code is told as 1005', () => {
  expect(toldHowever(frame('', { opcode: 8 }))).toEqual(['close 1005 ']);
});

test('a listener that stops the reader hears nothing more', () => {
  const heard: string[] = [];
  const nothing = (): void => undefined;
  const reader: FrameReader = new FrameReader(
    {
      onText: (text) => {
        heard.push(text.toString());
        reader.stop();
      },
      onPing: nothing,
      onPong: nothing,
      onCloseFrame: nothing,
      onFault: nothing,
    },
    100,
  );
  const chunk = Buffer.concat([frame('a'), frame('b')]);
  reader.read(chunk, 0, chunk.length);
  reader.read(chunk, 0, chunk.length);
  expect(heard).toEqual(['a']);
});

/** The same by `ws`; its errors as the code that the server would be told. */
async function toldByWs(chunks: readonly Buffer[], bytesMax: number): Promise<string[]> {
  const receiver = new Receiver({ isServer: false, maxPayload: bytesMax });
  const log: string[] = [];
  receiver.on('message', (data, isBinary) => void (isBinary || log.push(`text ${data.toString()}`)));
  receiver.on('ping', (data) => void log.push(`ping ${data.toString('latin1')}`));
  receiver.on('pong', () => void log.push('pong'));
  receiver.on('conclude', (code, reason) => void log.push(`close ${code} ${reason.toString()}`));
  receiver.on('error', (error) => {
    const symbol = Object.getOwnPropertySymbols(error).find(({ description }) => description === 'status-code');
    log.push(`fault ${String(symbol && Reflect.get(error, symbol))}`);
  });
  for (const chunk of chunks)
    if (chunk.length > 0 && log.every((each) => !/^(close|fault) /.test(each))) receiver.write(Buffer.from(chunk));
  // It tells of errors a tick later.
  await new Promise(setImmediate);
  return log;
}

const closeCodeOf = (line: string): string =>
  line.startsWith('fault ') ? `fault ${faults[line.slice('fault '.length) as FaultCode].closeCode}` : line;

function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (whole.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...at].map((from, i) => whole.subarray(from, at[i]));
}

const runs = { numRuns: 400 };
const places = fc.array(fc.nat(200_000), { maxLength: 12 });

test('any messages, fragmented and cut anyhow, are what ws makes of them', async () => {
  const text = fc.oneof(
    { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
    { weight: 1, arbitrary: fc.constantFrom(125, 126, 127, 65_535, 65_536).map((length) => 'é'.repeat(length >> 1)) },
  );
  const fragmented = fc.tuple(text, fc.array(fc.nat(200_000), { maxLength: 4 }), fc.boolean());
  await fc.assert(
    fc.asyncProperty(fc.array(fragmented, { maxLength: 6 }), places, async (messages, cuts) => {
      const frames = messages.flatMap(([message, at, pinged]) => {
        const fragments = cut(Buffer.from(message), at);
        return fragments.flatMap((fragment, i) => [
          frame(fragment, { opcode: i === 0 ? 1 : 0, fin: i === fragments.length - 1 }),
          ...(pinged ? [ping(String(i)), pong] : []),
        ]);
      });
      const chunks = cut(Buffer.concat(frames), cuts);
      expect(told(chunks)).toEqual(await toldByWs(chunks, messageBytesMax));
      expect(told(chunks).filter((each) => each.startsWith('text '))).toEqual(
        messages.map(([message]) => `text ${message}`),
      );
    }),
    runs,
  );
});

test('any frames, right or wrong, are what ws makes of them', async () => {
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.string({ maxLength: 12 }).map((word) => new Uint8Array(Buffer.from(word))),
    fc
      .constantFrom(1000, 1001, 1004, 1005, 2999, 3000, 4999, 5000)
      .map((code) => new Uint8Array([code >> 8, code & 255, 97])),
    fc.nat(200).map((length) => new Uint8Array(length).fill(97)),
  );
  const shape = fc.record({
    payload,
    fin: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 2, arbitrary: fc.constant(false) }),
    rsv: fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(7) }),
    opcode: fc.oneof(
      { weight: 10, arbitrary: fc.constantFrom(0, 1, 1, 2, 9, 10) },
      { weight: 2, arbitrary: fc.nat(15) },
    ),
    isMasked: fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(shape, { maxLength: 12 }), places, async (shapes, cuts) => {
      const frames = shapes.map(({ payload: body, isMasked, ...rest }) =>
        frame(body, { ...rest, ...(isMasked ? { mask: bytes('a1b2c3d4') } : {}) }),
      );
      const chunks = cut(Buffer.concat(frames), cuts);
      expect(told(chunks, 150).map(closeCodeOf)).toEqual(await toldByWs(chunks, 150));
    }),
    { numRuns: 2000 },
  );
});

test('any bytes at all end in messages or one fault, never in a throw', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }), (chunks) => {
      const log = told(chunks.map((chunk) => Buffer.from(chunk)));
      expect(log.filter((each) => /^(fault|close) /.test(each)).length).toBeLessThanOrEqual(1);
    }),
    { numRuns: 2000 },
  );
});
