import { beforeEach, expect, test } from 'vitest';
import type { CallEvent } from '../../machines/call-events.ts';
import { keptSpans } from '../telemetry/spans.fixture.ts';
import { streamSpanId, traceOf } from '../telemetry/trace-ids.ts';
import { CallTrace } from './call-trace.ts';
import type { TurnTimes } from './stream-port.ts';

const callSid = 'CA1';
const streamId = streamSpanId(callSid, 'MZ1');
const times: TurnTimes = { silenceMs: 1_300, vadMs: 500, modelMs: 700, bridgeMs: 2, playoutMs: 98 };

let kept: ReturnType<typeof keptSpans>;
let trace: CallTrace;

beforeEach(() => {
  kept = keptSpans();
  const root = { ...traceOf(callSid), callSid };
  trace = new CallTrace(kept, root, (name) => (name === 'get_menu' ? name : 'unknown'));
  hear({ type: 'carrier.streamStarted', at: 1_000, streamSid: 'MZ1', node: 'n1' });
});

function hear(...facts: CallEvent[]): void {
  for (const fact of facts) trace.hear(fact);
}

const speech = (at: number, itemId = 'u1'): CallEvent[] => [
  { type: 'caller.speechStarted', at, itemId },
  { type: 'caller.speechStopped', at: at + 1_500, itemId },
];

test('a turn is told when its answer was heard, with what its silence was made of', () => {
  hear(...speech(2_000));
  trace.answered(times, 4_300);
  hear({ type: 'caller.said', at: 3_600, itemId: 'u1', text: 'the menu please', after: null });
  expect(kept.spans).toEqual([]);
  hear({ type: 'assistant.fellSilent', at: 6_000 });
  const [turn, ...parts] = kept.spans;
  expect(turn).toMatchObject({
    name: 'turn',
    parentId: streamId,
    startMs: 2_000,
    endMs: 6_000,
    attributes: {
      'aida.turn': 1,
      'aida.silence_ms': 1_300,
      'aida.model_ms': 700,
      'aida.answered_by': 'model',
      'aida.slow_turn': false,
      'aida.interrupted': false,
    },
  });
  expect(parts.map(({ name, parentId, startMs, endMs }) => [name, parentId, startMs, endMs])).toEqual([
    ['turn.vad', turn?.place.spanId, 3_000, 3_500],
    ['turn.model', turn?.place.spanId, 3_500, 4_200],
    ['turn.bridge', turn?.place.spanId, 4_200, 4_202],
    ['turn.playout', turn?.place.spanId, 4_202, 4_300],
  ]);
  expect(JSON.stringify(kept.spans)).not.toContain('menu please');
});

test('a caller who pauses before the answer has one turn; one who interrupts it begins another', () => {
  hear(...speech(2_000), ...speech(4_000, 'u2'));
  trace.answered({ ...times, silenceMs: 2_500 }, 8_000);
  hear(...speech(9_000, 'u3'));
  expect(kept.named('turn')).toMatchObject([
    { startMs: 2_000, endMs: 9_000, attributes: { 'aida.interrupted': true, 'aida.slow_turn': true } },
  ]);
});

test('tools belong to their turn, and wait for it; what the model makes up is no name', () => {
  const asked = (toolCallId: string, name: string, at: number): CallEvent[] => [
    { type: 'tool.asked', at, toolCallId, responseId: 'r', name, arguments: '{"secret":1}' },
    { type: 'tool.answered', at: at + 40, toolCallId, result: 'late', output: 'x', durationMs: 40, leave: null },
  ];
  hear(...speech(2_000), ...asked('t1', 'get_menu', 3_600), ...asked('t2', '+15551234567', 3_700));
  expect(kept.spans).toEqual([]);
  trace.answered(times, 4_300);
  hear({ type: 'assistant.fellSilent', at: 6_000 });
  const [turn] = kept.named('turn');
  expect(turn?.attributes['aida.tools']).toBe(2);
  expect(kept.named('tool get_menu')).toMatchObject([
    {
      parentId: turn?.place.spanId,
      startMs: 3_600,
      endMs: 3_640,
      error: 'tool_late',
      attributes: { 'aida.result': 'late' },
    },
  ]);
  expect(kept.named('tool unknown')).toHaveLength(1);
  expect(JSON.stringify(kept.spans)).not.toMatch(/5551234567|secret/);
});

test('silence while a tool runs does not end a turn, the stream does', () => {
  hear(...speech(2_000), {
    type: 'tool.asked',
    at: 3_600,
    toolCallId: 't',
    responseId: 'r',
    name: 'get_menu',
    arguments: '',
  });
  trace.answered({ ...times, modelMs: null }, 4_300);
  hear({ type: 'assistant.fellSilent', at: 5_000 });
  expect(kept.spans).toEqual([]);
  hear({ type: 'carrier.streamStopped', at: 7_000, streamSid: 'MZ1', reason: 'closed' });
  trace.close(7_001);
  expect(kept.named('turn')).toMatchObject([{ endMs: 7_000, attributes: { 'aida.answered_by': 'line' } }]);
});

test('a noise is a turn that nothing answers', () => {
  hear(
    ...speech(2_000),
    { type: 'caller.said', at: 3_700, itemId: 'u1', text: '', after: null },
    { type: 'assistant.fellSilent', at: 5_000 },
  );
  const [turn] = kept.named('turn');
  expect(turn).toMatchObject({ endMs: 5_000 });
  expect(turn?.attributes['aida.silence_ms']).toBeUndefined();
  expect(kept.spans).toHaveLength(1);
});

test('the first word, and a model session that took two tries', () => {
  trace.spoke(120);
  hear(
    { type: 'model.lost', at: 1_500, code: 'unreachable', fatal: false },
    { type: 'model.ready', at: 2_300, sessionId: 's', model: 'm', rotateMs: 1 },
  );
  expect(kept.named('first word')).toMatchObject([{ parentId: streamId, startMs: 1_000, endMs: 1_120 }]);
  expect(kept.named('model session')).toMatchObject([
    { startMs: 1_000, endMs: 2_300, attributes: { 'aida.attempts': 2, 'aida.model': 'm' } },
  ]);
});

test('a session lost in a turn is its error', () => {
  hear(...speech(2_000), { type: 'model.lost', at: 3_700, code: 'half_open', fatal: false });
  hear({ type: 'carrier.streamStopped', at: 5_000, streamSid: 'MZ1', reason: 'closed' });
  expect(kept.named('turn')).toMatchObject([{ error: 'half_open' }]);
});
