import type { CallLog } from '../../../entities/call-log.ts';
import { durationWords, type Words } from '../words.ts';

/** Below it: `voicemail/RE…` and `call/RE…`. */
export const SOUNDS = '/admin/recordings/';

/** A call as a row of a list. */
export function callLine(call: Omit<CallLog, 'transcript' | 'lastEpoch' | 'lastSeq' | 'statusSequence'>, words: Words) {
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
export function toneOf({ status, endedAt }: Pick<CallLog, 'status' | 'endedAt'>): 'live' | 'good' | 'bad' {
  if (endedAt === null) return 'live';
  return status === 'COMPLETED' ? 'good' : 'bad';
}
