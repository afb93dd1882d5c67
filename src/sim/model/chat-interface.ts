import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { refuse, type Refusal, refusalOf } from './refusal.ts';
import { refuseSpeech } from './speech-interface.ts';

const BODY_BYTES_MAX = 4 * 1024 * 1024;
const CHARS_PER_TOKEN = 4;
const HTTP_UNAUTHORIZED = 401;
const HTTP_BAD_REQUEST = 400;

const message = z.strictObject({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: z.string().min(1),
});
const request = z.strictObject({
  model: z.string().min(1),
  messages: z.array(message).min(1),
  max_completion_tokens: z.int().min(1).optional(),
  response_format: z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: z.string().regex(/^[\w-]{1,64}$/),
      strict: z.literal(true),
      schema: z.record(z.string(), z.unknown()),
    }),
  }),
});

export type ChatRequest = z.infer<typeof request>;

export interface ChatHall {
  readonly apiKey: string | undefined;
  complain(complaint: string): void;
  /** What the model says: an object is written as JSON, a string stands as it is. */
  answer(asked: ChatRequest): unknown;
}

/** `POST /v1/chat/completions` with strict structured output, as the published typings and documentation have it. */
export async function answerChat(incoming: IncomingMessage, response: ServerResponse, hall: ChatHall): Promise<void> {
  const bearer = /^Bearer (\S+)$/.exec(incoming.headers.authorization ?? '')?.[1];
  if (bearer === undefined || (hall.apiKey !== undefined && bearer !== hall.apiKey))
    return refuseSpeech(response, HTTP_UNAUTHORIZED, refuse('invalid_api_key', 'Incorrect API key provided.'));
  const asked = check(await bodyOf(incoming));
  if ('code' in asked) {
    hall.complain(asked.message);
    return refuseSpeech(response, HTTP_BAD_REQUEST, asked);
  }
  const said = hall.answer(asked);
  const content = typeof said === 'string' ? said : JSON.stringify(said);
  const prompt = Math.ceil(asked.messages.reduce((sum, each) => sum + each.content.length, 0) / CHARS_PER_TOKEN);
  const answer = Math.ceil(content.length / CHARS_PER_TOKEN);
  const isCut = asked.max_completion_tokens !== undefined && answer > asked.max_completion_tokens;
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_795_000_000,
      model: asked.model,
      choices: [
        {
          index: 0,
          finish_reason: isCut ? 'length' : 'stop',
          logprobs: null,
          message: { role: 'assistant', content, refusal: null, annotations: [] },
        },
      ],
      usage: { prompt_tokens: prompt, completion_tokens: answer, total_tokens: prompt + answer },
    }),
  );
}

async function bodyOf(incoming: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) return null;
    parts.push(part);
  }
  if (!/^application\/json\b/.test(incoming.headers['content-type'] ?? '')) return null;
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  } catch {
    return null;
  }
}

function check(body: unknown): ChatRequest | Refusal {
  if (body === null) return refuse('invalid_value', 'We could not parse the JSON body of your request.');
  const parsed = request.safeParse(body);
  if (!parsed.success) return refusalOf(parsed.error, body, '');
  const fault = schemaFault(parsed.data.response_format.json_schema.schema, '$');
  return fault === null ? parsed.data : refuse('invalid_json_schema', fault, 'response_format');
}

const types = new Set(['object', 'array', 'string', 'integer', 'number', 'boolean', 'null']);

/** What strict structured output refuses: open objects, properties that are not required, unknown types. */
function schemaFault(schema: unknown, path: string): string | null {
  if (typeof schema !== 'object' || schema === null) return `${path}: not a schema`;
  const { type, properties, required, items, additionalProperties } = schema as Record<string, unknown>;
  const named = Array.isArray(type) ? (type as unknown[]) : [type];
  if (named.length === 0 || !named.every((each) => typeof each === 'string' && types.has(each)))
    return `${path}: unknown type`;
  if (path === '$' && type !== 'object') return '$: the root must be an object';
  if (named.includes('object')) {
    if (additionalProperties !== false) return `${path}: 'additionalProperties' is required to be false`;
    const own = Object.entries((properties ?? {}) as Record<string, unknown>);
    const names = new Set(Array.isArray(required) ? (required as unknown[]) : []);
    if (own.length !== names.size || own.some(([name]) => !names.has(name)))
      return `${path}: 'required' must include every key in properties`;
    for (const [name, each] of own) {
      const fault = schemaFault(each, `${path}.${name}`);
      if (fault !== null) return fault;
    }
  }
  return named.includes('array') ? schemaFault(items, `${path}[]`) : null;
}
