import type { Leg } from './leg.ts';
import { type Run, Stopped } from './run.ts';
import { Left, type FlowPort, type Params, type Step } from './step.ts';
import type { XmlElement } from './xml.ts';

/** Waiting without a waitUrl: real Twilio plays music. */
const SILENT_WAIT_MS = 1_000;
const QUEUE_SIZE_MAX = 1_000;

/** `<Enqueue>`: the wait document again and again until it says Leave, REST redirects or the caller hangs up. Nobody dequeues here. */
export async function enqueue(leg: Leg, verb: XmlElement, run: Run, flow: FlowPort): Promise<Step> {
  const startedMs = leg.nowMs();
  const queueSid = leg.world.random.sid('QU');
  const seconds = (): string => String(Math.round((leg.nowMs() - startedMs) / 1000));
  const result = (word: string): Params => [
    ['QueueResult', word],
    ['QueueSid', queueSid],
    ['QueueTime', seconds()],
  ];
  const waitUrl = verb.attributes['waitUrl'] ?? '';
  try {
    for (;;) {
      if (waitUrl === '') {
        await run.wait(SILENT_WAIT_MS);
        continue;
      }
      const params: Params = [
        ['QueuePosition', '1'],
        ['QueueSid', queueSid],
        ['QueueTime', seconds()],
        ['AvgQueueTime', '0'],
        ['CurrentQueueSize', '1'],
        ['MaxQueueSize', String(QUEUE_SIZE_MAX)],
      ];
      const method = verb.attributes['waitUrlMethod'] === 'GET' ? 'GET' : 'POST';
      let step: Step = { url: flow.resolve(waitUrl), method, params };
      while (step !== null && step !== 'end') step = await flow.nested(step, run);
      if (step === 'end') return 'end';
    }
  } catch (error) {
    if (error instanceof Left) return flow.jump(verb, result('leave'));
    if (error instanceof Stopped && run.cause === 'hangup') flow.afterHangUp(verb, result('hangup'));
    if (error instanceof Stopped && run.cause === 'redirected') flow.afterHangUp(verb, result('redirected'));
    throw error;
  }
}
