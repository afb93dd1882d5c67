import { expect, test } from 'vitest';
import type { CallEvent } from '../../machines/call-events.ts';
import { streamSpanId, traceOf } from '../telemetry/trace-ids.ts';
import type { SpanRecord } from '../telemetry/tracing.ts';
import { storyOf } from './call-story.ts';

const callSid = 'CA1';
const root = { ...traceOf(callSid), callSid };

/** Facts under epochs: a claim makes another one. */
function tell(...facts: CallEvent[]): SpanRecord[] {
  let epoch = 1;
  const journaled = facts.map((fact, index) => {
    if (fact.type === 'carrier.nextAsked' || fact.type === 'carrier.streamStarted') epoch += 1;
    return { epoch, seq: index + 1, fact };
  });
  return storyOf(root, journaled, 'Mangy Dog Coffee');
}

const arrived: CallEvent = { type: 'carrier.arrived', at: 1_000, from: '+15551230001', to: '+15550002222', node: 'n1' };
const started = (at: number, streamSid: string, node: string): CallEvent => ({
  type: 'carrier.streamStarted',
  at,
  streamSid,
  node,
});
const stopped = (at: number, streamSid: string, reason: 'left' | 'closed'): CallEvent => ({
  type: 'carrier.streamStopped',
  at,
  streamSid,
  reason,
});
const next = (at: number, kind: 'transfer' | 'handover' | null): CallEvent => ({
  type: 'carrier.nextAsked',
  at,
  intent: kind && { kind, reason: 'a reason of the caller' },
  breaks: kind ? 0 : 1,
});
const ended = (at: number): CallEvent => ({
  type: 'carrier.statusReported',
  at,
  status: 'completed',
  durationS: 9,
  sequence: 3,
});
const said: CallEvent = { type: 'caller.said', at: 2_500, itemId: 'u1', text: 'hello there', after: null };

const named = (spans: SpanRecord[], name: string) => spans.filter((span) => span.name === name);
const place = (streamSid: string) => ({ ...root, spanId: streamSpanId(callSid, streamSid) });

test('a call with one stream: root and stream, nothing of what was said', () => {
  const spans = tell(arrived, started(1_200, 'MZ1', 'n1'), said, stopped(9_000, 'MZ1', 'left'), ended(9_500));
  expect(spans).toEqual([
    {
      name: 'call',
      place: root,
      parentId: null,
      startMs: 1_000,
      endMs: 9_500,
      error: null,
      attributes: expect.objectContaining({
        'aida.store': 'Mangy Dog Coffee',
        'aida.result': 'completed',
        'aida.takeover': false,
        'aida.streams': 1,
        'aida.turns': 1,
      }),
    },
    {
      name: 'stream',
      place: place('MZ1'),
      parentId: root.spanId,
      startMs: 1_200,
      endMs: 9_000,
      error: null,
      attributes: { 'aida.stream_sid': 'MZ1', 'aida.node': 'n1', 'aida.epoch': 2, 'aida.result': 'left' },
    },
  ]);
  expect(JSON.stringify(spans)).not.toMatch(/hello|1555/);
});

test('a stream whose owner was lost is told of all the same, and the takeover goes on from it', () => {
  const spans = tell(
    arrived,
    started(1_200, 'MZ1', 'n1'),
    said,
    next(4_000, null),
    started(4_700, 'MZ2', 'n2'),
    stopped(9_000, 'MZ2', 'left'),
    ended(9_500),
  );
  expect(named(spans, 'stream')).toMatchObject([
    { place: place('MZ1'), endMs: 2_500, error: 'stream_lost', attributes: { 'aida.result': 'lost' } },
    { place: place('MZ2'), error: null },
  ]);
  expect(named(spans, 'takeover')).toMatchObject([
    {
      parentId: root.spanId,
      startMs: 2_500,
      endMs: 4_700,
      links: [place('MZ1')],
      attributes: { 'aida.node.before': 'n1', 'aida.node': 'n2', 'aida.result': 'resumed' },
    },
  ]);
  expect(named(spans, 'call')).toMatchObject([
    { error: null, attributes: { 'aida.takeover': true, 'aida.takeovers': 1 } },
  ]);
});

test('a stream that broke and that nobody took up: the call was cut', () => {
  const spans = tell(
    arrived,
    started(1_200, 'MZ1', 'n1'),
    stopped(4_000, 'MZ1', 'closed'),
    next(4_100, null),
    next(5_000, null),
    ended(9_500),
  );
  expect(named(spans, 'takeover')).toMatchObject([
    { startMs: 4_000, endMs: 9_500, attributes: { 'aida.result': 'not resumed' } },
  ]);
  expect(named(spans, 'stream')).toMatchObject([{ error: 'stream_closed' }]);
  expect(named(spans, 'call')).toMatchObject([{ error: 'cut' }]);
});

test('a call that was handed over has no error', () => {
  const spans = tell(
    arrived,
    started(1_200, 'MZ1', 'n1'),
    stopped(4_000, 'MZ1', 'left'),
    next(4_100, 'handover'),
    started(4_400, 'MZ2', 'n2'),
    stopped(9_000, 'MZ2', 'left'),
    ended(9_500),
  );
  expect(named(spans, 'handover')).toMatchObject([{ startMs: 4_000, endMs: 4_400, links: [place('MZ1')] }]);
  expect(spans.filter(({ error }) => error)).toEqual([]);
  expect(named(spans, 'call')).toMatchObject([{ attributes: { 'aida.takeover': false, 'aida.streams': 2 } }]);
});

test('what a call does without a stream: it is with the staff', () => {
  const dialed: CallEvent = { type: 'carrier.dialEnded', at: 30_000, result: 'completed', durationS: 25 };
  const spans = tell(
    arrived,
    started(1_200, 'MZ1', 'n1'),
    stopped(4_000, 'MZ1', 'left'),
    next(4_100, 'transfer'),
    dialed,
    ended(31_000),
  );
  expect(named(spans, 'transfer')).toMatchObject([
    { parentId: root.spanId, startMs: 4_100, endMs: 30_000, attributes: { 'aida.result': 'completed' } },
  ]);
  expect(JSON.stringify(spans)).not.toContain('a reason of');
});

test('a caller who waits, and gives up', () => {
  const waiting: CallEvent = { ...arrived, queued: true };
  const left: CallEvent = { type: 'carrier.waitEnded', at: 8_000, how: 'goodbye', waitedMs: 7_000 };
  const spans = tell(waiting, left, ended(9_000));
  expect(named(spans, 'waiting room')).toMatchObject([
    { startMs: 1_000, endMs: 8_000, attributes: { 'aida.result': 'goodbye' } },
  ]);
  expect(named(spans, 'call')).toMatchObject([{ attributes: { 'aida.streams': 0 } }]);
});

test('what is told after the end changes nothing, and an unknown fact neither', () => {
  const odd = { type: 'carrier.sang', at: 1_100 } as unknown as CallEvent;
  const spans = tell(
    arrived,
    odd,
    started(1_200, 'MZ1', 'n1'),
    stopped(4_000, 'MZ1', 'closed'),
    ended(4_100),
    next(99_000, null),
  );
  expect(named(spans, 'call')).toMatchObject([{ endMs: 4_100, error: null }]);
  expect(named(spans, 'takeover')).toEqual([]);
});
