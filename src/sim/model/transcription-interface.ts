import type { IncomingMessage, ServerResponse } from 'node:http';
import { readWav, VoiceReader } from '../voice/index.ts';
import { refuseSpeech } from './speech-interface.ts';
import { refuse, type Refusal } from './refusal.ts';

const BODY_BYTES_MAX = 25 * 1024 * 1024;
const FIELDS = new Set(['file', 'model', 'language', 'prompt', 'response_format', 'temperature']);
const MODELS = new Set(['gpt-transcribe', 'gpt-4o-transcribe', 'gpt-4o-mini-transcribe', 'whisper-1']);
const FORMATS = new Set(['json', 'text']);
const FILE_NAME = /\.(flac|mp3|mp4|mpeg|mpga|m4a|ogg|wav|webm)$/;
const HTTP_UNAUTHORIZED = 401;
const HTTP_BAD_REQUEST = 400;

export interface TranscriptionHall {
  readonly apiKey: string | undefined;
  complain(complaint: string): void;
  wroteDown(text: string): void;
}

/**
 * `POST /v1/audio/transcriptions` as the published typings have it: a form with `file` and `model`. Reads the words that
 * the simulated voice carries; of the formats WAV alone is listened to, others have no words.
 */
export async function answerTranscription(
  request: IncomingMessage,
  response: ServerResponse,
  hall: TranscriptionHall,
): Promise<void> {
  const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (bearer === undefined || (hall.apiKey !== undefined && bearer !== hall.apiKey))
    return refuseSpeech(response, HTTP_UNAUTHORIZED, refuse('invalid_api_key', 'Incorrect API key provided.'));
  const form = await readForm(request);
  const found = form === null ? refuse('invalid_value', 'not a form') : await wordsOf(form);
  if (typeof found !== 'string') {
    hall.complain(found.message);
    return refuseSpeech(response, HTTP_BAD_REQUEST, found);
  }
  hall.wroteDown(found);
  const isText = form?.get('response_format') === 'text';
  response.writeHead(200, { 'content-type': isText ? 'text/plain' : 'application/json' });
  response.end(isText ? found : JSON.stringify({ text: found }));
}

async function readForm(request: IncomingMessage): Promise<FormData | null> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) return null;
    parts.push(part);
  }
  const type = request.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/form-data')) return null;
  return new Response(new Uint8Array(Buffer.concat(parts)), { headers: { 'content-type': type } })
    .formData()
    .catch(() => null);
}

async function wordsOf(form: FormData): Promise<string | Refusal> {
  for (const name of form.keys()) if (!FIELDS.has(name)) return refuse('unknown_parameter', `${name}?`, name);
  const model = form.get('model');
  if (model === null) return refuse('missing_required_parameter', 'model', 'model');
  if (typeof model !== 'string' || !MODELS.has(model))
    return refuse('invalid_value', `model ${String(model)}`, 'model');
  const format = form.get('response_format') ?? 'json';
  if (typeof format !== 'string' || !FORMATS.has(format))
    return refuse('invalid_value', 'response_format', 'response_format');
  const file = form.get('file');
  if (!(file instanceof File) || file.size === 0) return refuse('missing_required_parameter', 'file', 'file');
  if (!FILE_NAME.test(file.name)) return refuse('invalid_value', `file ${file.name}`, 'file');
  if (!file.name.endsWith('.wav')) return '';
  const reader = new VoiceReader();
  try {
    reader.push(readWav(new Uint8Array(await file.arrayBuffer())));
  } catch {
    return refuse('invalid_value', 'the audio file could not be decoded', 'file');
  }
  reader.end();
  return reader.text('caller');
}
