import fc from 'fast-check';
import { expect, test } from 'vitest';
import { appendOf } from '../model/append.ts';
import { emptyFrame, parseMessage, type MediaFrame } from './frame.ts';
import { FrameSlicer } from './frame-slicer.ts';

const sid = `MZ${'0'.repeat(32)}`;
const slicer = new FrameSlicer(sid);
const payload = Buffer.alloc(160, 0x7e).toString('base64');

/** What a frame says, in copies. */
function told({ event, from, to, audio, timestampMs }: MediaFrame): object {
  return { event: Buffer.from(event).toString('latin1', from, to), audio: Buffer.from(audio), timestampMs };
}

const media = { track: 'inbound', chunk: '1', timestamp: '5', payload };
const early = { event: 'media', sequenceNumber: '2', streamSid: sid, media };
const late = { event: 'media', sequenceNumber: '2', media, streamSid: sid };

function parse(message: unknown, streamSid: string | null = sid): unknown {
  return parseMessage(
    Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)),
    streamSid,
    emptyFrame(),
  );
}

test('a frame is cut out of both layouts', () => {
  for (const message of [early, late]) {
    const into = emptyFrame();
    expect(slicer.slice(Buffer.from(JSON.stringify(message)), into)).toBe(true);
    expect(told(into)).toEqual({ event: appendOf(payload), audio: Buffer.alloc(160, 0x7e), timestampMs: 5 });
  }
});

test('the full parser reads the other messages', () => {
  expect(parse({ event: 'connected', protocol: 'Call', version: '1.0.0' }, null)).toEqual({ event: 'connected' });
  const start = {
    accountSid: 'AC0',
    streamSid: sid,
    callSid: 'CA0',
    tracks: ['inbound'],
    mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
    customParameters: { token: 'b6c1' },
  };
  expect(parse({ event: 'start', sequenceNumber: '1', streamSid: sid, start }, null)).toEqual({
    event: 'start',
    start: { streamSid: sid, accountSid: 'AC0', callSid: 'CA0', token: 'b6c1', formatFits: true },
  });
  expect(parse({ event: 'mark', streamSid: sid, mark: { name: 'g1:1:600' } })).toEqual({
    event: 'mark',
    name: 'g1:1:600',
  });
  expect(parse({ event: 'dtmf', streamSid: sid, dtmf: { track: 'inbound_track', digit: '5' } })).toEqual({
    event: 'dtmf',
    digit: '5',
  });
  expect(parse({ event: 'stop', streamSid: sid, stop: {} })).toEqual({ event: 'stop' });
});

test('what is wrong has a name', () => {
  const wrong: [unknown, string][] = [
    ['{', 'not_json'],
    ['[]', 'unknown_event'],
    ['null', 'unknown_event'],
    [{ event: 'ping' }, 'unknown_event'],
    [{ ...early, streamSid: 'MZ1' }, 'stream_sid'],
    [{ ...early, media: { ...media, track: 'outbound' } }, 'track'],
    [{ ...early, media: { ...media, timestamp: '-5' } }, 'timestamp'],
    [{ ...early, media: { ...media, timestamp: 5 } }, 'timestamp'],
    [{ ...early, media: { ...media, payload: 'a b=' } }, 'payload'],
    [{ ...early, media: { ...media, payload: 'AAA' } }, 'payload'],
    [{ ...early, media: { ...media, payload: '' } }, 'payload'],
    [{ ...early, media: { ...media, payload: 'AAA\u0141' } }, 'payload'],
    [{ ...early, media: null }, 'track'],
    [{ event: 'mark', streamSid: sid }, 'shape'],
    [{ event: 'dtmf', streamSid: sid, dtmf: { digit: '55' } }, 'shape'],
    [{ event: 'start', start: { streamSid: sid } }, 'shape'],
  ];
  expect(wrong.map(([message]) => parse(message))).toEqual(wrong.map(([, reason]) => ({ event: 'bad', reason })));
  expect(parse(early, null)).toEqual({ event: 'bad', reason: 'order' });
});

const nearby = fc
  .tuple(
    fc.boolean(),
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('base64')),
      },
      fc.string({ maxLength: 9 }),
    ),
    fc.oneof({ weight: 3, arbitrary: fc.nat().map(String) }, fc.string({ maxLength: 14 })),
    fc.oneof({ weight: 5, arbitrary: fc.constant(sid) }, fc.string({ maxLength: 3 })),
    fc.array(fc.tuple(fc.nat(260), fc.nat(255)), { maxLength: 2 }),
  )
  .map(([isEarly, audio, timestamp, streamSid, changes]) => {
    const base = isEarly ? early : late;
    const message = Buffer.from(JSON.stringify({ ...base, streamSid, media: { ...media, timestamp, payload: audio } }));
    for (const [at, value] of changes) if (at < message.length) message[at] = value;
    return message;
  });

test('what is sliced the parser reads the same', () => {
  let sliced = 0;
  fc.assert(
    fc.property(nearby, (message) => {
      const cut = emptyFrame();
      if (!slicer.slice(message, cut)) return;
      sliced++;
      const parsed = emptyFrame();
      expect(parseMessage(message, sid, parsed)).toEqual({ event: 'media' });
      expect(told(cut)).toEqual(told(parsed));
    }),
    { numRuns: 20_000 },
  );
  expect(sliced).toBeGreaterThan(2000);
});
