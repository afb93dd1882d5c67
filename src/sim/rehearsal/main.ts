import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Experience } from '../chaos/patron.ts';
import { staff } from '../chaos/stories.ts';
import { OVERRIDES } from '../fleet.ts';
import { startFakeModel } from '../model/index.ts';
import { startFakeTwilio } from '../twilio/index.ts';
import { promote } from './promotion.ts';

/**
 * The carrier, its callers and the model, simulated, for a deployment that has everything else for real:
 *
 *   TWILIO_ACCOUNT_SID=… TWILIO_AUTH_TOKEN=… node src/sim/rehearsal/main.ts --public-host aida.example.com
 *     --service 127.0.0.1:8080 [--host 127.0.0.1] [--model-port 0] [--carrier-port 0] [--carrier-url http://…]
 *     [--calls 60] [--at-once 6] [--seed 7] [--stay]
 *
 * One JSON line with the addresses, one for each call, one at the end. The exit code is 0 when no caller was let down and
 * neither the carrier nor the model had anything to complain of. With `--stay` a caller comes now and then until SIGTERM.
 */
const { values } = parseArgs({
  options: {
    'public-host': { type: 'string' },
    service: { type: 'string' },
    host: { type: 'string', default: '127.0.0.1' },
    'model-port': { type: 'string', default: '0' },
    'carrier-port': { type: 'string', default: '0' },
    'carrier-url': { type: 'string' },
    calls: { type: 'string', default: '60' },
    'at-once': { type: 'string', default: '6' },
    seed: { type: 'string', default: '7' },
    stay: { type: 'boolean', default: false },
  },
});

const LOOK_MS = 500;
const READY_MS_MAX = 180_000;
/** What the fakes remember of calls that are over would grow for ever. */
const FORGET_EVERY = 60;
const VISIT_MS = 15_000;
/** Twice as fast as people talk. */
const CHARS_PER_SECOND = 32;

const say = (line: Record<string, unknown>): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

function needed(name: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new RangeError(`${name} is needed`);
  return value;
}

function whole(name: 'model-port' | 'carrier-port' | 'calls' | 'at-once' | 'seed'): number {
  if (!/^\d{1,9}$/.test(values[name])) throw new RangeError(`--${name} must be a whole number, not ${values[name]}`);
  return Number(values[name]);
}

const publicUrl = `https://${needed('--public-host', values['public-host'])}`;
const service = needed('--service', values.service);
const { host } = values;
const model = await startFakeModel({ host, port: whole('model-port'), charsPerSecond: CHARS_PER_SECOND });
const twilio = await startFakeTwilio({
  accountSid: needed('TWILIO_ACCOUNT_SID', process.env['TWILIO_ACCOUNT_SID']),
  authToken: needed('TWILIO_AUTH_TOKEN', process.env['TWILIO_AUTH_TOKEN']?.split(',')[0]),
  apiPort: whole('carrier-port'),
  apiHost: host,
  staff,
  hosts: { [publicUrl]: service, [publicUrl.replace('https', 'wss')]: service },
  number: {
    voiceUrl: `${publicUrl}/voice${OVERRIDES}`,
    voiceFallbackUrl: `${publicUrl}/voice/fallback`,
    statusCallback: `${publicUrl}/voice/status${OVERRIDES}`,
  },
});
if (values['carrier-url'] !== undefined) twilio.apiUrl = values['carrier-url'];
say({ msg: 'ready', model: model.url, api: model.apiUrl, carrier: twilio.apiUrl });

const ending = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort());
const { signal } = ending;

/** A webhook without a signature is refused by a node that works. */
async function isAnswered(): Promise<boolean> {
  const answer = await fetch(`http://${service}/voice`, { method: 'POST', body: '' }).catch(() => null);
  return answer?.status === 403;
}

async function untilAnswered(): Promise<boolean> {
  for (const untilMs = performance.now() + READY_MS_MAX; performance.now() < untilMs && !signal.aborted;) {
    if (await isAnswered()) return true;
    await wait(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

function told(story: string, { call, lost, isDegraded }: Experience): void {
  say({ msg: 'a call is over', callSid: call.sid, story, lost, isDegraded, streams: call.streams.length });
}

let isGood = await untilAnswered();
if (isGood) {
  const shared = { twilio, signal, onOver: told };
  const calls = whole('calls');
  const seed = whole('seed');
  const experiences = await promote({ ...shared, calls, atOnce: whole('at-once'), seed });
  const lost = experiences.filter((one) => one.lost !== null).length;
  const degraded = experiences.filter((one) => one.isDegraded).length;
  const complaints = [...twilio.complaints, ...model.complaints];
  isGood = signal.aborted || (lost === 0 && complaints.length === 0);
  say({ msg: 'the promotion is over', calls: experiences.length, lost, degraded, complaints });
  for (let first = calls; values.stay && !signal.aborted; first += 1) {
    await promote({ ...shared, calls: 1, atOnce: 1, seed: seed + first, first });
    if (first % FORGET_EVERY === 0) twilio.forget();
    await wait(VISIT_MS, undefined, { signal }).catch(() => undefined);
  }
} else say({ msg: 'nobody answers', service });
await twilio.close();
await model.close();
process.exitCode = isGood ? 0 : 1;
