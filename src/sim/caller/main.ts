import { parseArgs } from 'node:util';
import { startFakeTwilio } from '../twilio/index.ts';
import { runConversation } from './conversation.ts';
import { loadScript } from './script.ts';
import { formatLine } from './transcript.ts';

/**
 * The fake Twilio and its callers as a process of their own, against a service that runs somewhere else:
 *
 *   TWILIO_ACCOUNT_SID=… TWILIO_AUTH_TOKEN=… toolchain/run src/sim/caller/main.ts --script FILE
 *     --service 127.0.0.1:3000 --public-url https://voice.example.com [--calls 10] [--every-ms 200] [--api-port 8085]
 *
 * One JSON line `{"apiUrl": …}` when its REST interface listens (the service's TWILIO_API_URL), the transcript where
 * there is one call, a JSON line for each call, one with the sums; exit code 0 when every call went as its script says.
 * Scripts that expect tools are judged without them: nobody here sees the service's tools.
 */
const { values } = parseArgs({
  options: {
    script: { type: 'string' },
    service: { type: 'string' },
    'public-url': { type: 'string' },
    calls: { type: 'string', default: '1' },
    'every-ms': { type: 'string', default: '200' },
    'api-port': { type: 'string', default: '0' },
  },
});

const write = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

function needed(name: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new RangeError(`${name} is needed`);
  return value;
}

function whole(name: 'calls' | 'every-ms' | 'api-port'): number {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < 0)
    throw new RangeError(`--${name} must be a whole number, not ${values[name]}`);
  return number;
}

const publicUrl = needed('--public-url', values['public-url']).replace(/\/+$/, '');
const service = needed('--service', values.service);
const script = await loadScript(needed('--script', values.script));
const untooled = { ...script, expect: { ...script.expect, tools: [] } };
const [calls, everyMs] = [whole('calls'), whole('every-ms')];
const twilio = await startFakeTwilio({
  accountSid: needed('TWILIO_ACCOUNT_SID', process.env['TWILIO_ACCOUNT_SID']),
  authToken: needed('TWILIO_AUTH_TOKEN', process.env['TWILIO_AUTH_TOKEN']?.split(',')[0]),
  number: {
    voiceUrl: `${publicUrl}/voice`,
    voiceFallbackUrl: `${publicUrl}/voice/fallback`,
    statusCallback: `${publicUrl}/voice/status`,
  },
  hosts: { [publicUrl]: service, [publicUrl.replace(/^http/, 'ws')]: service },
  apiPort: whole('api-port'),
});
write({ apiUrl: twilio.apiUrl });

async function one(index: number): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, index * everyMs));
  const onLine =
    calls === 1
      ? { onLine: (line: Parameters<typeof formatLine>[0]) => process.stdout.write(`${formatLine(line)}\n`) }
      : {};
  const { ok, failures, callSid, status, firstWordMs, turnsMs } = await runConversation(untooled, twilio, onLine);
  write({ callSid, ok, failures, status, firstWordMs, turnsMs });
  return ok;
}

const results = await Promise.all(Array.from({ length: calls }, (_, index) => one(index)));
await twilio.close();
const good = results.filter(Boolean).length;
write({ calls, good, complaints: twilio.complaints, warnings: twilio.warnings });
process.exitCode = good === calls && twilio.complaints.length === 0 ? 0 : 1;
