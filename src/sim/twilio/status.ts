import type { CallStatus, Leg } from './leg.ts';

interface StatusOptions {
  url: string;
  method: 'GET' | 'POST';
  /** Of initiated, ringing, answered, completed. */
  events: readonly string[];
}

const SIP_CODES: Partial<Record<CallStatus, string>> = {
  completed: '200',
  busy: '486',
  failed: '404',
  'no-answer': '487',
  canceled: '487',
};

/** Sends the status callbacks of one leg as it goes through its life; one that waits in the queue has not begun it. An inbound number gets only the final one. */
export function reportStatus(leg: Leg, options: StatusOptions): void {
  let sequence = 0;
  const tell = (event: string, status: CallStatus): void => {
    if (!options.events.includes(event)) return;
    const params: [string, string][] = leg
      .params()
      .map(([name, value]) => [name, name === 'CallStatus' ? status : value]);
    params.push(
      ['SequenceNumber', String(sequence)],
      ['Timestamp', rfc2822(new Date())],
      ['CallbackSource', 'call-progress-events'],
    );
    if (leg.final) {
      params.push(['CallDuration', String(leg.durationS())], ['Duration', String(Math.ceil(leg.durationS() / 60))]);
      params.push(['SipResponseCode', SIP_CODES[status] ?? '200']);
    }
    sequence += 1;
    leg.world.callbacks.send({
      callSid: leg.rootSid,
      url: options.url,
      method: options.method,
      params,
      record: (record) => leg.webhooks.push(record),
    });
  };
  const begin = (): void => {
    if (leg.options.direction !== 'inbound') tell('initiated', 'initiated');
    tell('ringing', 'ringing');
  };
  let begun = leg.status === 'ringing';
  if (begun) begin();
  const unwatch = leg.watch(() => {
    if (!begun && leg.status === 'ringing') {
      begun = true;
      begin();
    }
    if (leg.answeredMs === null) return;
    unwatch();
    tell('answered', 'in-progress');
  });
  void leg.done.then(() => {
    unwatch();
    tell('completed', leg.status);
  });
}

/** `Sun, 22 Nov 2026 10:00:00 +0000`. */
export function rfc2822(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}
