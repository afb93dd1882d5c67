/** Longest a download may take, body included. */
const FETCH_MS = 30_000;

export interface CarrierAccount {
  accountSid: string;
  /** Tried in this order while tokens rotate. */
  authTokens: readonly string[];
  /** Origin, and path prefix if any, of the carrier's REST interface. */
  apiUrl: string;
}

/** As what the carrier is asked for the sound. */
export type RecordingFormat = 'wav' | 'mp3';

export interface Recording {
  audio: Buffer;
  contentType: string;
}

/**
 * Why there is no recording: `notYet` (404 until it is processed, an error of the carrier or of the network: try
 * again), `gone` (410), `denied` (no token fits, or sent elsewhere, where credentials don't follow), `unusable` (empty,
 * too large, not audio).
 */
export type RecordingFailure = 'notYet' | 'gone' | 'denied' | 'unusable';

const RECORDING_SID = /^RE[0-9a-fA-F]{32}$/;

/** The recording at the configured host, without extension; null unless it is the id of one. */
function resource(recordingSid: string, { accountSid, apiUrl }: CarrierAccount): URL | null {
  if (!RECORDING_SID.test(recordingSid)) return null;
  return new URL(`${apiUrl}/2010-04-01/Accounts/${accountSid}/Recordings/${recordingSid}`);
}

/**
 * True if the URL is this recording of this account at the configured host: credentials are sent there, so nobody else
 * may name the place.
 */
export function isOurRecording(recordingUrl: string, recordingSid: string, account: CarrierAccount): boolean {
  const expected = resource(recordingSid, account);
  if (!expected || !URL.canParse(recordingUrl)) return false;
  const given = new URL(recordingUrl);
  const path = given.pathname.replace(/\.(?:mp3|wav)$/, '');
  return (
    given.origin === expected.origin && given.username === '' && given.password === '' && path === expected.pathname
  );
}

/** Downloads a recording with Basic authentication, at most so many bytes. Never rejects. */
export async function fetchRecording(
  recordingSid: string,
  { format, bytesMax, signal }: { format: RecordingFormat; bytesMax: number; signal: AbortSignal },
  account: CarrierAccount,
): Promise<Recording | RecordingFailure> {
  const address = resource(recordingSid, account);
  if (!address) return 'unusable';
  for (const authorization of credentials(account)) {
    const outcome = await attempt(`${address.href}.${format}`, authorization, bytesMax, signal);
    if (outcome !== 'denied') return outcome;
  }
  return 'denied';
}

/** Deletes it at the carrier; one that is gone already is deleted. Rejects when that cannot be had now. */
export async function deleteRecording(
  recordingSid: string,
  account: CarrierAccount,
  signal: AbortSignal,
): Promise<void> {
  const address = resource(recordingSid, account);
  if (!address) return;
  let status = 0;
  for (const authorization of credentials(account)) {
    const init = { method: 'DELETE', headers: { authorization }, redirect: 'manual', signal } as const;
    const response = await fetch(`${address.href}.json`, init);
    await response.body?.cancel();
    if (response.ok || response.status === 404 || response.status === 410) return;
    status = response.status;
    if (!isDenied(status)) break;
  }
  throw new Error(`the carrier answered the deletion with ${status}`);
}

const credentials = ({ accountSid, authTokens }: CarrierAccount): string[] =>
  authTokens.map((token) => `Basic ${Buffer.from(`${accountSid}:${token}`).toString('base64')}`);

const isDenied = (status: number): boolean => status === 401 || status === 403 || (status >= 300 && status < 400);

async function attempt(
  address: string,
  authorization: string,
  bytesMax: number,
  stop: AbortSignal,
): Promise<Recording | RecordingFailure> {
  const cancel = new AbortController();
  const signal = AbortSignal.any([cancel.signal, stop, AbortSignal.timeout(FETCH_MS)]);
  try {
    const response = await fetch(address, { headers: { authorization }, redirect: 'manual', signal });
    const failure = failureOf(response);
    const audio = failure === null ? await bounded(response, bytesMax) : null;
    if (audio) return { audio, contentType: response.headers.get('content-type') ?? 'audio/mpeg' };
    cancel.abort();
    return failure ?? 'unusable';
  } catch {
    return 'notYet';
  }
}

function failureOf(response: Response): RecordingFailure | null {
  const { status } = response;
  if (isDenied(status)) return 'denied';
  if (status === 410) return 'gone';
  if (status === 404 || status === 408 || status === 425 || status === 429 || status >= 500) return 'notYet';
  return status === 200 && /^audio\//i.test(response.headers.get('content-type') ?? '') ? null : 'unusable';
}

/** The body, or null if it is empty or too long. */
async function bounded(response: Response, bytesMax: number): Promise<Buffer | null> {
  if (Number(response.headers.get('content-length') ?? 0) > bytesMax || !response.body) return null;
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body) {
    bytes += part.byteLength;
    if (bytes > bytesMax) return null;
    parts.push(part);
  }
  return bytes > 0 ? Buffer.concat(parts) : null;
}
