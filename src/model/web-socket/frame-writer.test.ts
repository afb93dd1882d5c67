import fc from 'fast-check';
import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { closePayload, frameWriter } from './frame-writer.ts';
import { Receiver } from './receiver.fixture.ts';

/** A socket that takes at once, or keeps what it was given until it is let go. */
class Sink extends Writable {
  readonly chunks: Buffer[] = [];
  #waiting: (() => void)[] = [];
  #holds: boolean;

  constructor(holds = false) {
    super({ decodeStrings: false });
    this.#holds = holds;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const take = (): void => {
      this.chunks.push(Buffer.from(chunk));
      done();
    };
    if (this.#holds) this.#waiting.push(take);
    else take();
  }

  async release(): Promise<void> {
    this.#holds = false;
    while (this.#waiting.length > 0) {
      for (const take of this.#waiting.splice(0)) take();
      await new Promise(setImmediate);
    }
  }
}

/** What a server makes of it. */
function heard(chunks: readonly Buffer[]): string[] {
  const receiver = new Receiver({ isServer: true });
  const told: string[] = [];
  receiver.on('message', (data, isBinary) => told.push(`${isBinary ? 'binary' : 'text'} ${data.toString()}`));
  receiver.on('ping', (data) => told.push(`ping ${data.toString()}`));
  receiver.on('pong', (data) => told.push(`pong ${data.toString()}`));
  receiver.on('conclude', (code, reason) => told.push(`close ${code} ${reason.toString()}`));
  receiver.on('error', (error) => told.push(`error ${error.message}`));
  for (const chunk of chunks) receiver.write(Buffer.from(chunk));
  return told;
}

const lengths = [0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537, 300_000];

describe('a frame', () => {
  test.each(lengths)('of %i bytes is one write, masked, and read by a server as it was', (length) => {
    const sink = new Sink();
    const text = Array.from({ length }, (_, i) => String.fromCharCode(32 + (i % 90))).join('');
    frameWriter.text(sink, text);
    frameWriter.ascii(sink, new TextEncoder().encode(`<<${text}>>>`), 2, length + 2);
    expect(sink.chunks).toHaveLength(2);
    expect(sink.chunks.map((chunk) => (chunk[1] ?? 0) & 0x80)).toEqual([0x80, 0x80]);
    expect(heard(sink.chunks)).toEqual([`text ${text}`, `text ${text}`]);
  });

  test('is read as it was wherever its bytes stand', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(7), fc.nat(7), fc.nat(7), (length, offset, before, behind) => {
        const sink = new Sink();
        const text = Array.from({ length }, (_, i) => String.fromCharCode(32 + ((i * 7 + offset) % 90))).join('');
        const bytes = new Uint8Array(new ArrayBuffer(offset + before + length + behind), offset);
        bytes.set(new TextEncoder().encode('<'.repeat(before) + text + '>'.repeat(behind)));
        frameWriter.ascii(sink, bytes, before, before + length);
        frameWriter.text(sink, 'between');
        frameWriter.ascii(sink, bytes, before, before + length);
        expect(heard(sink.chunks)).toEqual([`text ${text}`, 'text between', `text ${text}`]);
      }),
    );
  });

  test('takes the fewest bytes for its length', () => {
    const head = (length: number): number => {
      const sink = new Sink();
      frameWriter.text(sink, 'a'.repeat(length));
      return (sink.chunks[0]?.length ?? 0) - length;
    };
    expect([0, 125, 126, 65_535, 65_536].map(head)).toEqual([6, 6, 8, 8, 14]);
  });

  test('has a mask that is not the one before', () => {
    const sink = new Sink();
    for (let i = 0; i < 5000; i++) frameWriter.text(sink, '');
    const masks = new Set(sink.chunks.map((chunk) => chunk.readUInt32LE(2)));
    // 5,000 of 2³² are all different but for three runs in a thousand; a pair that meets is no fault.
    expect(masks.size).toBeGreaterThan(4990);
  });

  test('of words beyond ASCII is counted in bytes; half a surrogate becomes the replacement character', () => {
    const sink = new Sink();
    frameWriter.text(sink, 'grüß dich ☎ 📞 \ud83d');
    expect(heard(sink.chunks)).toEqual(['text grüß dich ☎ 📞 \ufffd']);
  });

  test('of control has its payload', () => {
    const sink = new Sink();
    frameWriter.control(sink, 9, Buffer.from('are you there?'));
    frameWriter.control(sink, 10, Buffer.alloc(125, 'x'));
    frameWriter.control(sink, 8, closePayload(1000, 'bye'));
    expect(heard(sink.chunks)).toEqual(['ping are you there?', `pong ${'x'.repeat(125)}`, 'close 1000 bye']);
  });
});

describe('the reason of a close', () => {
  test('is cut to whole characters', () => {
    expect(closePayload(1000, '☎'.repeat(100)).toString('utf8', 2)).toBe('☎'.repeat(41));
    expect(closePayload(1000, 'a'.repeat(200))).toHaveLength(125);
  });

  test('is not there without a code', () => {
    expect(closePayload(1005, '')).toHaveLength(0);
  });
});

test('what waits in one socket is not overwritten by what others send', async () => {
  const sinks = [new Sink(true), new Sink(), new Sink(true)];
  const sent: string[][] = [[], [], []];
  // Longer than the shared memory all together.
  for (let i = 0; i < 600; i++) {
    const nth = i % 3;
    const text = `${i} `.repeat(1 + ((i * 7) % 90));
    frameWriter.text(sinks[nth] as Sink, text);
    sent[nth]?.push(`text ${text}`);
  }
  for (const sink of sinks) await sink.release();
  expect(sinks.map((sink) => heard(sink.chunks))).toEqual(sent);
});

test('the bytes that were sent may be overwritten at once', async () => {
  const sink = new Sink(true);
  const scratch = new Uint8Array(300);
  for (const byte of [97, 98, 99]) {
    scratch.fill(byte);
    frameWriter.ascii(sink, scratch, 0, scratch.length);
  }
  await sink.release();
  expect(heard(sink.chunks)).toEqual(['a', 'b', 'c'].map((letter) => `text ${letter.repeat(300)}`));
});

test('whatever is sent through sockets that take or keep it, arrives', async () => {
  const message = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.integer({ min: 0, max: 70_000 }).map((length) => 'y'.repeat(length)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
      fc.array(fc.tuple(message, fc.nat(), fc.nat(3)), { maxLength: 30 }),
      async (holds, messages) => {
        const sinks = holds.map((hold) => new Sink(hold));
        const sent: string[][] = holds.map(() => []);
        for (const [text, pick, offset] of messages) {
          const nth = pick % sinks.length;
          const ascii = Buffer.from(`${' '.repeat(offset)}${text}`);
          // Even where it is UTF-8: bytes are bytes.
          frameWriter.ascii(sinks[nth] as Sink, ascii, offset, ascii.length);
          sent[nth]?.push(`text ${ascii.toString('utf8', offset)}`);
        }
        for (const sink of sinks) await sink.release();
        expect(sinks.map((sink) => heard(sink.chunks))).toEqual(sent);
      },
    ),
    { numRuns: 100 },
  );
});
