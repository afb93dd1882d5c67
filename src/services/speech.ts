import { toLineAudio } from './speech-audio.ts';

/** Speaks 70 characters in about five seconds, of which little is waiting. */
const ANSWER_TIMEOUT_MS = 30_000;
/** Two minutes of 24 kHz. */
const AUDIO_BYTES_MAX = 6_000_000;
const MODEL = 'gpt-4o-mini-tts';
const REASON_CHARS_MAX = 300;
const ERROR_BYTES_MAX = 4_096;

export interface SpeechRequest {
  text: string;
  voice: string;
  /** How it is to be spoken. */
  instructions: string;
}

export interface Speech {
  /** 8 kHz µ-law in whole frames. Rejects with SpeechError only. */
  speak(request: SpeechRequest, signal?: AbortSignal): Promise<Buffer>;
}

/**
 * `away`: not reached, too slow, or in trouble: try again. `limited`: too many requests: later. `refused`: asking
 * again does not help: the key, the account or the request. `unusable`: no sound came.
 */
export type SpeechFailure = 'away' | 'limited' | 'refused' | 'unusable';

export class SpeechError extends Error {
  override readonly name = 'SpeechError';
  readonly code: SpeechFailure;

  constructor(code: SpeechFailure, reason: string) {
    super(`speech ${code}: ${reason.slice(0, REASON_CHARS_MAX)}`);
    this.code = code;
  }

  get isRetryable(): boolean {
    return this.code === 'away' || this.code === 'limited';
  }
}

/** `POST {apiUrl}/audio/speech`: text to speech, as 24 kHz PCM. */
export function createSpeech({ apiUrl, apiKey }: { apiUrl: string; apiKey: string }): Speech {
  return {
    async speak({ text, voice, instructions }, signal) {
      const body = JSON.stringify({ model: MODEL, input: text, voice, instructions, response_format: 'pcm' });
      const pcm = await fetchPcm(`${apiUrl}/audio/speech`, apiKey, { body, signal });
      const ulaw = toLineAudio(pcm);
      if (ulaw === null) throw new SpeechError('unusable', 'nothing is to be heard');
      return ulaw;
    },
  };
}

async function fetchPcm(
  url: string,
  apiKey: string,
  { body, signal }: { body: string; signal: AbortSignal | undefined },
): Promise<Buffer> {
  const late = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, late]) : late,
    });
    if (!response.ok) throw await failureOf(response);
    return await bytesOf(response, AUDIO_BYTES_MAX);
  } catch (error) {
    if (error instanceof SpeechError) throw error;
    throw new SpeechError('away', error instanceof Error ? error.message : String(error));
  }
}

async function failureOf(response: Response): Promise<SpeechError> {
  const { status } = response;
  const text = String(await bytesOf(response, ERROR_BYTES_MAX).catch(() => ''));
  const reason = `${status} ${text.replaceAll(/\s+/g, ' ')}`;
  if (status === 429)
    return new SpeechError(/insufficient_quota|credit_balance/.test(text) ? 'refused' : 'limited', reason);
  return new SpeechError(status >= 500 || status === 408 ? 'away' : 'refused', reason);
}

async function bytesOf(response: Response, bytesMax: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > bytesMax) throw new SpeechError('unusable', `more than ${bytesMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
