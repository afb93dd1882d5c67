import type { CallEvent } from '../../machines/call-events.ts';
import { slowTurnMs, type SpanAttributes } from '../telemetry/span-names.ts';
import { newSpanId, streamSpanId } from '../telemetry/trace-ids.ts';
import type { CallPlace, SpanRecord, Tracing } from '../telemetry/tracing.ts';
import type { TurnTimes } from './stream-port.ts';

/** Tools of one turn that are told apart; a model that asks for more gets their answers, and no spans. */
const toolsMax = 32;
/** A part of a silence that is shorter is told as a number alone. */
const partMsMin = 1;

interface Turn {
  place: CallPlace;
  number: number;
  startMs: number;
  /** How long the caller waited, once the answer is heard, and when that was. */
  times: TurnTimes | null;
  heardAt: number;
  /** What the caller said was no words. */
  isNoise: boolean;
  tools: number;
  error: string | null;
  /** Told with the turn: below a span that never comes they would hang in the air. */
  spans: SpanRecord[];
}

interface Asked {
  at: number;
  name: string;
}

/**
 * What a stream does, in spans: turns with what their silence was made of, tools, model sessions. It is told facts as
 * they are journaled, and nothing per frame. The stream's own span is told with the call's end.
 */
export class CallTrace {
  private readonly tracing: Tracing;
  private readonly root: CallPlace;
  /** Of a fact's `name`: what the model makes up must not become a name of spans. */
  private readonly toolName: (name: string) => string;
  private stream: CallPlace | null = null;
  private streamAt = 0;
  private turn: Turn | null = null;
  private turns = 0;
  private modelSince: number | null = null;
  private modelAttempts = 0;
  private readonly tools = new Map<string, Asked>();

  constructor(tracing: Tracing, root: CallPlace, toolName: (name: string) => string) {
    this.tracing = tracing;
    this.root = root;
    this.toolName = toolName;
  }

  get traceId(): string {
    return this.root.traceId;
  }

  hear(fact: CallEvent): void {
    switch (fact.type) {
      case 'carrier.streamStarted':
        this.stream = { ...this.root, spanId: streamSpanId(this.root.callSid, fact.streamSid) };
        this.streamAt = fact.at;
        this.modelSince ??= fact.at;
        return;
      case 'carrier.streamStopped':
        return this.close(fact.at);
      case 'caller.speechStarted':
        return this.speechStarted(fact.at);
      case 'caller.said':
        if (this.turn) this.turn.isNoise = fact.text === '';
        return;
      case 'assistant.fellSilent':
        if (this.turn && (this.turn.times !== null || this.turn.isNoise) && this.tools.size === 0)
          this.endTurn(fact.at, false);
        return;
      case 'tool.asked':
        if (this.tools.size < toolsMax) this.tools.set(fact.toolCallId, { at: fact.at, name: fact.name });
        return;
      case 'tool.answered':
        return this.toolAnswered(fact);
      case 'model.ready':
        return this.modelReady(fact);
      case 'model.lost':
        return this.modelLost(fact);
      case 'model.responded':
        if (this.turn && fact.errorCode !== null) this.turn.error = fact.errorCode;
        return;
      default:
        return;
    }
  }

  /** The first audio of the stream was handed over so long after its start. */
  spoke(ms: number): void {
    if (this.stream === null) return;
    this.add('first word', this.below(this.stream), this.stream.spanId, this.streamAt, this.streamAt + ms, {});
  }

  /** An answer is heard since `heardAt`, Redis-clock ms. */
  answered(times: TurnTimes, heardAt: number): void {
    if (this.turn === null || this.turn.times !== null) return;
    this.turn.times = times;
    this.turn.heardAt = heardAt;
  }

  /** The stream is over here. */
  close(at: number): void {
    this.endTurn(at, false);
    this.tools.clear();
    this.stream = null;
  }

  private speechStarted(at: number): void {
    // Whoever speaks on before the answer has still the same turn.
    if (this.turn && this.turn.times === null && !this.turn.isNoise) return;
    this.endTurn(at, true);
    if (this.stream === null) return;
    this.turn = {
      place: this.below(this.stream),
      number: (this.turns += 1),
      startMs: at,
      times: null,
      heardAt: at,
      isNoise: false,
      tools: 0,
      error: null,
      spans: [],
    };
  }

  private endTurn(at: number, isInterrupted: boolean): void {
    const { turn, stream } = this;
    this.turn = null;
    if (turn === null || stream === null) return;
    const { place, times, number, tools, startMs, heardAt } = turn;
    const attributes: SpanAttributes = { 'aida.turn': number, 'aida.tools': tools, 'aida.interrupted': isInterrupted };
    if (times) Object.assign(attributes, waitOf(times));
    const record: SpanRecord = {
      name: 'turn',
      place,
      parentId: stream.spanId,
      startMs: times ? Math.min(startMs, heardAt - times.silenceMs) : startMs,
      endMs: at,
      attributes,
      error: turn.error,
    };
    this.tracing.add(record);
    for (const span of turn.spans) this.tracing.add(span);
    if (times) this.tellWait(place, times, heardAt - times.silenceMs);
  }

  /** What the silence was made of, one after the other. */
  private tellWait(turn: CallPlace, { vadMs, modelMs, bridgeMs, playoutMs }: TurnTimes, sinceMs: number): void {
    const parts = [
      ['turn.vad', vadMs],
      ['turn.model', modelMs ?? 0],
      ['turn.bridge', bridgeMs],
      ['turn.playout', playoutMs],
    ] as const;
    let startMs = sinceMs;
    for (const [name, ms] of parts) {
      if (ms >= partMsMin) this.add(name, this.below(turn), turn.spanId, startMs, startMs + ms, {});
      startMs += Math.max(0, ms);
    }
  }

  private toolAnswered(fact: Extract<CallEvent, { type: 'tool.answered' }>): void {
    const asked = this.tools.get(fact.toolCallId);
    if (!this.tools.delete(fact.toolCallId) || !asked || this.stream === null) return;
    const name = this.toolName(asked.name);
    const parent = this.turn?.place ?? this.stream;
    const span: SpanRecord = {
      name: `tool ${name}`,
      place: this.below(parent),
      parentId: parent.spanId,
      startMs: asked.at,
      endMs: fact.at,
      attributes: { 'aida.tool': name, 'aida.result': fact.result },
      error: fact.result === 'failed' || fact.result === 'late' ? `tool_${fact.result}` : null,
    };
    if (this.turn === null) return this.tracing.add(span);
    this.turn.tools += 1;
    this.turn.spans.push(span);
  }

  private modelReady({ at, model }: Extract<CallEvent, { type: 'model.ready' }>): void {
    const since = this.modelSince;
    this.modelSince = null;
    if (since === null || this.stream === null) return;
    const attributes = { 'aida.model': model, 'aida.attempts': this.modelAttempts + 1 };
    this.modelAttempts = 0;
    this.add('model session', this.below(this.stream), this.stream.spanId, since, at, attributes);
  }

  private modelLost({ at, code }: Extract<CallEvent, { type: 'model.lost' }>): void {
    if (this.modelSince === null) this.modelSince = at;
    else this.modelAttempts += 1;
    if (this.turn) this.turn.error = code;
  }

  private below(place: CallPlace): CallPlace {
    return { ...place, spanId: newSpanId() };
  }

  private add(
    name: SpanRecord['name'],
    place: CallPlace,
    parentId: string,
    startMs: number,
    endMs: number,
    attributes: SpanAttributes,
  ): void {
    this.tracing.add({ name, place, parentId, startMs, endMs, attributes });
  }
}

function waitOf({ silenceMs, vadMs, modelMs, bridgeMs, playoutMs }: TurnTimes): SpanAttributes {
  return {
    'aida.silence_ms': Math.round(silenceMs),
    'aida.vad_ms': Math.round(vadMs),
    ...(modelMs === null ? {} : { 'aida.model_ms': Math.round(modelMs) }),
    'aida.bridge_ms': Math.round(bridgeMs),
    'aida.playout_ms': Math.round(playoutMs),
    'aida.answered_by': modelMs === null ? 'line' : 'model',
    'aida.slow_turn': silenceMs > slowTurnMs,
  };
}
