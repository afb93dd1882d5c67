import { FRAME_BYTES, readWav } from '../voice/index.ts';
import { connect } from './connect.ts';
import { dial } from './dial.ts';
import { enqueue } from './enqueue.ts';
import type { Leg } from './leg.ts';
import { spoken } from './mouth.ts';
import { record, startRecording } from './record.ts';
import { type Run, Stopped } from './run.ts';
import { END, type FlowPort, Left, type Step } from './step.ts';
import type { XmlElement } from './xml.ts';

const PLAY_BYTES_MAX = 16 * 1024 * 1024;
/** A loop of 0 is endless: bounded here, the hang-up comes first. */
const LOOP_MAX = 1_000;
const GATHER_TIMEOUT_S = 5;

/** Runs one verb. Null hands control to the next verb; rejects with Stopped when the document was stopped. */
export async function runVerb(leg: Leg, verb: XmlElement, run: Run, flow: FlowPort): Promise<Step> {
  switch (verb.name) {
    case 'Say':
    case 'Play':
    case 'Pause':
      await sound(leg, verb, run, flow);
      return null;
    case 'Gather':
      return gather(leg, verb, run, flow);
    case 'Record':
      return record(leg, verb, run, flow);
    case 'Dial':
      return dial(leg, verb, run, flow);
    case 'Enqueue':
      return enqueue(leg, verb, run, flow);
    case 'Connect':
      return connect(leg, verb, run, flow);
    case 'Start':
      startRecording(leg, verb);
      return null;
    case 'Redirect':
      return {
        url: flow.resolve(verb.text.trim()),
        method: verb.attributes['method'] === 'GET' ? 'GET' : 'POST',
        params: [],
      };
    case 'Reject':
      leg.end(verb.attributes['reason'] === 'busy' ? 'busy' : 'no-answer', 'service');
      return END;
    case 'Leave':
      throw new Left();
    default:
      return END;
  }
}

async function sound(leg: Leg, verb: XmlElement, run: Run, flow: FlowPort): Promise<void> {
  if (verb.name === 'Pause') return run.wait(Number(verb.attributes['length'] ?? 1) * 1000);
  const loop = Number(verb.attributes['loop'] ?? 1);
  const frames = verb.name === 'Say' ? sayFrames(leg, verb.text) : await playFrames(leg, verb, run, flow);
  for (let time = 0; time < (loop === 0 ? LOOP_MAX : loop) && frames.length > 0; time++)
    await leg.playThrough(run, frames);
}

function sayFrames(leg: Leg, text: string): Uint8Array[] {
  leg.lines += 1;
  return spoken(text.trim().replace(/\s+/g, ' '), 'line', leg.lines).map((frame) => frame.bytes);
}

async function playFrames(leg: Leg, verb: XmlElement, run: Run, flow: FlowPort): Promise<Uint8Array[]> {
  const url = flow.resolve(verb.text.trim());
  if (url === '') return [];
  const { world } = leg;
  const { record: asked, body } = await run.until(
    world.web.ask({ url, method: 'GET', params: [], unsigned: true, bytesMax: PLAY_BYTES_MAX }),
  );
  try {
    if (asked.errorCode !== null || !asked.contentType.startsWith('audio/'))
      throw new Error(`answered ${asked.status} ${asked.contentType}`);
    const audio = /wav|wave/.test(asked.contentType) ? readWav(body) : body;
    const frames: Uint8Array[] = [];
    for (let at = 0; at < audio.length; at += FRAME_BYTES) frames.push(audio.subarray(at, at + FRAME_BYTES));
    return frames;
  } catch (error) {
    world.complain(`${leg.sid} <Play> ${url}: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}

/** Keys pressed since the verb began; the prompts inside end at the first one. */
async function gather(leg: Leg, verb: XmlElement, run: Run, flow: FlowPort): Promise<Step> {
  const digitsMax = verb.attributes['numDigits'] === undefined ? Infinity : Number(verb.attributes['numDigits']);
  const finishKeys = verb.attributes['finishOnKey'] ?? '#';
  const timeoutMs = Number(verb.attributes['timeout'] ?? GATHER_TIMEOUT_S) * 1000;
  let digits = '';
  let finished = false;
  let pressed: () => void = () => undefined;
  leg.keySink = (digit) => {
    if (finished) return;
    if (finishKeys.includes(digit)) finished = true;
    else digits += digit;
    if (digits.length >= digitsMax) finished = true;
    pressed();
  };
  const nextKey = (): Promise<'key'> =>
    new Promise((resolve) => {
      pressed = () => resolve('key');
    });
  const begun = (): boolean => digits !== '' || finished;
  try {
    for (const prompt of verb.children) {
      if (!begun()) await untilKey(leg, run, nextKey(), (inner) => sound(leg, prompt, inner, flow));
    }
    while (!finished) {
      const key = nextKey();
      const quiet = await untilKey(leg, run, key, (inner) => inner.wait(timeoutMs));
      if (quiet) break;
    }
  } finally {
    leg.keySink = null;
  }
  if (digits === '' && verb.attributes['actionOnEmptyResult'] !== 'true') return null;
  const self = { ...verb, attributes: { ...verb.attributes, action: verb.attributes['action'] ?? flow.baseUrl ?? '' } };
  return flow.jump(self, [
    ['Digits', digits],
    ['FinishedOnKey', finished && digits.length < digitsMax ? '#' : ''],
  ]);
}

/** True when the work came to its end before a key was pressed. */
async function untilKey(
  leg: Leg,
  run: Run,
  key: Promise<'key'>,
  work: (inner: Run) => Promise<void>,
): Promise<boolean> {
  const inner = run.child();
  const working = work(inner).then(
    () => 'done' as const,
    (error: unknown) => {
      if (error instanceof Stopped) return 'stopped' as const;
      throw error;
    },
  );
  try {
    const first = await run.until(Promise.race([key, working]));
    return first === 'done';
  } finally {
    inner.stop('redirected');
    await working;
    leg.clearAudio();
  }
}
