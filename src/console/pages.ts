import type { CallRecord } from '../services/call-log.ts';
import type { CallLog } from '../../entities/call-log.ts';
import { durationWords, type Words } from './words.ts';

/** Below it: `voicemail/RE…` and `call/RE…`. */
export const SOUNDS = '/admin/recordings/';

export function callLine(call: Omit<CallLog, 'transcript'>, words: Words) {
  return {
    href: `/admin/calls/${encodeURIComponent(call.callSid)}`,
    callSid: call.callSid,
    started: words.when(call.startedAt),
    startedIso: words.iso(call.startedAt),
    from: call.fromNumber,
    to: call.toNumber,
    status: call.status,
    tone: toneOf(call),
    duration: durationWords(call.duration),
    intents: call.intents,
    promotion: call.promotionSlug,
  };
}

/** How a status looks; it is always written out as well. */
function toneOf({ status, endedAt }: Pick<CallLog, 'status' | 'endedAt'>): 'live' | 'good' | 'bad' {
  if (endedAt === null) return 'live';
  return status === 'COMPLETED' ? 'good' : 'bad';
}

export function callView(words: Words, record: CallRecord) {
  const { call, voicemails, recordings } = record;
  const time = (date: Date | null) => (date ? { text: words.when(date), iso: words.iso(date) } : null);
  return {
    ...callLine(call, words),
    outcome: call.outcome,
    times: [
      { label: 'Started', time: time(call.startedAt) },
      { label: 'Answered', time: time(call.answeredAt) },
      { label: 'Ended', time: time(call.endedAt) },
      { label: 'Processed', time: time(call.processedAt) },
    ].filter((each) => each.time !== null),
    lines: linesOf(record).map((line) => ({ ...line, clock: words.clock(line.at), iso: words.iso(line.at) })),
    voicemails: voicemails.map((each) => ({
      ...each,
      duration: durationWords(each.durationS),
      left: words.when(each.createdAt),
      sound: hasSound(each.status) ? `${SOUNDS}voicemail/${each.recordingSid}` : null,
    })),
    recordings: recordings.map((each) => ({
      ...each,
      duration: durationWords(each.durationS),
      sound: hasSound(each.status) ? `${SOUNDS}call/${each.recordingSid}` : null,
    })),
  };
}

const hasSound = (status: string): boolean => status === 'new' || status === 'heard' || status === 'kept';

type Line =
  | { kind: 'turn'; at: Date; who: string; heard: string; unheard: boolean; text: string }
  | { kind: 'tool'; at: Date; name: string; arguments: string; result: string; output: string };

/** What was said, and between it what was looked up. A call whose turns are gone shows its stored transcript. */
function linesOf({ call, turns, tools }: CallRecord): Line[] {
  const said = turns.map((turn): Line => {
    const heard = turn.heardText ?? turn.text;
    return { kind: 'turn', at: turn.at, who: turn.who, heard, unheard: turn.cut, text: turn.text };
  });
  const stored = (call.transcript ?? []).map((line): Line => {
    return { kind: 'turn', at: new Date(line.at), who: line.who, heard: line.text, unheard: line.cut, text: line.text };
  });
  const lines = said.length > 0 ? said : stored;
  for (const tool of tools) {
    const after = lines.findLastIndex(({ at }) => at <= tool.startedAt);
    const { name, output, startedAt } = tool;
    lines.splice(after + 1, 0, {
      kind: 'tool',
      at: startedAt,
      name,
      arguments: tool.arguments,
      result: tool.result ?? 'running',
      output: output ?? '',
    });
  }
  return lines;
}
