import { notFound, type RestAnswer, type RestAsk, restError } from './rest-answer.ts';
import type { World } from './world.ts';

/** A telephone number of the account, as the console shows it. '' is unset. */
export interface PhoneNumber {
  sid: string;
  phoneNumber: string;
  friendlyName: string;
  voiceUrl: string;
  voiceMethod: string;
  voiceFallbackUrl: string;
  voiceFallbackMethod: string;
  statusCallback: string;
  statusCallbackMethod: string;
  /** Wins over `voiceUrl`. */
  voiceApplicationSid: string;
  /** Wins over both. */
  trunkSid: string;
}

/** Form field → what it sets. */
const FIELDS: Readonly<Record<string, keyof PhoneNumber>> = {
  VoiceUrl: 'voiceUrl',
  VoiceMethod: 'voiceMethod',
  VoiceFallbackUrl: 'voiceFallbackUrl',
  VoiceFallbackMethod: 'voiceFallbackMethod',
  StatusCallback: 'statusCallback',
  StatusCallbackMethod: 'statusCallbackMethod',
  VoiceApplicationSid: 'voiceApplicationSid',
};
const URL_LENGTH_MAX = 4_000;
const PAGE_SIZE = 50;

/** `GET /IncomingPhoneNumbers.json`, filtered by `PhoneNumber`. */
export function listNumbers(world: World, query: URLSearchParams): RestAnswer {
  const wanted = query.get('PhoneNumber');
  const found = world.phoneNumbers.filter(({ phoneNumber }) => wanted === null || phoneNumber === wanted);
  const page_size = Number(query.get('PageSize') ?? PAGE_SIZE) || PAGE_SIZE;
  const body = { incoming_phone_numbers: found.map((one) => numberJson(world, one)), page: 0, page_size };
  return { status: 200, body: { ...body, next_page_uri: null } };
}

/** `POST /IncomingPhoneNumbers/PN….json`: sets what is given, and leaves the rest. */
export function updateNumber(world: World, sid: string, ask: RestAsk): RestAnswer {
  const number = world.phoneNumbers.find((one) => one.sid === sid);
  if (!number) return notFound(`/IncomingPhoneNumbers/${sid}.json`);
  for (const [name, value] of ask.form) {
    const field = FIELDS[name];
    const fault = field === undefined ? `${name} is not known` : faultOf(field, value);
    if (fault) {
      world.complain(`REST update of ${sid}: ${fault}`);
      return restError(400, 21_502, fault);
    }
  }
  for (const [name, value] of ask.form) {
    const field = FIELDS[name];
    if (field) number[field] = value;
  }
  return { status: 200, body: numberJson(world, number) };
}

function faultOf(field: keyof PhoneNumber, value: string): string | null {
  if (field.endsWith('Method')) return /^(GET|POST)$/.test(value) ? null : `${field} ${value}`;
  if (field === 'voiceApplicationSid') return /^(AP[0-9a-f]{32})?$/.test(value) ? null : `${field} ${value}`;
  const isUrl = value === '' || (/^https?:\/\/[^\s_/]+\//.test(value) && value.length <= URL_LENGTH_MAX);
  return isUrl ? null : `${field} ${value} is not a URL`;
}

const numberJson = ({ accountSid }: World, one: PhoneNumber) => ({
  sid: one.sid,
  account_sid: accountSid,
  phone_number: one.phoneNumber,
  friendly_name: one.friendlyName,
  voice_url: one.voiceUrl,
  voice_method: one.voiceMethod,
  voice_fallback_url: one.voiceFallbackUrl,
  voice_fallback_method: one.voiceFallbackMethod,
  status_callback: one.statusCallback,
  status_callback_method: one.statusCallbackMethod,
  voice_application_sid: one.voiceApplicationSid === '' ? null : one.voiceApplicationSid,
  trunk_sid: one.trunkSid === '' ? null : one.trunkSid,
});
