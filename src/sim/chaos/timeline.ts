import type { CallEvent } from '../../../machines/call-events.ts';
import type { RecordedCall } from './history.ts';

const TEXT_CHARS_MAX = 60;

/** What happened in a call, in order, a line each: for whoever wants to know how it came to a violation. */
export function timelineOf(call: RecordedCall, sinceMs = call.placedMs): string {
  const events: [number, string][] = [
    [call.placedMs, `placed by ${call.from}`],
    ...call.said.map(({ fromMs, text }): [number, string] => [fromMs, `says "${text}"`]),
    ...call.heard.map(({ fromMs, toMs, text, whole }): [number, string] => [
      fromMs,
      `hears "${text.slice(0, TEXT_CHARS_MAX)}"${whole ? '' : ' (cut)'} for ${Math.round(toMs - fromMs)} ms`,
    ]),
    ...call.webhooks.map(({ atMs, url, status, tries }): [number, string] => [
      atMs,
      `asks ${url.replace(/^https:\/\/[^/]+|#.*$/g, '')} → ${status}${tries > 1 ? ` after ${tries} tries` : ''}`,
    ]),
    ...call.streams.flatMap(({ host, openedMs, endedMs, endedBy }): [number, string][] => [
      [openedMs ?? endedMs ?? call.placedMs, openedMs === null ? `stream to ${host} not opened` : `stream to ${host}`],
      ...(endedMs === null ? [] : [[endedMs, `stream to ${host} ended: ${endedBy}`] satisfies [number, string]]),
    ]),
    [call.endedMs ?? Infinity, `${call.status} by ${call.endedBy}`],
  ];
  return [
    `${call.callSid}${call.lost === null ? '' : `, lost: ${call.lost.slice(0, TEXT_CHARS_MAX)}`}`,
    ...events
      .toSorted(([a], [b]) => a - b)
      .map(([atMs, what]) => `  ${String(Math.round(atMs - sinceMs)).padStart(7)} ms ${what}`),
    `  journal: ${call.journal.map((entry) => `${entry.epoch % 1_000_000}-${entry.seq} ${entry.kind === 'fact' ? named(entry.fact) : entry.kind === 'claim' ? `[${entry.by} by ${entry.node.split(':')[0]}]` : 'corrupt'}`).join(', ')}`,
  ].join('\n');
}

function named(fact: CallEvent): string {
  return fact.type === 'carrier.nextAsked'
    ? `${fact.type}(${fact.intent?.kind ?? 'no intent'}, ${fact.breaks} breaks)`
    : fact.type;
}
