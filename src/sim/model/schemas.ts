import { z } from 'zod';

const VOICES = ['alloy', 'ash', 'ballad', 'coral', 'echo', 'sage', 'shimmer', 'verse', 'marin', 'cedar'] as const;
const KEYWORD_MODELS = ['gpt-transcribe', 'gpt-live-transcribe'];
const TRANSCRIPTION_MODELS = [
  ...KEYWORD_MODELS,
  'gpt-realtime-whisper',
  'whisper-1',
  'gpt-4o-transcribe',
  'gpt-4o-mini-transcribe',
];

const format = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('audio/pcmu') }),
  z.strictObject({ type: z.literal('audio/pcma') }),
  z.strictObject({ type: z.literal('audio/pcm'), rate: z.literal(24_000) }),
]);

const voice = z.union([z.enum(VOICES), z.strictObject({ id: z.string().startsWith('voice_') })]);

const transcription = z
  .strictObject({
    model: z.enum(TRANSCRIPTION_MODELS),
    language: z.string().optional(),
    prompt: z.string().optional(),
    languages: z.array(z.string()).optional(),
    keywords: z.array(z.string()).optional(),
    delay: z.enum(['minimal', 'low', 'medium', 'high', 'xhigh']).optional(),
  })
  .superRefine((value, context) => {
    const whisper = value.model === 'gpt-realtime-whisper';
    const keyed = KEYWORD_MODELS.includes(value.model);
    const misplaced = (key: 'prompt' | 'languages' | 'keywords' | 'delay', allowed: boolean): void => {
      if (value[key] === undefined || allowed) return;
      context.addIssue({ code: 'custom', path: [key], message: `not supported by ${value.model}` });
    };
    misplaced('prompt', !whisper);
    misplaced('delay', whisper);
    misplaced('languages', keyed);
    misplaced('keywords', keyed);
  });

const turnDetection = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('server_vad'),
    threshold: z.number().min(0).max(1).optional(),
    prefix_padding_ms: z.int().min(0).optional(),
    silence_duration_ms: z.int().min(0).optional(),
    create_response: z.boolean().optional(),
    interrupt_response: z.boolean().optional(),
    idle_timeout_ms: z.int().min(5_000).max(30_000).nullable().optional(),
  }),
  z.strictObject({
    type: z.literal('semantic_vad'),
    eagerness: z.enum(['low', 'medium', 'high', 'auto']).optional(),
    create_response: z.boolean().optional(),
    interrupt_response: z.boolean().optional(),
  }),
]);

const tool = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('function'),
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
    description: z.string().optional(),
    parameters: z.looseObject({ type: z.literal('object') }).optional(),
  }),
  z.looseObject({ type: z.literal('mcp'), server_label: z.string() }),
]);

const toolChoice = z.union([
  z.enum(['auto', 'none', 'required']),
  z.strictObject({ type: z.literal('function'), name: z.string() }),
]);

const modalities = z.array(z.enum(['audio', 'text'])).length(1, 'either ["audio"] or ["text"], never both');
const maxOutputTokens = z.union([z.int().min(1).max(4096), z.literal('inf')]);
const reasoning = z.strictObject({ effort: z.enum(['minimal', 'low', 'medium', 'high', 'xhigh']) });
const prompt = z.strictObject({
  id: z.string(),
  version: z.string().nullable().optional(),
  variables: z.record(z.string(), z.unknown()).nullable().optional(),
});
const truncation = z.union([
  z.enum(['auto', 'disabled']),
  z.strictObject({
    type: z.literal('retention_ratio'),
    retention_ratio: z.number().min(0).max(1),
    token_limits: z.strictObject({ post_instructions: z.int().min(0) }).optional(),
  }),
]);
const tracing = z.union([
  z.literal('auto'),
  z.strictObject({
    workflow_name: z.string().optional(),
    group_id: z.string().optional(),
    metadata: z.record(z.string(), z.unknown()).optional(),
  }),
]);

/** The `session` of a `session.update`: every key known, or the whole update is refused. */
export const sessionSchema = z.strictObject({
  type: z.literal('realtime'),
  model: z.string().optional(),
  output_modalities: modalities.optional(),
  instructions: z.string().optional(),
  audio: z
    .strictObject({
      input: z
        .strictObject({
          format: format.optional(),
          noise_reduction: z
            .strictObject({ type: z.enum(['near_field', 'far_field']), strength: z.number().optional() })
            .nullable()
            .optional(),
          transcription: transcription.nullable().optional(),
          turn_detection: turnDetection.nullable().optional(),
        })
        .optional(),
      output: z
        .strictObject({
          format: format.optional(),
          voice: voice.optional(),
          speed: z.number().min(0.25).max(1.5).optional(),
        })
        .optional(),
    })
    .optional(),
  tools: z.array(tool).optional(),
  tool_choice: toolChoice.optional(),
  parallel_tool_calls: z.boolean().optional(),
  reasoning: reasoning.optional(),
  max_output_tokens: maxOutputTokens.optional(),
  truncation: truncation.optional(),
  tracing: tracing.nullable().optional(),
  prompt: prompt.nullable().optional(),
  include: z.array(z.literal('item.input_audio_transcription.logprobs')).nullable().optional(),
});
export type SessionUpdate = z.infer<typeof sessionSchema>;
export type AudioFormat = z.infer<typeof format>;
export type TurnDetection = z.infer<typeof turnDetection>;

const itemBase = {
  id: z.string().min(1).max(32).optional(),
  object: z.literal('realtime.item').optional(),
  status: z.enum(['completed', 'incomplete', 'in_progress']).optional(),
};
const inputText = z.strictObject({ type: z.literal('input_text'), text: z.string() });
const message = z.discriminatedUnion('role', [
  z.strictObject({ ...itemBase, type: z.literal('message'), role: z.literal('system'), content: z.array(inputText) }),
  z.strictObject({
    ...itemBase,
    type: z.literal('message'),
    role: z.literal('user'),
    content: z.array(
      z.discriminatedUnion('type', [
        inputText,
        z.strictObject({ type: z.literal('input_audio'), audio: z.string(), transcript: z.string().optional() }),
        z.strictObject({
          type: z.literal('input_image'),
          image_url: z.string(),
          detail: z.enum(['auto', 'low', 'high']).optional(),
        }),
      ]),
    ),
  }),
  z.strictObject({
    ...itemBase,
    type: z.literal('message'),
    role: z.literal('assistant'),
    content: z.array(z.strictObject({ type: z.literal('output_text'), text: z.string() })),
  }),
]);

export const itemSchema = z.discriminatedUnion('type', [
  message,
  z.strictObject({
    ...itemBase,
    type: z.literal('function_call'),
    call_id: z.string().min(1),
    name: z.string(),
    arguments: z.string(),
  }),
  z.strictObject({
    ...itemBase,
    type: z.literal('function_call_output'),
    call_id: z.string().min(1),
    output: z.string(),
  }),
]);
export type NewItem = z.infer<typeof itemSchema>;

const responseSchema = z.strictObject({
  conversation: z.enum(['auto', 'none']).optional(),
  instructions: z.string().optional(),
  tools: z.array(tool).optional(),
  tool_choice: toolChoice.optional(),
  output_modalities: modalities.optional(),
  audio: z
    .strictObject({ output: z.strictObject({ format: format.optional(), voice: voice.optional() }).optional() })
    .optional(),
  max_output_tokens: maxOutputTokens.optional(),
  metadata: z
    .record(z.string().max(64), z.string().max(512))
    .refine((pairs) => Object.keys(pairs).length <= 16, 'at most 16 pairs')
    .nullable()
    .optional(),
  input: z
    .array(z.union([z.strictObject({ type: z.literal('item_reference'), id: z.string() }), itemSchema]))
    .optional(),
  prompt: prompt.nullable().optional(),
  reasoning: reasoning.optional(),
  parallel_tool_calls: z.boolean().optional(),
});
export type ResponseRequest = z.infer<typeof responseSchema>;

const eventId = { event_id: z.string().max(512).optional() };
const itemId = z.string().min(1);

/** Every client event but `input_audio_buffer.append`, which is checked by hand because it comes fifty times a second. */
export const clientEventSchema = z.discriminatedUnion('type', [
  z.strictObject({ ...eventId, type: z.literal('session.update'), session: z.unknown() }),
  z.strictObject({ ...eventId, type: z.literal('input_audio_buffer.commit') }),
  z.strictObject({ ...eventId, type: z.literal('input_audio_buffer.clear') }),
  z.strictObject({
    ...eventId,
    type: z.literal('conversation.item.create'),
    previous_item_id: z.string().nullable().optional(),
    item: itemSchema,
  }),
  z.strictObject({
    ...eventId,
    type: z.literal('conversation.item.truncate'),
    item_id: itemId,
    content_index: z.literal(0),
    audio_end_ms: z.int().min(0),
  }),
  z.strictObject({ ...eventId, type: z.literal('conversation.item.retrieve'), item_id: itemId }),
  z.strictObject({ ...eventId, type: z.literal('conversation.item.delete'), item_id: itemId }),
  z.strictObject({ ...eventId, type: z.literal('response.create'), response: responseSchema.optional() }),
  z.strictObject({ ...eventId, type: z.literal('response.cancel'), response_id: z.string().optional() }),
]);
export type ClientEvent = z.infer<typeof clientEventSchema>;
