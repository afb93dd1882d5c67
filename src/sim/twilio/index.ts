export type { Heard, Voiced } from './ear.ts';
export { type FakeTwilio, type FakeTwilioOptions, type PlaceCallOptions, startFakeTwilio } from './fake-twilio.ts';
export type { Hosts } from './hosts.ts';
export type { PhoneNumber } from './rest-numbers.ts';
export type { RestRecord } from './rest-answer.ts';
export type { SimCall } from './sim-call.ts';
export type { MediaStream } from './stream.ts';
export type { WebhookRecord } from './web.ts';
export type { NumberSettings, Staff, StaffPhone, TwilioFaults } from './world.ts';
