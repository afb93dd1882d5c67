import type { PhoneNumber } from '../sim/twilio/index.ts';

export const PUBLIC_URL = 'https://voice.example.com';

/** A number that leads elsewhere. */
export const strangeNumber = (change: Partial<PhoneNumber> = {}): PhoneNumber => ({
  sid: `PN${'1'.repeat(32)}`,
  phoneNumber: '+12075550142',
  friendlyName: 'The shop',
  voiceUrl: 'https://demo.twilio.com/welcome/voice/',
  voiceMethod: 'POST',
  voiceFallbackUrl: '',
  voiceFallbackMethod: 'POST',
  statusCallback: '',
  statusCallbackMethod: 'POST',
  voiceApplicationSid: `AP${'2'.repeat(32)}`,
  trunkSid: '',
  ...change,
});
