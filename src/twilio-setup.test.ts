import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { PUBLIC_URL, strangeNumber } from './doctor/account.fixture.ts';
import { wantedOf } from './doctor/number.ts';
import { type FakeTwilio, type PhoneNumber, startFakeTwilio } from './sim/twilio/index.ts';

const account = { accountSid: `AC${'a'.repeat(32)}`, authToken: 'token-of-the-account' };
let twilio: FakeTwilio;
afterEach(() => twilio.close());

async function start(phoneNumbers: PhoneNumber[]): Promise<void> {
  const number = { voiceUrl: `${PUBLIC_URL}/voice`, voiceFallbackUrl: '', statusCallback: '' };
  twilio = await startFakeTwilio({ ...account, hosts: {}, number, phoneNumbers });
}

function run(args: readonly string[], change: Record<string, string> = {}): Promise<{ code: number; out: string }> {
  const env = {
    PATH: process.env['PATH'],
    PUBLIC_URL,
    EMBEDDED: '1',
    TWILIO_ACCOUNT_SID: account.accountSid,
    TWILIO_AUTH_TOKEN: account.authToken,
    TWILIO_API_URL: twilio.apiUrl,
    OPENAI_API_KEY: 'key',
    ...change,
  };
  return new Promise((resolve) => {
    const file = join(import.meta.dirname, 'twilio-setup.ts');
    execFile(process.execPath, [file, ...args], { env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out: out + err }),
    );
  });
}

test('shows what would change and changes nothing; with --yes it changes just that; then there is nothing to do', async () => {
  const number = strangeNumber();
  await start([number]);
  const shown = await run([]);
  expect(shown.code).toBe(0);
  expect(shown.out).toContain(`voiceUrl: https://demo.twilio.com/welcome/voice/ → ${PUBLIC_URL}/voice#ct=1000`);
  expect(shown.out).toContain('Nothing was changed');
  expect(number).toEqual(strangeNumber());
  expect(twilio.requests.map(({ method }) => method)).toEqual(['GET']);

  expect((await run(['--yes', '--number', number.phoneNumber])).code).toBe(0);
  expect(number).toEqual({ ...strangeNumber(), ...wantedOf(PUBLIC_URL) });
  const [set] = twilio.requests.filter(({ method }) => method === 'POST');
  expect(Object.keys(set?.form ?? {}).toSorted()).toEqual([
    'StatusCallback',
    'VoiceApplicationSid',
    'VoiceFallbackUrl',
    'VoiceUrl',
  ]);
  expect((await run([])).out).toContain('is as it should be');
  expect(twilio.complaints).toEqual([]);
});

test('asks which number is meant, and refuses in a line what cannot be', async () => {
  const other = strangeNumber({ sid: `PN${'3'.repeat(32)}`, phoneNumber: '+12075550199' });
  await start([strangeNumber(), other]);
  expect(await run([])).toEqual({ code: 1, out: 'which of these? --number +12075550142, +12075550199\n' });
  other.trunkSid = `TK${'4'.repeat(32)}`;
  expect(await run(['--yes', '--number', other.phoneNumber])).toEqual({
    code: 1,
    out: `+12075550199 belongs to the trunk ${other.trunkSid}, which wins over its addresses: take it off there\n`,
  });
  expect((await run(['--number', '+12075550111'])).out).toContain('the account has no number +12075550111');
  expect((await run(['--number', '5550111'])).out).toContain('usage:');
  expect((await run([], { TWILIO_AUTH_TOKEN: 'another-token' })).out).toMatch(/^the carrier's interface: .+\n$/);
  expect((await run([], { PUBLIC_URL: 'http://voice.example.com' })).out).toContain('must be https');
});
