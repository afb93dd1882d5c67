/** Longest a download may take, body included. */
const FETCH_MS = 15_000;
/** Two minutes of speech are under 2 MB in every format that the carrier offers. */
const AUDIO_BYTES_MAX = 8 * 1024 * 1024;

export interface CarrierAccount {
  accountSid: string;
  /** Tried in this order while tokens rotate. */
  authTokens: readonly string[];
  /** Origin, and path prefix if any, of the carrier's REST interface. */
  apiUrl: string;
}

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

/**
 * Where the audio of a recording is to be fetched, or null unless the URL is this recording of this account at the
 * configured host: credentials are sent there, so nobody else may name the place.
 */
export function recordingAddress(
  recordingUrl: string,
  recordingSid: string,
  { accountSid, apiUrl }: CarrierAccount,
): URL | null {
  if (!/^RE[0-9a-fA-F]{32}$/.test(recordingSid) || !URL.canParse(recordingUrl)) return null;
  const given = new URL(recordingUrl);
  const expected = new URL(`${apiUrl}/2010-04-01/Accounts/${accountSid}/Recordings/${recordingSid}`);
  const path = given.pathname.replace(/\.(?:mp3|wav)$/, '');
  if (given.origin !== expected.origin || given.username !== '' || given.password !== '' || path !== expected.pathname)
    return null;
  return new URL(`${expected.href}.mp3`);
}

/** Downloads a recording with Basic authentication. Never rejects. */
export async function fetchRecording(
  address: URL,
  { accountSid, authTokens }: CarrierAccount,
): Promise<Recording | RecordingFailure> {
  for (const token of authTokens) {
    const outcome = await attempt(address, `Basic ${Buffer.from(`${accountSid}:${token}`).toString('base64')}`);
    if (outcome !== 'denied') return outcome;
  }
  return 'denied';
}

async function attempt(address: URL, authorization: string): Promise<Recording | RecordingFailure> {
  const cancel = new AbortController();
  const signal = AbortSignal.any([cancel.signal, AbortSignal.timeout(FETCH_MS)]);
  try {
    const response = await fetch(address, { headers: { authorization }, redirect: 'manual', signal });
    const failure = failureOf(response);
    const audio = failure === null ? await bounded(response) : null;
    if (audio) return { audio, contentType: response.headers.get('content-type') ?? 'audio/mpeg' };
    cancel.abort();
    return failure ?? 'unusable';
  } catch {
    return 'notYet';
  }
}

function failureOf(response: Response): RecordingFailure | null {
  const { status } = response;
  if (status === 401 || status === 403 || (status >= 300 && status < 400)) return 'denied';
  if (status === 410) return 'gone';
  if (status === 404 || status === 408 || status === 425 || status === 429 || status >= 500) return 'notYet';
  return status === 200 && /^audio\//i.test(response.headers.get('content-type') ?? '') ? null : 'unusable';
}

/** The body, or null if it is empty or longer than a voicemail can be. */
async function bounded(response: Response): Promise<Buffer | null> {
  if (Number(response.headers.get('content-length') ?? 0) > AUDIO_BYTES_MAX || !response.body) return null;
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body) {
    bytes += part.byteLength;
    if (bytes > AUDIO_BYTES_MAX) return null;
    parts.push(part);
  }
  return bytes > 0 ? Buffer.concat(parts) : null;
}
