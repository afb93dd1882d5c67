import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { encodeUtterance, joinBytes, mulawToPcm } from '../voice/index.ts';
import { type Refusal, refuse, refusalOf } from './refusal.ts';

const BODY_BYTES_MAX = 64 * 1024;
const INPUT_CHARS_MAX = 4_096;
const INSTRUCTIONS_CHARS_MAX = 4_096;
const SAMPLE_BYTES = 2;
/** 24 kHz over the voice's 8 kHz. */
const UPSAMPLING = 3;
const LEVEL_MAX = 32_767;

const schema = z.strictObject({
  model: z.enum(['gpt-4o-mini-tts', 'gpt-4o-mini-tts-2025-12-15', 'tts-1', 'tts-1-hd']),
  input: z.string().min(1).max(INPUT_CHARS_MAX),
  voice: z.enum([
    'alloy',
    'ash',
    'ballad',
    'coral',
    'echo',
    'fable',
    'onyx',
    'nova',
    'sage',
    'shimmer',
    'verse',
    'marin',
    'cedar',
  ]),
  instructions: z.string().max(INSTRUCTIONS_CHARS_MAX).optional(),
  response_format: z.enum(['mp3', 'opus', 'aac', 'flac', 'wav', 'pcm']).optional(),
  speed: z.number().min(0.25).max(4).optional(),
  stream_format: z.enum(['sse', 'audio']).optional(),
});

/** One request that was answered with sound. */
export interface SpokenText {
  readonly text: string;
  readonly voice: string;
  readonly instructions: string;
}

export interface SpeechHall {
  readonly apiKey: string | undefined;
  readonly charsPerSecond: number | undefined;
  nextUtterance(): number;
  complain(complaint: string): void;
  spoke(spoken: SpokenText): void;
}

/**
 * `POST /v1/audio/speech` as the published typings have it: checks everything, speaks with the simulated voice. Of the
 * formats `pcm` alone is simulated, 24 kHz, 16 bits, little endian, mono.
 */
export async function answerSpeech(
  request: IncomingMessage,
  response: ServerResponse,
  hall: SpeechHall,
): Promise<void> {
  const fault = (status: number, refusal: Refusal): void => {
    hall.complain(refusal.message);
    refuseSpeech(response, status, refusal);
  };
  const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (bearer === undefined || (hall.apiKey !== undefined && bearer !== hall.apiKey))
    return fault(401, refuse('invalid_api_key', 'Incorrect API key provided.'));
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    return fault(400, refuse('invalid_request', 'The body is no JSON.'));
  const body = parsed(await bodyOf(request));
  const read = schema.safeParse(body);
  if (!read.success) return fault(400, refusalOf(read.error, body, ''));
  const { model, input, voice, instructions = '', response_format: format = 'mp3' } = read.data;
  if (instructions !== '' && model.startsWith('tts-1'))
    return fault(400, refuse('invalid_value', `${model} takes no instructions.`, 'instructions'));
  if (format !== 'pcm') return fault(400, refuse('invalid_value', `${format} is not simulated.`, 'response_format'));
  const rate = hall.charsPerSecond === undefined ? {} : { charsPerSecond: hall.charsPerSecond };
  const utterance = { utterance: hall.nextUtterance(), speaker: 'assistant' as const, ...rate };
  const sound = toPcm(joinBytes(encodeUtterance(input, utterance)));
  hall.spoke({ text: input, voice, instructions });
  response.writeHead(200, { 'content-type': 'audio/pcm' }).end(sound);
}

/** An answer other than sound. */
export function refuseSpeech(response: ServerResponse, status: number, refusal: Refusal): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: refusal }));
}

/**
 * Each sample of the voice, then two of nothing: a sound of 24 kHz whose band below 4 kHz is the voice. Whoever makes
 * 8 kHz of it by a proper filter gets the voice's own samples back, and with them its words.
 */
function toPcm(mulaw: Uint8Array): Buffer {
  const samples = mulawToPcm(mulaw);
  const bytes = Buffer.alloc(samples.length * UPSAMPLING * SAMPLE_BYTES);
  samples.forEach((sample, at) => {
    const level = Math.max(-LEVEL_MAX, Math.min(LEVEL_MAX, sample * UPSAMPLING));
    bytes.writeInt16LE(level, at * UPSAMPLING * SAMPLE_BYTES);
  });
  return bytes;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes <= BODY_BYTES_MAX) parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
