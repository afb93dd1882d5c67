import type { CallRecord } from '../../services/call-log.ts';
import type { Score, Voice } from '../../services/call-score.ts';

/** Of a turn whose length nobody noted: so long does a character take to say. */
const CHAR_MS = 60;
const TURN_MS_MIN = 600;

/**
 * A call as its rows tell it, once its journal is gone: when the assistant was heard is known, of the caller's turns only
 * when their words were there.
 */
export function scoreOfRows({ call, turns, tools }: CallRecord): Score {
  const startedAt = call.startedAt.getTime();
  const since = (date: Date): number => Math.max(0, date.getTime() - startedAt);
  const voices = turns.length > 0 ? turns.map((turn) => voiceOf(turn, since(turn.at))) : storedVoices(call, since);
  const ends = [...voices.map(({ toMs }) => toMs), ...(call.endedAt ? [since(call.endedAt)] : [])];
  const lastsMs = Math.max(0, (call.duration ?? 0) * 1_000, ...ends);
  return {
    callSid: call.callSid,
    from: call.fromNumber,
    to: call.toNumber,
    startedAt,
    lastsMs,
    outcome: call.outcome ?? '',
    status: call.status,
    voices,
    streams: call.answeredAt ? [{ fromMs: since(call.answeredAt), toMs: lastsMs, node: '' }] : [],
    places: [],
    tools: tools.map((tool) => ({
      atMs: since(tool.startedAt),
      name: tool.name,
      arguments: tool.arguments,
      result: tool.result,
      output: tool.output,
      durationMs: tool.durationMs,
    })),
    lines: [],
    latencies: {
      firstWordMs: null,
      silencesMs: [],
      modelMs: [],
      tools: tools.map(({ name, durationMs }) => ({ name, ms: durationMs })),
    },
  };
}

const spokenMs = (text: string): number => Math.max(TURN_MS_MIN, text.length * CHAR_MS);

function voiceOf(turn: CallRecord['turns'][number], atMs: number): Voice {
  const { itemId, who, text } = turn;
  if (who === 'caller') {
    const fromMs = Math.max(0, atMs - spokenMs(text));
    return { itemId, who, fromMs, toMs: atMs, text, cut: null, silenceMs: null };
  }
  const heard = turn.heardText ?? text;
  const heardMs = turn.heardMs ?? spokenMs(heard);
  const unheard = turn.cut && text.startsWith(heard) ? text.slice(heard.length).trim() : '';
  return {
    itemId,
    who: 'aida',
    fromMs: atMs,
    toMs: atMs + heardMs,
    text: heard,
    cut: turn.cut ? { heardMs, totalMs: turn.totalMs ?? heardMs, unheard } : null,
    silenceMs: null,
  };
}

/** Of a call whose turns are gone. */
function storedVoices({ transcript }: CallRecord['call'], since: (date: Date) => number): Voice[] {
  return (transcript ?? []).map(({ who, text, at, cut }, index) => {
    const fromMs = since(new Date(at));
    const toMs = fromMs + spokenMs(text);
    return {
      itemId: `line-${index + 1}`,
      who: who === 'caller' ? 'caller' : 'aida',
      fromMs,
      toMs,
      text,
      cut: cut ? { heardMs: toMs - fromMs, totalMs: toMs - fromMs, unheard: '' } : null,
      silenceMs: null,
    };
  });
}
