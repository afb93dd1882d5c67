import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../../telemetry/otlp-receiver.fixture.ts';
import { slowTurnMs } from '../../telemetry/span-names.ts';
import { traceOf } from '../../telemetry/trace-ids.ts';
import { accountOf, readAccount } from '../account.ts';
import type { SimCall } from '../twilio/index.ts';
import { Caller } from './caller.fixture.ts';
import { eventually, startWorld, type World } from './world.fixture.ts';

const GREETING = 'How can I help you today?';
const QUESTION = 'What are your hours on Tuesday?';
const SLOW_MS = 2_600;
const NUMBERS = ['+12075557701', '+12075557702', '+12075557703'];

let collector: OtlpReceiver;
let world: World;

beforeAll(async () => {
  collector = await startOtlpReceiver();
  world = await startWorld({
    nodes: 2,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, LOG_LEVEL: 'debug' },
    model: {
      script: (turn) =>
        turn.kind === 'caller' && /think about it/i.test(turn.heard)
          ? [{ say: 'I have thought about it for a good while.', afterMs: SLOW_MS }]
          : null,
    },
  });
});

afterAll(async () => {
  await world.stop();
  await collector.close();
  expect(world.complaints()).toEqual([]);
  expect(collector.complaints).toEqual([]);
});

const indexOf = ({ streams }: SimCall): number =>
  Number(/node-(\d)\./.exec(streams.at(-1)?.options.url ?? '')?.[1]) - 1;

/** All spans of a call that is over. */
async function traceOfCall(call: SimCall): Promise<ReceivedSpan[]> {
  await accountOf(world, call);
  const { traceId } = traceOf(call.sid);
  // The last webhook's span is sent a moment after the root's.
  await eventually(
    () => collector.of(traceId),
    (spans) => spans.some(({ name }) => name === 'call') && spans.some(({ name }) => name === 'POST /voice/status'),
  );
  return eventually(
    () => collector.of(traceId),
    () => collector.faultsOf(traceId).length === 0,
    5_000,
  );
}

const names = (spans: ReceivedSpan[]): string[] => spans.map(({ name }) => name);
const only = (spans: ReceivedSpan[], name: string): ReceivedSpan[] => spans.filter((span) => span.name === name);

test('a whole call is one tree: from its webhook through placement, stream, turns and a tool to its end', async () => {
  const caller = new Caller(world, NUMBERS[0] ?? '');
  await caller.hear(GREETING);
  await caller.say(QUESTION);
  await caller.hear('07:00 - 18:00');
  await caller.say('That is all. Goodbye!');
  await caller.hungUpOn();
  const spans = await traceOfCall(caller.call);
  const { traceId, spanId } = traceOf(caller.call.sid);
  expect(collector.faultsOf(traceId)).toEqual([]);
  const [root] = only(spans, 'call');
  expect(root).toMatchObject({
    spanId,
    status: 0,
    attributes: {
      'aida.call_sid': caller.call.sid,
      'aida.store': 'Mangy Dog Coffee',
      'aida.outcome': 'answered',
      'aida.takeover': false,
      'aida.streams': 1,
      'aida.turns': 2,
    },
  });
  const [stream] = only(spans, 'stream');
  expect(stream).toMatchObject({ parentSpanId: spanId, attributes: { 'aida.result': 'left' } });
  const [voice] = only(spans, 'POST /voice');
  expect(voice).toMatchObject({ parentSpanId: spanId, kind: 2, attributes: { 'http.response.status_code': 200 } });
  const places = only(spans, 'placement').filter(({ parentSpanId }) => parentSpanId === voice?.spanId);
  expect(places).toMatchObject([{ attributes: { 'aida.result': 'placed' } }]);
  for (const name of ['first word', 'model session'])
    expect(only(spans, name)).toMatchObject([{ parentSpanId: stream?.spanId }]);
  const [turn] = only(spans, 'turn').toSorted((a, b) => a.startMs - b.startMs);
  expect(turn).toMatchObject({ parentSpanId: stream?.spanId, attributes: { 'aida.turn': 1, 'aida.tools': 1 } });
  expect(only(spans, 'tool get_store_hours')).toMatchObject([
    { parentSpanId: turn?.spanId, attributes: { 'aida.result': 'ok', 'aida.tool': 'get_store_hours' } },
  ]);
  const parts = spans.filter(({ parentSpanId, name }) => parentSpanId === turn?.spanId && name.startsWith('turn.'));
  expect(names(parts)).toEqual(expect.arrayContaining(['turn.vad', 'turn.model', 'turn.playout']));
  const sum = parts.reduce((ms, part) => ms + part.endMs - part.startMs, 0);
  expect(Math.abs(sum - Number(turn?.attributes['aida.silence_ms']))).toBeLessThan(5);
  expect(only(spans, 'POST /voice/next')).toHaveLength(1);
  const written = JSON.stringify(spans);
  for (const secret of ['Tuesday', '07:00', ...NUMBERS]) expect(written).not.toContain(secret);
});

test('from a slow turn in a bucket to its trace, to the journal of its call and to its lines in the log', async () => {
  const caller = new Caller(world, NUMBERS[1] ?? '');
  await caller.hear(GREETING);
  await caller.say('Please think about it.');
  await caller.hear('a good while');
  const index = indexOf(caller.call);
  await caller.hangUp();
  await traceOfCall(caller.call);
  const response = await fetch(`http://127.0.0.1:${world.nodes[index]?.opsPort}/metrics`, {
    headers: { accept: 'application/openmetrics-text; version=1.0.0' },
  });
  const slow = (await response.text())
    .split('\n')
    .map((line) => /^aida_silence_seconds_bucket\{le="([^"]+)"\} \d+ # \{trace_id="([0-9a-f]{32})"\} (\S+)/.exec(line))
    .filter((found) => found !== null && Number(found[3]) * 1_000 > slowTurnMs);
  expect(slow).toHaveLength(1);
  const traceId = slow[0]?.[2] ?? '';
  const [turn] = collector.of(traceId).filter(({ attributes }) => attributes['aida.slow_turn'] === true);
  expect(turn?.name).toBe('turn');
  expect(Number(turn?.attributes['aida.silence_ms']) / 1_000).toBeCloseTo(Number(slow[0]?.[3]), 2);
  const callSid = String(turn?.attributes['aida.call_sid']);
  expect(callSid).toBe(caller.call.sid);
  const account = await readAccount(world, { sid: callSid } as SimCall);
  expect(account.of('caller.said').map(({ text }) => text)).toEqual(['Please think about it.']);
  const lines = world.lines.flatMap((line) =>
    line.includes(callSid) ? [JSON.parse(line) as Record<string, unknown>] : [],
  );
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.filter((line) => line['traceId'] !== traceId || line['callSid'] !== callSid)).toEqual([]);
});

test('a killed owner leaves a tree all the same: its stream is told of by others, and what follows is linked to it', async () => {
  const caller = new Caller(world, NUMBERS[2] ?? '');
  await caller.hear(GREETING);
  await caller.say(QUESTION);
  await caller.hear('07:00 - 18:00');
  const index = indexOf(caller.call);
  // What it has not sent yet dies with it: no span of ours may depend on that.
  world.nodes[index]?.kill('SIGKILL');
  await caller.hear('as I was saying');
  await caller.hangUp();
  const spans = await traceOfCall(caller.call);
  const { traceId } = traceOf(caller.call.sid);
  expect(collector.faultsOf(traceId)).toEqual([]);
  const [lost, next] = only(spans, 'stream').toSorted((a, b) => a.startMs - b.startMs);
  expect(lost).toMatchObject({ status: 2, attributes: { 'aida.node': `node-${index + 1}`, 'aida.result': 'lost' } });
  expect(next).toMatchObject({ status: 0, attributes: { 'aida.result': expect.not.stringMatching('lost') } });
  expect(only(spans, 'takeover')).toMatchObject([
    {
      links: [{ traceId, spanId: lost?.spanId }],
      attributes: { 'aida.takeover': true, 'aida.node.before': `node-${index + 1}`, 'aida.result': 'resumed' },
    },
  ]);
  expect(only(spans, 'call')).toMatchObject([{ attributes: { 'aida.takeover': true, 'aida.streams': 2 } }]);
  await world.startNode(index);
});

test('a collector that is away costs the traces of its time, and no call notices', async () => {
  collector.status = 400;
  const caller = new Caller(world, NUMBERS[0] ?? '');
  await caller.hear(GREETING);
  const index = indexOf(caller.call);
  await caller.hangUp();
  expect((await accountOf(world, caller.call)).state).toBe('ended');
  const failed = await eventually(
    async () => {
      const text = await (await fetch(`http://127.0.0.1:${world.nodes[index]?.opsPort}/metrics`)).text();
      return Number(/^aida_spans_total\{result="failed"\} (\d+)/m.exec(text)?.[1] ?? 0);
    },
    (count) => count > 0,
  );
  expect(failed).toBeGreaterThan(0);
  expect(collector.of(traceOf(caller.call.sid).traceId)).toEqual([]);
  collector.status = 200;
});
