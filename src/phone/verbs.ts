import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { BYTES_PER_MS } from '../services/mulaw.ts';
import type { Keypad } from './keypad.ts';
import { MediaRelay } from './media-relay.ts';
import type { Params, ServiceDoor } from './service-door.ts';
import type { LineSignal } from './signals.ts';
import type { Verb } from './twiml-reader.ts';
import { mulawOf } from './wav.ts';

/** Null: the next verb; `end`: the call is over; else the document that is asked for next. */
export type Next = null | 'end' | { url: string; params: Params };

/** What a verb needs of the call that it runs in. */
export interface VerbDeps {
  door: ServiceDoor;
  accountSid: string;
  callSid: string;
  keypad: Keypad;
  tell(signal: LineSignal): void;
  /** A message of a media stream, to the page. */
  pass(message: string): void;
  /** Plays until it was heard, or `signal` aborts: then it rejects. */
  play(mulaw: Uint8Array, signal: AbortSignal): Promise<void>;
  /** The words as sound; null where no voice can be had. */
  speak(text: string, signal: AbortSignal): Promise<Uint8Array | null>;
  /** Where what the page says of its stream goes; null: nowhere. */
  connect(relay: MediaRelay | null): void;
  /** Tells a callback, in its own time. */
  report(url: string, params: Params): void;
  /** How long nobody answers a telephone that cannot be rung. */
  ringMs: number;
  /** Absolute, against the document's own URL. */
  resolve(url: string): string;
}

const PAUSE_S = 1;
const GATHER_TIMEOUT_S = 5;
const MS_PER_CHARACTER = 60;
const SAY_MS_MIN = 1_000;
/** 0 is endless at the carrier. */
const LOOPS_MAX = 100;
const SHOWN_DIGITS = 4;

type Run = (verb: Verb, deps: VerbDeps, signal: AbortSignal) => Promise<Next>;

const verbs: Record<string, Run> = {
  Say: speak,
  Play: play,
  async Pause(verb, _deps, signal) {
    await pause(seconds(verb, 'length', PAUSE_S), undefined, { signal });
    return null;
  },
  Gather: gather,
  Connect: connect,
  Dial: dial,
  Record: record,
  Start: start,
  Redirect: (verb, deps) => Promise.resolve({ url: deps.resolve(verb.text.trim()), params: [] }),
  Hangup: () => Promise.resolve('end'),
  Reject(_verb, { tell }) {
    tell({ line: 'note', text: 'The call is rejected: a telephone would hear the busy tone.' });
    return Promise.resolve('end');
  },
};

/** Runs one verb. Rejects with what aborts `signal`. */
export function runVerb(verb: Verb, deps: VerbDeps, signal: AbortSignal): Promise<Next> {
  const run = verbs[verb.name];
  if (run) return run(verb, deps, signal);
  deps.tell({ line: 'note', text: `<${verb.name}> is nothing that this phone can do: the call goes on without it.` });
  return Promise.resolve(null);
}

async function speak(verb: Verb, deps: VerbDeps, signal: AbortSignal): Promise<Next> {
  const text = verb.text.trim();
  deps.tell({ line: 'words', text });
  const sound = await deps.speak(text, signal);
  if (sound) await deps.play(sound, signal);
  else await pause(Math.max(SAY_MS_MIN, text.length * MS_PER_CHARACTER), undefined, { signal });
  return null;
}

async function play(verb: Verb, deps: VerbDeps, signal: AbortSignal): Promise<Next> {
  const file = await deps.door.sound(deps.resolve(verb.text.trim()), signal);
  const sound = file && mulawOf(file);
  if (!sound) {
    deps.tell({ line: 'note', text: 'A sound that should play here could not be fetched.' });
    return null;
  }
  const asked = Number(verb.attributes['loop'] ?? 1);
  const loops = asked === 0 ? LOOPS_MAX : Math.min(asked || 1, LOOPS_MAX);
  for (let loop = 0; loop < loops; loop += 1) await deps.play(sound, signal);
  return null;
}

async function gather(verb: Verb, deps: VerbDeps, signal: AbortSignal): Promise<Next> {
  const { keypad, tell, resolve } = deps;
  const digitsMax = Number(verb.attributes['numDigits'] ?? Number.POSITIVE_INFINITY);
  const finish = verb.attributes['finishOnKey'] ?? '#';
  const timeoutMs = seconds(verb, 'timeout', GATHER_TIMEOUT_S);
  const prompts = new AbortController();
  keypad.listen(() => prompts.abort());
  tell({ line: 'keys', wanted: true });
  try {
    await unlessAborted(runAll(verb.children, deps, AbortSignal.any([signal, prompts.signal])), signal);
    let digits = '';
    for (;;) {
      const digit = await keypad.next(timeoutMs, signal);
      if (digit === null || (finish !== '' && finish.includes(digit))) break;
      digits += digit;
      if (digits.length >= digitsMax) break;
    }
    const isAsked = digits !== '' || verb.attributes['actionOnEmptyResult'] === 'true';
    const action = verb.attributes['action'];
    return isAsked && action !== undefined ? { url: resolve(action), params: [['Digits', digits]] } : null;
  } finally {
    keypad.deafen();
    tell({ line: 'keys', wanted: false });
  }
}

async function runAll(children: readonly Verb[], deps: VerbDeps, signal: AbortSignal): Promise<void> {
  for (const child of children) await runVerb(child, deps, signal);
}

/** A prompt that a key has cut short is done; one that the call's end has cut short is not. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  await work.catch((error: unknown) => {
    signal.throwIfAborted();
    if (!(error instanceof Error && error.name === 'AbortError')) throw error;
  });
}

/** `<Connect><Stream>`: until the node closes, the socket fails, or the call goes elsewhere. */
async function connect(verb: Verb, deps: VerbDeps, signal: AbortSignal): Promise<Next> {
  const [element] = verb.children;
  const url = element?.attributes['url'] ?? '';
  if (element?.name !== 'Stream' || !/^wss:\/\/[^/]/.test(url)) {
    deps.tell({ line: 'note', text: 'The stream that should begin here has no address.' });
    return actionOf(verb, deps);
  }
  const streamSid = `MZ${randomBytes(16).toString('hex')}`;
  const parameters = Object.fromEntries(
    element.children.map(({ attributes }) => [attributes['name'] ?? '', attributes['value'] ?? '']),
  );
  const report = (event: string, error?: string): void => {
    const { statusCallback } = element.attributes;
    if (statusCallback === undefined) return;
    deps.report(deps.resolve(statusCallback), [
      ['StreamSid', streamSid],
      ['StreamName', element.attributes['name'] ?? streamSid],
      ['StreamEvent', event],
      ...(error === undefined ? [] : [['StreamError', error] as const]),
      ['Timestamp', new Date().toISOString()],
    ]);
  };
  const { promise: ended, resolve: end } = Promise.withResolvers<'closed' | 'broken' | 'refused' | 'left'>();
  const { urls, headers } = deps.door.streamPlaces(url);
  const relay: MediaRelay = new MediaRelay(urls, headers, {
    onOpen() {
      deps.connect(relay);
      deps.tell({ line: 'stream', accountSid: deps.accountSid, callSid: deps.callSid, streamSid, parameters });
      report('stream-started');
    },
    onMessage: (message) => deps.pass(message),
    onEnd: end,
  });
  const leave = (): void => end('left');
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  const how = await ended;
  signal.removeEventListener('abort', leave);
  relay.close();
  deps.connect(null);
  deps.tell({ line: 'streamEnded' });
  if (how === 'refused') report('stream-error', '31920 the handshake failed');
  else if (how === 'broken') report('stream-error', '31921 the socket broke');
  else report('stream-stopped');
  signal.throwIfAborted();
  return actionOf(verb, deps);
}

/** Nobody can be rung from here: the call goes on as it does when nobody answers. */
async function dial(verb: Verb, deps: VerbDeps, signal: AbortSignal): Promise<Next> {
  const numbers = verb.children.filter(({ name }) => name === 'Number').map(({ text }) => text.trim());
  const rung = numbers.map((number) => `a telephone that ends in ${number.slice(-SHOWN_DIGITS)}`).join(', and ');
  deps.tell({
    line: 'note',
    text: `Now ${rung || 'a telephone'} would ring. A browser cannot ring it, so here nobody answers.`,
  });
  await pause(deps.ringMs, undefined, { signal });
  return actionOf(verb, deps, [
    ['DialCallStatus', 'no-answer'],
    ['DialCallSid', `CA${randomBytes(16).toString('hex')}`],
    ['DialCallDuration', '0'],
    ['DialBridged', 'false'],
  ]);
}

/** As the carrier does where nothing was said: no action is asked, the next verb runs. */
function record(_verb: Verb, { tell }: VerbDeps): Promise<Next> {
  tell({
    line: 'note',
    text: 'Now a telephone would record a message. A browser cannot leave one: the call goes on as if nothing was said.',
  });
  return Promise.resolve(null);
}

function start(verb: Verb, { tell }: VerbDeps): Promise<Next> {
  if (verb.children.some(({ name }) => name === 'Recording'))
    tell({ line: 'note', text: 'From here on a telephone call would be recorded. This one is not.' });
  return Promise.resolve(null);
}

function actionOf(verb: Verb, deps: VerbDeps, params: Params = []): Next {
  const { action } = verb.attributes;
  return action === undefined ? null : { url: deps.resolve(action), params };
}

/** In milliseconds. */
function seconds(verb: Verb, attribute: string, otherwise: number): number {
  return Number(verb.attributes[attribute] ?? otherwise) * 1_000;
}

/** How long a sound plays. */
export function lengthMs(mulaw: Uint8Array): number {
  return mulaw.length / BYTES_PER_MS;
}
