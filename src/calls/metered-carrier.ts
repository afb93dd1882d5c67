import type { Metrics } from '../telemetry/metrics.ts';
import type { CarrierAnswer, CarrierPort } from './carrier.ts';

type Kind = 'ask' | 'list' | 'redirect' | 'replace' | 'place' | 'record';

/** The carrier's REST interface, every request counted and timed. */
export function meteredCarrier(
  carrier: CarrierPort,
  metrics: Pick<Metrics, 'carrierRequests' | 'carrierSeconds'>,
  now: () => number = () => performance.now(),
): CarrierPort {
  async function metered<T>(kind: Kind, request: Promise<T>, resultOf: (answer: T) => CarrierAnswer): Promise<T> {
    const startedAt = now();
    const answer = await request;
    metrics.carrierSeconds.observe((now() - startedAt) / 1_000);
    metrics.carrierRequests.inc({ kind, result: resultOf(answer) });
    return answer;
  }
  const said = (answer: CarrierAnswer): CarrierAnswer => answer;
  const there = (answer: unknown): CarrierAnswer => (answer === null ? 'failed' : 'done');
  return {
    ask: (callSid) => metered('ask', carrier.ask(callSid), there),
    redirect: (callSid, url) => metered('redirect', carrier.redirect(callSid, url), said),
    replace: (callSid, twiml) => metered('replace', carrier.replace(callSid, twiml), said),
    record: (callSid, to) => metered('record', carrier.record(callSid, to), said),
    live: () => metered('list', carrier.live(), there),
    place: (call) => metered('place', carrier.place(call), there),
  };
}
