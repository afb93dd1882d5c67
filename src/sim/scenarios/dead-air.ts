import type { SimCall } from '../twilio/index.ts';
import type { PartyCall, Span } from './party.ts';

/** Ringing tones, and the tone before a message, are not silence to a caller. */
const NETWORK_MS = 1_000;

/** The longest span of a call in which nobody spoke and nothing explains it, ms. */
export function deadAirOf({ call, pauses }: PartyCall): Span {
  const { leg } = call;
  const voices = leg.ear.voiced.map(({ startMs, endMs }) => ({ fromMs: startMs, toMs: endMs }));
  const said = leg.mouth.said.flatMap(({ startMs, endMs }) =>
    startMs === null ? [] : [{ fromMs: startMs, toMs: endMs ?? call.nowMs() }],
  );
  const from = leg.answeredMs ?? 0;
  const heardToMs = Math.max(from, ...voices.map(({ toMs }) => toMs));
  return longestGap({ fromMs: from, toMs: heardToMs }, [...voices, ...said, ...pauses, ...rung(call), ...taken(call)]);
}

/** The longest part of `whole` that none of the spans covers. */
export function longestGap(whole: Span, spans: readonly Span[]): Span {
  let longest: Span = { fromMs: whole.fromMs, toMs: whole.fromMs };
  let atMs = whole.fromMs;
  const end = { fromMs: whole.toMs, toMs: whole.toMs };
  for (const { fromMs, toMs } of [...spans, end].toSorted((a, b) => a.fromMs - b.fromMs)) {
    const untilMs = Math.min(fromMs, whole.toMs);
    if (untilMs - atMs > longest.toMs - longest.fromMs) longest = { fromMs: atMs, toMs: untilMs };
    atMs = Math.max(atMs, toMs);
  }
  return longest;
}

/** While staff's phones rang or were talked to. */
function rung({ dialed, leg }: SimCall): Span[] {
  return dialed.map((child) => {
    const fromMs = child.originMs - leg.originMs;
    return { fromMs: fromMs - NETWORK_MS, toMs: fromMs + (child.endedMs ?? Infinity) + NETWORK_MS };
  });
}

/** While a message was taken, or music played that nobody takes for speech: until the document after it. */
function taken({ documents, leg }: SimCall): Span[] {
  return documents.flatMap(({ twiml, atMs }, index) =>
    /<(Record|Enqueue|Pause)\b/.test(twiml)
      ? [{ fromMs: atMs, toMs: documents[index + 1]?.atMs ?? leg.endedMs ?? Infinity }]
      : [],
  );
}
