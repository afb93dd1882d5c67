import type { XmlElement } from '../../src/sim/twilio/xml.ts';
import { CHARS_PER_SECOND } from '../../src/sim/voice/encode.ts';
import { sign } from './sign.ts';
import { END, type Step, type VerbCall } from './step.ts';
import { MediaStream, type StreamEnd } from './stream.ts';

const secondMs = 1_000;
const gatherTimeoutS = 5;
const beepMs = 500;
const recordTimeoutS = 5;
/** Nobody takes the phones that a load test rings. */
const ringMsMax = 2_000;
const dialTimeoutS = 30;

/** Runs one verb; null hands control to the next one. */
export async function runVerb(call: VerbCall, verb: XmlElement): Promise<Step> {
  switch (verb.name) {
    case 'Say':
    case 'Play':
    case 'Pause':
      await sound(call, verb);
      return null;
    case 'Gather':
      return gather(call, verb);
    case 'Record':
      // The caller says nothing: the carrier goes on with the next verb.
      await call.wait(beepMs + secondsOf(verb, 'timeout', recordTimeoutS) * secondMs);
      return null;
    case 'Dial':
      return dial(call, verb);
    case 'Connect':
      return connect(call, verb);
    case 'Start':
      return null;
    case 'Redirect': {
      const method = verb.attributes['method'] === 'GET' ? 'GET' : 'POST';
      return { url: call.resolve(verb.text.trim()), method, params: [] };
    }
    case 'Reject':
      call.end(verb.attributes['reason'] === 'busy' ? 'busy' : 'no-answer', 'service');
      return END;
    default:
      return END;
  }
}

const secondsOf = (verb: XmlElement, name: string, fallback: number): number =>
  Number(verb.attributes[name] ?? fallback);

async function sound(call: VerbCall, verb: XmlElement): Promise<void> {
  if (verb.name === 'Pause') return void (await call.wait(secondsOf(verb, 'length', 1) * secondMs));
  if (verb.name === 'Say') {
    await call.wait((verb.text.trim().length / CHARS_PER_SECOND) * secondMs);
    return;
  }
  const ms = await call.until(call.world.web.soundMs(call.resolve(verb.text.trim())));
  if (ms !== null) await call.wait(ms);
  else if (!call.isOver) call.world.figures.count('aida_sounds_failed');
}

/** Nobody presses a key while there is no stream. */
async function gather(call: VerbCall, verb: XmlElement): Promise<Step> {
  for (const prompt of verb.children) await sound(call, prompt);
  if (!(await call.wait(secondsOf(verb, 'timeout', gatherTimeoutS) * secondMs))) return END;
  if (verb.attributes['actionOnEmptyResult'] !== 'true') return null;
  const self = { ...verb, attributes: { action: call.baseUrl, ...verb.attributes } };
  return call.jump(self, [['Digits', '']]);
}

async function dial(call: VerbCall, verb: XmlElement): Promise<Step> {
  const childSid = `CA${call.world.ids.hex(32)}`;
  const number = verb.children.find(({ name }) => name === 'Number');
  const tell = (status: string, sequence: number): void => {
    const url = number?.attributes['statusCallback'];
    if (url === undefined) return;
    const own = new Map(call.params());
    own.set('CallSid', childSid).set('ParentCallSid', call.sid).set('CallStatus', status);
    own.set('Direction', 'outbound-dial').set('To', number?.text.trim() ?? '');
    own.set('SequenceNumber', String(sequence)).set('CallbackSource', 'call-progress-events');
    call.world.callbacks.send(call.resolve(url), [...own]);
  };
  tell('initiated', 0);
  tell('ringing', 1);
  const isThere = await call.wait(Math.min(ringMsMax, secondsOf(verb, 'timeout', dialTimeoutS) * secondMs));
  tell('no-answer', 2);
  if (!isThere) return END;
  return call.jump(verb, [
    ['DialCallStatus', 'no-answer'],
    ['DialCallSid', childSid],
    ['DialBridged', 'false'],
  ]);
}

async function connect(call: VerbCall, verb: XmlElement): Promise<Step> {
  const element = verb.children[0];
  if (!element) return null;
  const { network, settings, ids, addresses, callbacks } = call.world;
  const publicUrl = element.attributes['url'] ?? '';
  const sid = `MZ${ids.hex(32)}`;
  const tell = (event: string, error: string | null = null): void => {
    const url = element.attributes['statusCallback'];
    if (url === undefined) return;
    callbacks.send(url, [
      ['AccountSid', settings.accountSid],
      ['CallSid', call.sid],
      ['StreamSid', sid],
      ['StreamName', element.attributes['name'] ?? sid],
      ['StreamEvent', event],
      ...(error === null ? [] : [['StreamError', error] as const]),
      ['Timestamp', new Date().toISOString()],
    ]);
  };
  const address = addresses.find(publicUrl);
  const signature = sign((key, data) => network.hmac(key, data), settings.token, publicUrl);
  const stream = new MediaStream(
    {
      url: address.url,
      headers: { 'X-Twilio-Signature': signature, ...(address.host === null ? {} : { Host: address.host }) },
      sid,
      callSid: call.sid,
      accountSid: settings.accountSid,
      parameters: Object.fromEntries(
        element.children.map(({ attributes }) => [attributes['name'] ?? '', attributes['value'] ?? '']),
      ),
      loss: settings.loss,
      jitterMsMax: settings.jitterMsMax,
    },
    call.world,
    call.talker,
    () => {
      call.streamOpened();
      tell('stream-started');
    },
  );
  call.stream = stream;
  const end: StreamEnd = await stream.ended;
  call.streamClosed();
  if (end.by === 'refused') {
    call.trouble ??= end.isUnreachable ? 'stream_unreachable' : 'stream_refused';
    tell('stream-error', `${end.isUnreachable ? 31_901 : 31_920} ${end.text.slice(0, 120)}`);
  } else if (end.by === 'broken') {
    call.trouble = 'stream_broken';
    tell('stream-error', '31921 the socket broke');
  } else tell('stream-stopped');
  const next = call.jump(verb, []);
  if (!call.isOver) return next;
  // Asked for its own sake: what it answers runs nowhere.
  if (next !== null) callbacks.send(next.url, call.params());
  return END;
}
