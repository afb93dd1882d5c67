import type { Leg } from './leg.ts';
import type { Run } from './run.ts';
import type { FlowPort, Jump } from './step.ts';
import { MediaStream, type StreamEnd } from './stream.ts';
import type { XmlElement } from './xml.ts';

/** `<Connect><Stream>`: until the service closes, the socket fails, REST redirects or the caller hangs up. */
export async function connect(leg: Leg, verb: XmlElement, run: Run, flow: FlowPort): Promise<Jump | null> {
  const element = verb.children[0];
  if (!element) return null;
  const url = element.attributes['url'] ?? '';
  const parameters = Object.fromEntries(
    element.children.map((child) => [child.attributes['name'] ?? '', child.attributes['value'] ?? '']),
  );
  const { streamDelayMs } = leg.world.faults;
  if (streamDelayMs > 0) await run.wait(streamDelayMs);
  const stream = new MediaStream(leg, { url, name: element.attributes['name'] ?? null, parameters });
  leg.streams.push(stream);
  const tell = (event: string, error?: string): void => report(leg, element, stream, event, error);
  const unwatch = leg.watch(() => {
    if (stream.startedMs === null) return;
    unwatch();
    tell('stream-started');
  });
  try {
    const end = await run.until(stream.ended);
    unwatch();
    if (end.by === 'refused') {
      leg.world.warn(end.code, `${leg.sid}: ${end.text}`);
      tell('stream-error', `${end.code} ${end.text}`);
    } else {
      tell(
        end.by === 'broken' ? 'stream-error' : 'stream-stopped',
        end.by === 'broken' ? '31921 the socket broke' : undefined,
      );
    }
    await settle(leg, run, end);
    return flow.jump(verb, []);
  } finally {
    unwatch();
    if (!stream.end) {
      stream.stop();
      tell('stream-stopped');
    }
    if (run.cause === 'hangup') flow.afterHangUp(verb, []);
  }
}

/** What Twilio does after a socket that broke is documented loosely: the faults choose. */
async function settle(leg: Leg, run: Run, end: StreamEnd): Promise<void> {
  if (end.by !== 'broken') return;
  if (leg.world.faults.brokenStream === 'callEnds') leg.end('completed', 'network');
  if (leg.world.faults.brokenStream === 'silence') await run.until(new Promise<never>(() => undefined));
  run.check();
}

function report(leg: Leg, element: XmlElement, stream: MediaStream, event: string, error: string | undefined): void {
  const url = element.attributes['statusCallback'];
  if (url === undefined) return;
  leg.world.callbacks.send({
    callSid: leg.rootSid,
    url,
    method: element.attributes['statusCallbackMethod'] === 'GET' ? 'GET' : 'POST',
    params: [
      ['AccountSid', leg.world.accountSid],
      ['CallSid', leg.sid],
      ['StreamSid', stream.sid],
      ['StreamName', stream.options.name ?? stream.sid],
      ['StreamEvent', event],
      ...(error === undefined ? [] : [['StreamError', error] as const]),
      ['Timestamp', new Date().toISOString()],
    ],
    record: (record) => leg.webhooks.push(record),
  });
}
