import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createLog } from '../../telemetry/log.ts';
import { type Hosts, startFakeTwilio } from '../twilio/index.ts';
import type { Question } from './call.ts';
import { startSyntheticCaller } from './caller.ts';

/**
 * A caller who never gives up: one call a minute, as the carrier would bring it, see docs/synthetic-caller.md.
 *
 *   TWILIO_ACCOUNT_SID=… TWILIO_AUTH_TOKEN=… npm run synthetic -- --public-url https://voice.example.com
 *     --service 127.0.0.1:3000 [--media wss://a.example.com=10.0.0.5:3000,…] [--from +1…] [--to +1…]
 *     [--every-seconds 60] [--metrics-port 9464] [--metrics-host 127.0.0.1]
 *     [--question WORDS --expects PATTERN | --sound FILE] [--once]
 *
 * One JSON line a call. With `--once` one call; exit code 0 when it went well.
 */
const { values } = parseArgs({
  options: {
    'public-url': { type: 'string' },
    service: { type: 'string' },
    media: { type: 'string', default: '' },
    from: { type: 'string', default: '+15005550006' },
    to: { type: 'string', default: '+15005550000' },
    'every-seconds': { type: 'string', default: '60' },
    'metrics-port': { type: 'string', default: '9464' },
    'metrics-host': { type: 'string', default: '127.0.0.1' },
    question: { type: 'string', default: 'What are your store hours?' },
    expects: { type: 'string', default: String.raw`\b(open|closed)\b|\d{1,2}:\d\d` },
    sound: { type: 'string' },
    once: { type: 'boolean', default: false },
  },
});

const everySecondsMin = 10;

function needed(name: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new RangeError(`${name} is needed`);
  return value;
}

function whole(name: 'every-seconds' | 'metrics-port', min: number): number {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < min)
    throw new RangeError(`--${name} must be a whole number from ${min}, not ${values[name]}`);
  return number;
}

function hostsOf(publicUrl: string, service: string, media: string): Hosts {
  const hosts: Hosts = { [publicUrl]: service, [publicUrl.replace(/^http/, 'ws')]: service };
  for (const pair of media.split(',').filter((each) => each !== '')) {
    const [name, address] = pair.split('=');
    hosts[needed('--media: a name', name)] = needed('--media: an address', address);
  }
  return hosts;
}

async function questionOf(): Promise<Question> {
  const { sound, question, expects } = values;
  if (sound !== undefined) return { kind: 'sound', file: await readFile(sound), name: sound };
  return { kind: 'words', text: question, expects: new RegExp(expects, 'i') };
}

const log = createLog('info');
const publicUrl = needed('--public-url', values['public-url']).replace(/\/+$/, '');
const authToken = needed('TWILIO_AUTH_TOKEN', process.env['TWILIO_AUTH_TOKEN']?.split(',')[0]);
const twilio = await startFakeTwilio({
  accountSid: needed('TWILIO_ACCOUNT_SID', process.env['TWILIO_ACCOUNT_SID']),
  authToken,
  number: {
    voiceUrl: `${publicUrl}/voice`,
    voiceFallbackUrl: `${publicUrl}/voice/fallback`,
    statusCallback: `${publicUrl}/voice/status`,
  },
  hosts: hostsOf(publicUrl, needed('--service', values.service), values.media),
});
const caller = await startSyntheticCaller({
  twilio,
  authToken,
  from: values.from,
  to: values.to,
  question: await questionOf(),
  everyMs: whole('every-seconds', everySecondsMin) * 1_000,
  host: values['metrics-host'],
  metricsPort: whole('metrics-port', 0),
  log,
});

async function end(code: number): Promise<void> {
  await caller.stop();
  await twilio.close();
  log.flush(() => process.exit(code));
}

if (values.once) {
  const { result } = await caller.once();
  await end(result === 'ok' ? 0 : 1);
} else {
  log.info({ metricsPort: caller.port }, 'the synthetic caller calls');
  caller.start();
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void end(0));
}
