import twilio from 'twilio';
import type { Config } from '../config.ts';

/** What a number of the account is to be set to, under the names of the carrier's SDK. */
export interface NumberChange {
  name: keyof NumberSettings;
  is: string;
  becomes: string;
}

export interface NumberSettings {
  voiceApplicationSid: string;
  voiceUrl: string;
  voiceMethod: string;
  voiceFallbackUrl: string;
  voiceFallbackMethod: string;
  statusCallback: string;
  statusCallbackMethod: string;
}

export interface AccountNumber {
  sid: string;
  phoneNumber: string;
  /** Where it is not null the carrier reads nothing else of the number's voice. */
  trunkSid: string | null;
  changes: NumberChange[];
}

type Account = Pick<Config, 'twilio' | 'publicUrl'>;

const ANSWER_MS_MAX = 10_000;
const NUMBERS_MAX = 1_000;
/** The carrier asks again where nobody answers: connect 1 s, read 2.5 s, three times, at any of our addresses. */
const OVERRIDES = '#ct=1000&rt=2500&rc=3&rp=all';

/** As a number must be set for `publicUrl`. */
export const wantedOf = (publicUrl: string): NumberSettings => ({
  // An application would win over the addresses below.
  voiceApplicationSid: '',
  voiceUrl: `${publicUrl}/voice${OVERRIDES}`,
  voiceMethod: 'POST',
  voiceFallbackUrl: `${publicUrl}/voice/fallback`,
  voiceFallbackMethod: 'POST',
  statusCallback: `${publicUrl}/voice/status${OVERRIDES}`,
  statusCallbackMethod: 'POST',
});

function clientOf({ twilio: { accountSid, authTokens, apiUrl } }: Account) {
  const client = twilio(accountSid, authTokens[0], { edge: '', region: '', timeout: ANSWER_MS_MAX });
  client.api.baseUrl = apiUrl;
  return client;
}

/** Numbers of the account, or the one of them, each with what would have to change. */
export async function readNumbers(account: Account, phoneNumber: string | null): Promise<AccountNumber[]> {
  const filter = phoneNumber === null ? {} : { phoneNumber };
  const numbers = await clientOf(account).incomingPhoneNumbers.list({ ...filter, limit: NUMBERS_MAX });
  const wanted = Object.entries(wantedOf(account.publicUrl)) as [keyof NumberSettings, string][];
  return numbers.map((number) => ({
    sid: number.sid,
    phoneNumber: number.phoneNumber,
    trunkSid: number.trunkSid || null,
    changes: wanted
      .map(([name, becomes]) => ({ name, is: number[name] ?? '', becomes }))
      .filter(({ is, becomes }) => is !== becomes),
  }));
}

/** Sets what differs, and nothing else. */
export async function changeNumber(account: Account, { sid, changes }: AccountNumber): Promise<void> {
  const settings = Object.fromEntries(changes.map(({ name, becomes }) => [name, becomes]));
  await clientOf(account).incomingPhoneNumbers(sid).update(settings);
}
