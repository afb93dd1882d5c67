import type { CallEvent } from '../../machines/call-events.ts';
import type { JournaledFact } from '../directory/journal.ts';
import type { SpanAttributes, SpanName } from '../telemetry/span-names.ts';
import { newSpanId, streamSpanId } from '../telemetry/trace-ids.ts';
import type { CallPlace, SpanRecord } from '../telemetry/tracing.ts';
import { CallActor } from './actor.ts';
import type { CallState } from './call-door.ts';
import { endsCall } from './unfolded.ts';

/** States in which no stream is what the call does, and what their span is called. */
const stages: Partial<Record<CallState, SpanName>> = {
  waiting: 'waiting room',
  dialing: 'transfer',
  recording: 'voicemail',
  reviewing: 'voicemail',
  menu: 'menu',
};
/** Ends of a stream that nobody wished for. */
const broken: ReadonlySet<string> = new Set(['silent', 'failed', 'refused']);

interface Stream {
  sid: string;
  node: string;
  epoch: number;
  startMs: number;
  endMs: number;
  /** Null while it lasts; `lost`: the journal does not say how it ended. */
  result: string | null;
}

interface Gap {
  after: Stream;
  name: 'takeover' | 'handover';
  endMs: number;
  to: Stream | null;
}

interface Stage {
  name: SpanName;
  startMs: number;
  result: string;
}

/**
 * What an ended call's journal tells, in spans: the call itself, its streams, what came between them, and what it did
 * without one. Turns and tools were told while they happened, below the streams that are told here.
 */
export function storyOf(root: CallPlace, facts: readonly JournaledFact[], store: string): SpanRecord[] {
  const story = new Story(root);
  for (const entry of facts) story.hear(entry);
  return story.told(store);
}

class Story {
  private readonly root: CallPlace;
  private readonly spans: SpanRecord[] = [];
  private readonly streams: Stream[] = [];
  private readonly gaps: Gap[] = [];
  /** Null once a fact was not to be folded: it has no states from there on. */
  private actor: CallActor | null;
  private stage: Stage | null = null;
  private startMs: number | null = null;
  private lastMs = 0;
  private endMs: number | null = null;
  private status = '';
  private node = '';
  private turns = 0;
  private tools = 0;

  constructor(root: CallPlace) {
    this.root = root;
    this.actor = CallActor.fold(root.callSid, []);
  }

  hear({ epoch, fact }: JournaledFact): void {
    this.startMs ??= fact.at;
    // What is told of a call that has ended is not of its course.
    if (this.endMs !== null) return;
    if (fact.type === 'carrier.arrived') this.node = fact.node;
    if (fact.type === 'carrier.streamStarted') this.streamStarted(fact, epoch);
    if (fact.type === 'carrier.streamStopped') this.streamStopped(fact.streamSid, fact.reason, fact.at);
    if (fact.type === 'carrier.nextAsked') this.nextAsked(fact);
    if (fact.type === 'caller.said' && fact.text !== '') this.turns += 1;
    if (fact.type === 'tool.answered') this.tools += 1;
    this.step(fact);
    this.lastMs = Math.max(this.lastMs, fact.at);
    if (!endsCall(fact)) return;
    this.endMs = this.lastMs;
    this.status = 'status' in fact ? fact.status : '';
  }

  told(store: string): SpanRecord[] {
    const startMs = this.startMs ?? this.lastMs;
    const endMs = this.endMs ?? this.lastMs;
    this.endStage(endMs);
    const last = this.streams.at(-1);
    if (last && last.result === null) this.lose(last, endMs);
    const isCut = this.gaps.at(-1)?.to === null && this.gaps.at(-1)?.name === 'takeover';
    const takeovers = this.gaps.filter(({ name }) => name === 'takeover').length;
    const context = this.actor?.context;
    this.actor?.stop();
    const attributes: SpanAttributes = {
      'aida.store': store,
      'aida.outcome': context?.outcome ?? 'unknown',
      'aida.result': this.status,
      'aida.node': this.node,
      'aida.streams': this.streams.length,
      'aida.turns': this.turns,
      'aida.tools': this.tools,
      'aida.takeover': takeovers > 0,
      'aida.takeovers': takeovers,
      ...(context && { 'aida.language': context.language }),
    };
    const error = isCut ? 'cut' : this.status === 'failed' ? 'failed' : null;
    const call: SpanRecord = { name: 'call', place: this.root, parentId: null, startMs, endMs, attributes, error };
    return [
      call,
      ...this.streams.map((one) => this.streamSpan(one)),
      ...this.gaps.map((gap) => this.gapSpan(gap, endMs)),
      ...this.spans,
    ];
  }

  private streamStarted({ at, streamSid, node }: Extract<CallEvent, { type: 'carrier.streamStarted' }>, epoch: number) {
    const before = this.streams.at(-1);
    if (before && before.result === null) this.lose(before, this.lastMs);
    const stream: Stream = { sid: streamSid, node, epoch, startMs: at, endMs: at, result: null };
    this.streams.push(stream);
    const gap = this.gaps.at(-1);
    if (!gap || gap.to !== null) return;
    gap.to = stream;
    gap.endMs = at;
  }

  private streamStopped(sid: string, reason: string, at: number): void {
    const stream = this.streams.find((one) => one.sid === sid);
    if (!stream || stream.result !== null) return;
    stream.endMs = at;
    stream.result = reason;
  }

  private lose(stream: Stream, at: number): void {
    stream.endMs = at;
    stream.result = 'lost';
  }

  private nextAsked({ intent }: Extract<CallEvent, { type: 'carrier.nextAsked' }>): void {
    const after = this.streams.at(-1);
    if (!after) return;
    if (after.result === null) this.lose(after, this.lastMs);
    const isWished = intent !== null && intent.kind !== 'handover';
    // A stream that was followed up is told of once, however often the carrier asks.
    if (isWished || this.gaps.at(-1)?.to === null) return;
    this.gaps.push({ after, name: intent === null ? 'takeover' : 'handover', endMs: after.endMs, to: null });
  }

  private step(fact: CallEvent): void {
    if (this.actor === null) return;
    try {
      this.actor.step(fact);
    } catch {
      this.actor = null;
      return;
    }
    if (this.stage && 'result' in fact && typeof fact.result === 'string') this.stage.result = fact.result;
    if (this.stage && fact.type === 'carrier.waitEnded') this.stage.result = fact.how;
    if (this.stage && fact.type === 'carrier.recordEnded') this.stage.result = fact.durationS > 0 ? 'left' : 'nothing';
    const name = this.actor.ended ? undefined : stages[this.actor.state];
    if (name === this.stage?.name) return;
    this.endStage(fact.at);
    if (name) this.stage = { name, startMs: fact.at, result: '' };
  }

  private endStage(at: number): void {
    if (this.stage === null) return;
    const { name, startMs, result } = this.stage;
    this.stage = null;
    this.spans.push(this.below(name, startMs, at, { 'aida.result': result }));
  }

  private streamSpan({ sid, node, epoch, startMs, endMs, result }: Stream): SpanRecord {
    const isBroken =
      result === 'lost' ||
      broken.has(result ?? '') ||
      this.gaps.some(({ after, name }) => name === 'takeover' && after.sid === sid);
    return {
      ...this.below('stream', startMs, endMs, {
        'aida.stream_sid': sid,
        'aida.node': node,
        'aida.epoch': epoch,
        'aida.result': result ?? '',
      }),
      place: this.placeOf(sid),
      error: isBroken ? `stream_${result}` : null,
    };
  }

  private gapSpan({ after, name, endMs, to }: Gap, callEndMs: number): SpanRecord {
    return {
      ...this.below(name, after.endMs, to ? endMs : callEndMs, {
        'aida.takeover': name === 'takeover',
        'aida.node.before': after.node,
        'aida.epoch': to?.epoch ?? after.epoch,
        'aida.result': to ? 'resumed' : 'not resumed',
        ...(to && { 'aida.node': to.node }),
      }),
      links: [this.placeOf(after.sid)],
    };
  }

  private placeOf(streamSid: string): CallPlace {
    return { ...this.root, spanId: streamSpanId(this.root.callSid, streamSid) };
  }

  private below(name: SpanName, startMs: number, endMs: number, attributes: SpanAttributes): SpanRecord {
    const place = { ...this.root, spanId: newSpanId() };
    return { name, place, parentId: this.root.spanId, startMs, endMs, attributes };
  }
}
