import type { CallEffect } from '../../machines/call-events.ts';
import { asHeard } from '../redact/heard.ts';
import { inConversationOrder } from '../services/call-log.ts';
import type { Latencies, Score, ScoreLine, Voice } from '../services/call-score.ts';
import { seconds, shortened, toldOf } from './fact-words.ts';
import type { Deadlines, Replayed, Step } from './replayed.ts';

export function scoreOf(call: Replayed): Score {
  const { callSid, steps, row, end } = call;
  const startedAt = steps[0]?.fact.at ?? 0;
  const since = (at: number): number => Math.max(0, at - startedAt);
  const lastsMs = Math.max(0, ...steps.map(({ fact }) => since(fact.at)));
  const streams = streamsOf(steps, since, lastsMs);
  const voices = voicesOf(call, since);
  const lines = [
    ...claimLines(call, since),
    ...factLines(call, since),
    ...voiceLines(voices, steps, since),
    ...missedLines(call, since),
  ];
  return {
    callSid,
    from: row.fromNumber,
    to: row.toNumber,
    startedAt,
    lastsMs,
    outcome: end.outcome,
    status: row.status,
    voices,
    streams,
    places: placesOf(steps, since, lastsMs),
    tools: call.tools.map((tool) => ({
      atMs: since(tool.startedAt.getTime()),
      name: tool.name,
      arguments: tool.arguments,
      result: tool.result,
      output: tool.output,
      durationMs: tool.durationMs,
    })),
    lines: lines.toSorted((a, b) => a.atMs - b.atMs),
    latencies: latenciesOf(call, voices, streams),
  };
}

type Since = (at: number) => number;

function streamsOf(steps: readonly Step[], since: Since, lastsMs: number): Score['streams'] {
  const streams: Score['streams'] = [];
  const open = new Map<string, Score['streams'][number]>();
  for (const { fact } of steps) {
    if (fact.type === 'carrier.streamStarted') {
      // Whatever the last one was told, it is over.
      for (const each of open.values()) each.toMs = Math.min(each.toMs, since(fact.at));
      const stream = { fromMs: since(fact.at), toMs: lastsMs, node: fact.node };
      open.set(fact.streamSid, stream);
      streams.push(stream);
    } else if (fact.type === 'carrier.streamStopped') {
      const stream = open.get(fact.streamSid);
      if (stream) stream.toMs = Math.min(stream.toMs, since(fact.at));
    }
  }
  return streams;
}

function placesOf(steps: readonly Step[], since: Since, lastsMs: number): Score['places'] {
  const places: Score['places'] = [];
  for (const { place, fact } of steps) {
    const last = places.at(-1);
    if (last?.place === place) continue;
    if (last) last.toMs = since(fact.at);
    places.push({ place, fromMs: since(fact.at), toMs: lastsMs });
  }
  return places;
}

function voicesOf({ steps, turns }: Replayed, since: Since): Voice[] {
  const spans = spansOf(steps, since);
  const voices = inConversationOrder(turns).flatMap((turn): Voice[] => {
    const span = spans.get(turn.itemId) ?? { fromMs: since(turn.at.getTime()), toMs: since(turn.at.getTime()) };
    const none = { cut: null, silenceMs: null };
    const { itemId } = turn;
    if (turn.who === 'caller') return [{ itemId, who: 'caller', ...span, text: turn.text, ...none }];
    const heard = turn.heardText ?? turn.text;
    const cut =
      turn.cut && turn.heardMs !== null
        ? { heardMs: turn.heardMs, totalMs: turn.totalMs ?? turn.heardMs, unheard: unheardOf(turn.text, heard) }
        : null;
    return [{ itemId, who: 'aida', ...span, text: heard, cut, silenceMs: null }];
  });
  const known = new Set(turns.map(({ itemId }) => itemId));
  for (const [itemId, span] of spans)
    if (!known.has(itemId)) voices.push({ itemId, who: 'caller', ...span, text: '', cut: null, silenceMs: null });
  return withSilences(voices.toSorted((a, b) => a.fromMs - b.fromMs));
}

/** When each item was spoken, as far as facts tell. */
function spansOf(steps: readonly Step[], since: Since): Map<string, Pick<Voice, 'fromMs' | 'toMs'>> {
  const spans = new Map<string, Pick<Voice, 'fromMs' | 'toMs'>>();
  for (const { fact } of steps) {
    const at = since(fact.at);
    if (fact.type === 'caller.speechStarted') spans.set(fact.itemId, { fromMs: at, toMs: at });
    else if (fact.type === 'caller.speechStopped') {
      const toMs = Math.max(0, at - (fact.agoMs ?? 0));
      const fromMs = Math.min(spans.get(fact.itemId)?.fromMs ?? toMs, toMs);
      spans.set(fact.itemId, { fromMs, toMs });
    } else if (fact.type === 'assistant.heard')
      spans.set(fact.itemId, { fromMs: Math.max(0, at - fact.heardMs), toMs: at });
  }
  return spans;
}

const unheardOf = (text: string, heard: string): string =>
  asHeard(text, heard, true) === heard && text.startsWith(heard) ? text.slice(heard.length).trim() : '';

/** Silence is counted from the end of the caller's turn, and once. */
function withSilences(voices: readonly Voice[]): Voice[] {
  let stoppedMs: number | null = null;
  return voices.map((voice) => {
    if (voice.who === 'caller') {
      stoppedMs = voice.toMs;
      return voice;
    }
    const silenceMs = stoppedMs === null ? null : Math.max(0, voice.fromMs - stoppedMs);
    stoppedMs = null;
    return { ...voice, silenceMs };
  });
}

function latenciesOf({ steps, tools }: Replayed, voices: readonly Voice[], streams: Score['streams']): Latencies {
  const [stream] = streams;
  const first = voices.find(({ who }) => who === 'aida');
  return {
    firstWordMs: stream && first ? Math.max(0, first.fromMs - stream.fromMs) : null,
    silencesMs: voices.flatMap(({ silenceMs }) => (silenceMs === null ? [] : [silenceMs])).toSorted((a, b) => a - b),
    modelMs: modelMsOf(steps),
    tools: tools.map(({ name, durationMs }) => ({ name, ms: durationMs })),
  };
}

function modelMsOf(steps: readonly Step[]): number[] {
  let startedAt: number | null = null;
  return steps.flatMap(({ fact }) => {
    if (fact.type === 'carrier.streamStarted') startedAt = fact.at;
    if (fact.type !== 'model.ready' || startedAt === null) return [];
    const ms = fact.at - startedAt;
    startedAt = null;
    return [ms];
  });
}

function factLines({ steps }: Replayed, since: Since): ScoreLine[] {
  let place = '';
  let standing: Deadlines = {};
  return steps.flatMap((step, index) => {
    const { fact, effects, deadlines } = step;
    const atMs = since(fact.at);
    const moved = step.place === place ? null : step.place;
    const told = toldOf(fact, standing);
    const lines: ScoreLine[] = [];
    if (told !== null) lines.push({ atMs, place: moved, ...told });
    else if (moved !== null) lines.push({ atMs, place: moved, kind: 'call', text: fact.type });
    if (moved !== null || index === 0) lines.push(...deadlineLine(atMs, standing, deadlines, since));
    lines.push(...effects.flatMap((effect) => effectLine(atMs, effect)));
    place = step.place;
    standing = deadlines;
    return lines;
  });
}

/** What a state waits for from here on. */
function deadlineLine(atMs: number, before: Deadlines, after: Deadlines, since: Since): ScoreLine[] {
  const armed = Object.entries(after).filter(([name, at]) => before[name as keyof Deadlines] !== at);
  if (armed.length === 0) return [];
  const text = armed.map(([name, at]) => `${name} at ${seconds(since(at))}`).join(', ');
  return [{ atMs, place: null, kind: 'clock', text: `waits: ${text}` }];
}

/** What is told of by the line of a tool or a voice has none of its own. */
function effectLine(atMs: number, effect: CallEffect): ScoreLine[] {
  const line = (text: string): ScoreLine[] => [{ atMs, place: null, kind: 'effect', text }];
  switch (effect.type) {
    case 'model.open':
      return line(`model.open ${effect.opening}, told of ${effect.seed.length} turns`);
    case 'line.play':
      return line(`line.play ${effect.line} (${effect.language})`);
    case 'stream.leave':
      return line(`stream.leave for ${effect.intent.kind}`);
    case 'tool.run':
      return [];
    case 'tool.deliver':
      return line(`tool.deliver ${effect.toolCallId}${effect.respond ? ', and speak' : ''}`);
    default:
      return line(effect.type);
  }
}

function claimLines({ claims }: Replayed, since: Since): ScoreLine[] {
  return claims.map(({ epoch, by, node, version }) => ({
    // An epoch is the time of its claim, or later by a hair.
    atMs: since(epoch),
    place: null,
    kind: 'claim',
    text: `epoch ${epoch} claimed by ${by}${node === '' ? '' : ` of ${node.split(':')[0]}`}, machine ${version ?? 'unknown'}`,
  }));
}

function missedLines({ missed }: Replayed, since: Since): ScoreLine[] {
  return missed.map(({ name, at, until }) => ({
    atMs: since(at),
    place: null,
    kind: 'clock',
    text: `${name} was due and nobody let it pass: the call was told nothing for ${seconds(until - at)}`,
  }));
}

function voiceLines(voices: readonly Voice[], steps: readonly Step[], since: Since): ScoreLine[] {
  const failed = new Set(
    steps.flatMap(({ fact }) => (fact.type === 'caller.said' && fact.text === '' ? [since(fact.at)] : [])),
  );
  return voices.map(({ who, fromMs, toMs, text, cut, silenceMs }) => {
    const words =
      text === '' ? (failed.size > 0 || who === 'caller' ? '(no words)' : '(nothing was heard)') : shortened(text);
    const after = silenceMs === null ? '' : ` — after ${seconds(silenceMs)} of silence`;
    const spoken = toMs > fromMs && who === 'caller' ? ` (${seconds(toMs - fromMs)})` : '';
    const rest =
      cut === null
        ? ''
        : ` ✂ cut at ${seconds(cut.heardMs)} of ${seconds(cut.totalMs)}${cut.unheard === '' ? '' : `, unheard: ${shortened(cut.unheard)}`}`;
    return { atMs: fromMs, place: null, kind: who, text: `${words}${spoken}${rest}${after}` };
  });
}
