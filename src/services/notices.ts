import { createHmac } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { Message } from './recordings.ts';

/** What a store is told of a message. */
export interface Notice {
  recordingSid: string;
  callSid: string;
  /** Who called, as the carrier says it. */
  from: string;
  leftAt: Date;
  topic: string;
  durationS: number;
  /** Redacted; null where nobody has written it down. */
  transcript: string | null;
  /** `kept`; `later`: the carrier has not given the sound yet; `lost`: it never will. */
  audio: 'kept' | 'later' | 'lost';
  /** Where it can be heard. */
  link: string;
}

export interface Recipient {
  storeName: string;
  timeZone: string;
  /** Mail address. */
  to: string;
}

/** Tells the store; each way once for each message, as far as a repeat can be known. Rejects when it cannot be told now. */
export interface Notices {
  /** Null where no mail server is set. */
  mail: ((notice: Notice, recipient: Recipient) => Promise<void>) | null;
  /** Null where no address is set. */
  hook: ((notice: Notice, at: Date, signal: AbortSignal) => Promise<void>) | null;
}

export interface NoticeSettings {
  /** `smtp://` or `smtps://`; `?from=` names the sender, else the recipient is named. */
  smtpUrl: string | null;
  notifyUrl: string | null;
  /** Signs what NOTIFY_URL gets. */
  notifySecret: string;
}

const SMTP_TIMEOUT_MS = 15_000;
const MINUTE_S = 60;
const audioWords: Record<Notice['audio'], string> = {
  kept: '',
  later: 'The sound is not here yet: the phone company has not handed it over.',
  lost: 'The sound is lost: the phone company does not have it.',
};

export function noticeOf(message: Message, consoleUrl: string): Notice {
  const { recordingSid, callSid, fromNumber, topic, durationS, transcript, status, createdAt } = message;
  const audio = status === 'pending' ? 'later' : status === 'lost' ? 'lost' : 'kept';
  const link = `${consoleUrl}/admin/calls/${callSid}`;
  return { recordingSid, callSid, from: fromNumber, leftAt: createdAt, topic, durationS, transcript, audio, link };
}

export function createNotices({ smtpUrl, notifyUrl, notifySecret }: NoticeSettings): Notices {
  return {
    mail: smtpUrl === null ? null : (notice, recipient) => mail(smtpUrl, notice, recipient),
    hook: notifyUrl === null ? null : (notice, at, signal) => hook({ notifyUrl, notifySecret, notice, at, signal }),
  };
}

/** A connection for each mail: there are few, and none is held open or can be stale. */
async function mail(smtpUrl: string, notice: Notice, { storeName, timeZone, to }: Recipient): Promise<void> {
  const url = new URL(smtpUrl);
  const from = url.searchParams.get('from') ?? to;
  const transport = createTransport({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (url.protocol === 'smtps:' ? 465 : 587),
    secure: url.protocol === 'smtps:',
    // A password goes over an encrypted line or not at all.
    requireTLS: url.username !== '' && url.protocol === 'smtp:',
    ...(url.username !== '' && {
      auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
    }),
    connectionTimeout: SMTP_TIMEOUT_MS,
    greetingTimeout: SMTP_TIMEOUT_MS,
    socketTimeout: SMTP_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({
      from: { name: storeName, address: from },
      to,
      subject: `Message from ${notice.from || 'a caller'}${notice.topic === '' ? '' : ` about ${notice.topic}`}`,
      text: mailText(notice, timeZone),
      // One that is sent again after an answer was lost is the same mail.
      messageId: `<${notice.recordingSid}@${from.split('@')[1] ?? 'localhost'}>`,
      headers: { 'Auto-Submitted': 'auto-generated' },
    });
  } finally {
    transport.close();
  }
}

function mailText({ from, leftAt, topic, durationS, transcript, audio, link }: Notice, timeZone: string): string {
  const when = new Intl.DateTimeFormat('en-US', { timeZone, dateStyle: 'full', timeStyle: 'short' }).format(leftAt);
  const length = `${Math.floor(durationS / MINUTE_S)}:${String(durationS % MINUTE_S).padStart(2, '0')}`;
  return [
    `From: ${from || 'unknown'}`,
    `When: ${when}`,
    ...(topic === '' ? [] : [`Topic: ${topic}`]),
    `Length: ${length}`,
    '',
    transcript === null ? 'It was not written down.' : transcript === '' ? 'No words were heard in it.' : transcript,
    ...(audioWords[audio] === '' ? [] : ['', audioWords[audio]]),
    '',
    `Listen: ${link}`,
    '',
  ].join('\n');
}

interface Hook {
  notifyUrl: string;
  notifySecret: string;
  notice: Notice;
  at: Date;
  signal: AbortSignal;
}

/** POSTs JSON, signed as Standard Webhooks says: HMAC-SHA256 over `id.timestamp.body`, base64. */
async function hook({ notifyUrl, notifySecret, notice, at, signal }: Hook): Promise<void> {
  const body = JSON.stringify({ type: 'voicemail.left', timestamp: at.toISOString(), data: notice });
  const timestamp = Math.floor(at.getTime() / 1_000);
  const response = await fetch(notifyUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': notice.recordingSid,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': `v1,${signature(notifySecret, `${notice.recordingSid}.${timestamp}.${body}`)}`,
    },
    body,
    redirect: 'manual',
    signal,
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the notice was answered with ${response.status}`);
}

export function signature(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('base64');
}
