import { EntitySchema } from 'typeorm';
import { timeOfDaySql } from './store-hours.ts';

/** `announce`: the closed line, then the assistant; `voicemail`: the closed line, then the tone. */
export type ClosedBehaviour = 'assistant' | 'announce' | 'voicemail';

/** Text by language, ISO 639-1. */
export type TextByLanguage = Record<string, string>;

/** What one store decides. A single row, `id` 1. */
export interface StoreSettings {
  id: number;
  name: string;
  address: string;
  phone: string;
  email: string;
  /** The model's voice. */
  voice: string;
  /** IANA name: `America/New_York`. */
  timeZone: string;
  /** The assistant's first words. */
  greeting: string;
  /** Where the greeting is prepared, it is played to its end whatever the caller says. */
  greetingUninterruptible: boolean;
  /** Who the assistant is and how it speaks. */
  persona: string;
  /** ISO 639-1 of what may be spoken with callers; a call begins in the first. */
  languages: string[];
  /** Who takes calls outside the hours. */
  closedBehaviour: ClosedBehaviour;
  /** What is said first outside the hours; for a language without a text, when the store opens. */
  closedLine: TextByLanguage;
  /** The longest conversation. */
  maxCallMinutes: number;
  /** E.164 numbers that a transfer rings, in this order. */
  staffNumbers: string[];
  /** E.164 numbers that many callers share, such as an office's: no limit for one caller holds for them. */
  sharedNumbers: string[];
  /** Card numbers are always redacted; these are the store's choice. */
  redactPhone: boolean;
  redactEmail: boolean;
  redactAddress: boolean;
  /** Whether callers who wait are offered to be called back. */
  callbackOffered: boolean;
  /** Within how many minutes of the hours below they are called back. */
  callbackMinutes: number;
  /** `HH:MM` on the store's wall, each day; from the first up to the second. */
  callbackOpenTime: string;
  callbackCloseTime: string;
  /** Calls back by itself; otherwise people do. */
  callbackDialler: boolean;
  callbackCallsPerMinute: number;
  callbackAttemptsMax: number;
  /** Whether calls are recorded; what callers are told first is by `ConsentRegion`. */
  recordCalls: boolean;
  /** Messages and recordings are deleted after so many days, here and at the carrier. */
  recordingDays: number;
  /** Told of each message by mail; '': `email`. */
  noticeEmail: string;
  /** What was said, and what tools were asked and answered, is deleted after so many days. */
  transcriptDays: number;
  /** All that is left of a call is deleted after so many days. */
  callDays: number;
}

export const StoreSettingsEntity = new EntitySchema<StoreSettings>({
  name: 'StoreSettings',
  columns: {
    id: { type: 'smallint', primary: true, default: 1 },
    name: { type: 'text', default: 'Mangy Dog Coffee' },
    address: { type: 'text', default: '' },
    phone: { type: 'text', default: '' },
    email: { type: 'text', default: '' },
    voice: { type: 'text', default: 'marin' },
    timeZone: { type: 'text', default: 'America/New_York' },
    greeting: { type: 'text', default: '' },
    greetingUninterruptible: { type: 'boolean', default: false },
    persona: { type: 'text', default: '' },
    languages: { type: 'text', array: true, default: ['en'] },
    closedBehaviour: { type: 'text', default: 'assistant' },
    closedLine: { type: 'jsonb', default: {} },
    maxCallMinutes: { type: 'integer', default: 30 },
    staffNumbers: { type: 'text', array: true, default: [] },
    sharedNumbers: { type: 'text', array: true, default: [] },
    redactPhone: { type: 'boolean', default: false },
    redactEmail: { type: 'boolean', default: false },
    redactAddress: { type: 'boolean', default: false },
    callbackOffered: { type: 'boolean', default: false },
    callbackMinutes: { type: 'integer', default: 120 },
    callbackOpenTime: { type: 'text', default: '09:00' },
    callbackCloseTime: { type: 'text', default: '18:00' },
    callbackDialler: { type: 'boolean', default: false },
    callbackCallsPerMinute: { type: 'integer', default: 6 },
    callbackAttemptsMax: { type: 'integer', default: 3 },
    recordCalls: { type: 'boolean', default: false },
    recordingDays: { type: 'integer', default: 90 },
    noticeEmail: { type: 'text', default: '' },
    transcriptDays: { type: 'integer', default: 365 },
    callDays: { type: 'integer', default: 730 },
  },
  checks: [
    { name: 'store_settings_single_check', expression: 'id = 1' },
    {
      name: 'store_settings_closed_check',
      expression: "closed_behaviour IN ('assistant', 'announce', 'voicemail')",
    },
    { name: 'store_settings_recording_check', expression: 'recording_days BETWEEN 1 AND 3650' },
    {
      name: 'store_settings_retention_check',
      expression: 'transcript_days BETWEEN 1 AND call_days AND call_days <= 3650',
    },
    { name: 'store_settings_length_check', expression: 'max_call_minutes BETWEEN 2 AND 240' },
    {
      name: 'store_settings_callback_check',
      expression:
        'callback_minutes > 0 AND callback_calls_per_minute > 0 AND callback_attempts_max > 0' +
        ` AND ${timeOfDaySql('callback_open_time')} AND ${timeOfDaySql('callback_close_time')}` +
        ' AND callback_open_time < callback_close_time',
    },
  ],
});
