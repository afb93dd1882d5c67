import type { CallRecord } from '../../services/call-log.ts';
import type { TokensUsed } from '../../../entities/call-figure.ts';
import { type CallDetails, costOf } from '../../services/call-details.ts';
import type { Score, ScoreTool, Voice } from '../../services/call-score.ts';
import { callLine, SOUNDS, toneOf } from './call-line.ts';
import { durationWords, type Words } from '../words.ts';
import { anchorOf, clockOf, LANE_HEIGHT, timelineOf } from './timeline.ts';

export type Prices = Readonly<Record<keyof TokensUsed, number>>;

export interface CallParts {
  score: Score;
  /** Null while no row is made of the call. */
  record: CallRecord | null;
  details: CallDetails;
  /** Whether the score is the journal's own, or made of rows. */
  isWhole: boolean;
  prices: Prices;
  /** 32 hex digits. */
  traceId: string;
  /** Where it is looked at; null where nobody said. */
  traceHref: string | null;
}

const resolutions: Readonly<Record<string, string>> = {
  resolved: 'Resolved',
  unresolved: 'Not resolved',
  transferred: 'Put through to staff',
  message: 'Left a message',
  callback: 'To be called back',
  abandoned: 'Left before an answer',
  none: 'Wanted nothing',
};
const LONG_SILENCE_MS = 2_500;

export function callView(words: Words, parts: CallParts) {
  const { score, record, details, isWhole, traceId, traceHref } = parts;
  const head = headOf(words, parts);
  const intents = intentsOf(parts);
  return {
    ...head,
    isWhole,
    traceId,
    traceHref,
    timeline: timelineOf(score),
    laneHeight: LANE_HEIGHT,
    lastsMs: score.lastsMs,
    lasts: clockOf(score.lastsMs),
    streamFromMs: score.streams[0]?.fromMs ?? 0,
    lines: linesOf(score, words, intents),
    intents,
    summary: details.understanding?.summary ?? '',
    resolution: details.understanding ? (resolutions[details.understanding.resolution] ?? '') : '',
    readBy: details.understanding?.classifier ?? '',
    questions: (details.understanding?.questions ?? []).map(({ itemId, question }) => ({
      question,
      href: hrefOf(score, itemId),
    })),
    latencies: latenciesOf(parts),
    cost: details.used ? `$${costOf(details.used, parts.prices).toFixed(3)}` : null,
    tokens: details.used ? tokensOf(details.used) : [],
    log: score.lines.map(({ atMs, place, kind, text }) => ({ at: (atMs / 1_000).toFixed(2), place, kind, text })),
    sounds: soundsOf(record, words),
  };
}

function headOf(words: Words, { score, record }: CallParts) {
  const time = (date: Date | null) => (date ? { text: words.when(date), iso: words.iso(date) } : null);
  const startedAt = new Date(score.startedAt);
  const isOver = record ? record.call.endedAt !== null : score.places.at(-1)?.place === 'ended';
  const from = {
    callSid: score.callSid,
    from: score.from,
    to: score.to,
    started: words.when(startedAt),
    status: score.status,
    outcome: score.outcome,
    promotion: null as string | null,
    tone: toneOf({ status: score.status, endedAt: isOver ? startedAt : null }),
    duration: durationWords(Math.round(score.lastsMs / 1_000)),
    isOver,
    times: [{ label: 'Started', time: time(startedAt) }],
  };
  if (!record) return from;
  const { call } = record;
  const line = callLine(call, words);
  return {
    ...from,
    ...line,
    outcome: call.outcome ?? '',
    times: [
      { label: 'Started', time: time(call.startedAt) },
      { label: 'Answered', time: time(call.answeredAt) },
      { label: 'Ended', time: time(call.endedAt) },
    ].filter((each) => each.time !== null),
  };
}

export interface IntentShown {
  intent: string;
  /** The turn that shows it; null where only a tool or the outcome does. */
  href: string | null;
}

function hrefOf({ voices }: Score, itemId: string | null): string | null {
  return itemId !== null && voices.some((voice) => voice.itemId === itemId) ? `#${anchorOf(itemId)}` : null;
}

function intentsOf({ score, record, details }: CallParts): IntentShown[] {
  const shown = details.understanding?.intents ?? [];
  if (shown.length > 0) return shown.map(({ intent, itemId }) => ({ intent, href: hrefOf(score, itemId) }));
  return (record?.call.intents ?? []).map((intent) => ({ intent, href: null }));
}

interface TurnLine {
  kind: 'turn';
  anchor: string;
  who: 'caller' | 'aida';
  fromMs: number;
  toMs: number;
  clock: string;
  iso: string;
  text: string;
  cut: Voice['cut'];
  silence: string | null;
  isLong: boolean;
  intents: string[];
}

interface ToolLine extends ScoreTool {
  kind: 'tool';
  anchor: string;
  clock: string;
  iso: string;
}

/** What was said, and between it what was looked up. */
function linesOf(score: Score, words: Words, intents: readonly IntentShown[]): (TurnLine | ToolLine)[] {
  const at = (ms: number) => {
    const date = new Date(score.startedAt + ms);
    return { clock: words.clock(date), iso: words.iso(date) };
  };
  const lines: (TurnLine | ToolLine)[] = score.voices
    .filter(({ text }) => text !== '')
    .map((voice) => {
      const anchor = anchorOf(voice.itemId);
      const { who, fromMs, toMs, text, cut, silenceMs } = voice;
      return {
        kind: 'turn',
        anchor,
        who,
        fromMs,
        toMs,
        ...at(fromMs),
        text,
        cut,
        silence: silenceMs === null ? null : `${(silenceMs / 1_000).toFixed(1)} s`,
        isLong: (silenceMs ?? 0) >= LONG_SILENCE_MS,
        intents: intents.filter(({ href }) => href === `#${anchor}`).map(({ intent }) => intent),
      };
    });
  for (const [index, tool] of score.tools.entries()) {
    const after = lines.findLastIndex((line) => (line.kind === 'turn' ? line.fromMs : line.atMs) <= tool.atMs);
    lines.splice(after + 1, 0, { kind: 'tool', anchor: `tool-${index + 1}`, ...at(tool.atMs), ...tool });
  }
  return lines;
}

function middleOf(sorted: readonly number[]): number | undefined {
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

function latenciesOf({ score, details }: CallParts): { label: string; value: string }[] {
  const s = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
  const { firstWordMs, modelMs } = score.latencies;
  const told = score.latencies.silencesMs;
  const silences = told.length > 0 ? told : details.silencesMs.toSorted((left, right) => left - right);
  const middle = middleOf(silences);
  const slowest = score.tools.toSorted((a, b) => (b.durationMs ?? 0) - (a.durationMs ?? 0))[0];
  return [
    ...(firstWordMs === null ? [] : [{ label: 'First word after', value: s(firstWordMs) }]),
    ...(middle === undefined
      ? []
      : [
          {
            label: `Silence before ${silences.length} ${silences.length === 1 ? 'answer' : 'answers'}`,
            value: silences.length === 1 ? s(middle) : `${s(middle)} in the middle, ${s(silences.at(-1) ?? 0)} at most`,
          },
        ]),
    ...(modelMs.length === 0 ? [] : [{ label: 'Model ready after', value: modelMs.map(s).join(', ') }]),
    ...(slowest?.durationMs === null || slowest === undefined
      ? []
      : [{ label: 'Slowest tool', value: `${slowest.name}, ${slowest.durationMs} ms` }]),
  ];
}

const tokenNames: Readonly<Record<keyof TokensUsed, string>> = {
  audioIn: 'Audio in',
  audioInCached: 'Audio in, cached',
  audioOut: 'Audio out',
  textIn: 'Text in',
  textInCached: 'Text in, cached',
  textOut: 'Text out',
};

function tokensOf(used: TokensUsed): { label: string; value: string }[] {
  return Object.entries(tokenNames).flatMap(([kind, label]) => {
    const tokens = used[kind as keyof TokensUsed];
    return tokens > 0 ? [{ label, value: tokens.toLocaleString('en-US') }] : [];
  });
}

const hasSound = (status: string): boolean =>
  status === 'new' || status === 'heard' || status === 'kept' || status === 'done';

function soundsOf(record: CallRecord | null, words: Words) {
  return {
    recordings: (record?.recordings ?? []).map((each) => ({
      ...each,
      duration: durationWords(each.durationS),
      sound: hasSound(each.status) ? `${SOUNDS}call/${each.recordingSid}` : null,
    })),
    voicemails: (record?.voicemails ?? []).map((each) => ({
      ...each,
      duration: durationWords(each.durationS),
      left: words.when(each.createdAt),
      sound: hasSound(each.status) ? `${SOUNDS}voicemail/${each.recordingSid}` : null,
    })),
  };
}
