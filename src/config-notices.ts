import { z } from 'zod';
import { baseUrl, secret, url } from './config-checks.ts';
import { parseRecordingsUrl, type RecordingPlace } from './recordings-url.ts';

/** Where recordings are kept, and how the store is told of messages. */
export interface NoticeSettings {
  /** Where recordings are kept; null: in the database. */
  recordings: RecordingPlace | null;
  /** How the store is told of messages. */
  notices: { smtpUrl: string | null; notifyUrl: string | null; notifySecret: string };
  /** Where people reach the console, for links; without a trailing slash. */
  consoleUrl: string;
}

export const noticeVariables = {
  RECORDINGS_URL: {
    check: z
      .string()
      .transform(parseRecordingsUrl)
      .refine((place) => place !== null)
      .optional(),
    rule: 'file:///folder or s3://KEY:SECRET@bucket[/prefix][?region=…&endpoint=https://…]',
    secret: true,
  },
  SMTP_URL: {
    check: url(['smtp:', 'smtps:'])
      .refine((value) => new URL(value).hostname !== '')
      .optional(),
    rule: 'smtp://[user:password@]host[:port][?from=address], or smtps://…',
    secret: true,
  },
  NOTIFY_URL: { check: url(['https:', 'http:']).optional(), rule: 'an http(s) URL', secret: true },
  NOTIFY_SECRET: { check: secret(16).optional(), rule: '16 characters or more; needed with NOTIFY_URL', secret: true },
  CONSOLE_URL: { check: baseUrl(['https:', 'http:']).optional(), rule: 'an http(s) URL' },
} as const;

type Values = { [N in keyof typeof noticeVariables]: z.output<(typeof noticeVariables)[N]['check']> };

export function noticesOf(values: Values, publicUrl: string): NoticeSettings {
  return {
    recordings: values.RECORDINGS_URL ?? null,
    notices: {
      smtpUrl: values.SMTP_URL ?? null,
      notifyUrl: values.NOTIFY_URL ?? null,
      notifySecret: values.NOTIFY_SECRET ?? '',
    },
    consoleUrl: values.CONSOLE_URL ?? publicUrl,
  };
}
