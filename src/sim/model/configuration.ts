import { refusalOf, refuse, type Refusal } from './refusal.ts';
import { sessionSchema, type AudioFormat, type SessionUpdate, type TurnDetection } from './schemas.ts';

type InputUpdate = NonNullable<NonNullable<SessionUpdate['audio']>['input']>;
type OutputUpdate = NonNullable<NonNullable<SessionUpdate['audio']>['output']>;
type Filled<T> = { -readonly [Key in keyof T]-?: Exclude<T[Key], undefined> };

/** The effective session, as `session.created` and `session.updated` show it. */
export interface Configuration extends Omit<Filled<SessionUpdate>, 'audio' | 'parallel_tool_calls' | 'reasoning'> {
  object: 'realtime.session';
  id: string;
  /** Epoch seconds. */
  expires_at: number;
  audio: { input: Filled<InputUpdate>; output: Filled<OutputUpdate> };
  parallel_tool_calls?: boolean;
  reasoning?: NonNullable<SessionUpdate['reasoning']>;
}

/** What decides whether a valid update is allowed now. */
export interface UpdateMoment {
  /** Assistant audio was sent in this session: the voice is locked. */
  readonly spoken: boolean;
  readonly responseActive: boolean;
}

const BETA_KEYS = [
  'modalities',
  'voice',
  'input_audio_format',
  'output_audio_format',
  'input_audio_transcription',
  'input_audio_noise_reduction',
  'turn_detection',
  'temperature',
  'max_response_output_tokens',
];
const NO_REASONING = /^gpt-realtime(-2025-08-28|-1\.5|-mini.*)?$|^gpt-4o/;

const SERVER_VAD: TurnDetection = {
  type: 'server_vad',
  threshold: 0.5,
  prefix_padding_ms: 300,
  silence_duration_ms: 200,
  create_response: true,
  interrupt_response: true,
  idle_timeout_ms: null,
};
const SEMANTIC_VAD: TurnDetection = {
  type: 'semantic_vad',
  eagerness: 'auto',
  create_response: true,
  interrupt_response: true,
};

/** A fresh session: 24 kHz PCM both ways, so that a client whose update was refused hears noise. */
export function defaultConfiguration(id: string, model: string, expiresAt: number): Configuration {
  const pcm: AudioFormat = { type: 'audio/pcm', rate: 24_000 };
  return {
    type: 'realtime',
    object: 'realtime.session',
    id,
    model,
    expires_at: expiresAt,
    output_modalities: ['audio'],
    instructions: 'You are a helpful, friendly assistant.',
    audio: {
      input: { format: pcm, noise_reduction: null, transcription: null, turn_detection: SERVER_VAD },
      output: { format: pcm, voice: 'marin', speed: 1 },
    },
    tools: [],
    tool_choice: 'auto',
    max_output_tokens: 'inf',
    truncation: 'auto',
    tracing: null,
    prompt: null,
    include: null,
  };
}

/** True for the flat session shape of the retired beta. */
export function isBetaShape(session: unknown): boolean {
  if (typeof session !== 'object' || session === null || 'type' in session) return false;
  return BETA_KEYS.some((key) => key in session);
}

/** The session after `update`, or why the whole update is refused. */
export function updateConfiguration(
  current: Configuration,
  update: unknown,
  moment: UpdateMoment,
): { readonly configuration: Configuration } | { readonly refusal: Refusal } {
  if (update === undefined) {
    return { refusal: refuse('missing_required_parameter', "Missing required parameter: 'session'.", 'session') };
  }
  const checked = sessionSchema.safeParse(update);
  if (!checked.success) return { refusal: refusalOf(checked.error, update, 'session') };
  const refusal = forbiddenNow(current, checked.data, moment);
  return refusal === null ? { configuration: merge(current, checked.data) } : { refusal };
}

function forbiddenNow(current: Configuration, update: SessionUpdate, moment: UpdateMoment): Refusal | null {
  const output = update.audio?.output;
  if (update.model !== undefined && update.model !== current.model) {
    return refuse('invalid_value', 'The model of a session cannot be changed.', 'session.model');
  }
  if (moment.spoken && output?.voice !== undefined) {
    const message = "Cannot update a conversation's voice if assistant audio is present.";
    return refuse('cannot_update_voice', message, 'session.audio.output.voice');
  }
  if (moment.responseActive && output?.speed !== undefined && output.speed !== current.audio.output.speed) {
    return refuse('invalid_value', 'Speed can only be changed between turns.', 'session.audio.output.speed');
  }
  if (current.tracing !== null && update.tracing !== undefined) {
    return refuse('invalid_value', 'Tracing cannot be changed once it is enabled.', 'session.tracing');
  }
  for (const key of ['reasoning', 'parallel_tool_calls'] as const) {
    if (update[key] !== undefined && NO_REASONING.test(current.model)) {
      return refuse('invalid_value', `'${key}' is not supported by ${current.model}.`, `session.${key}`);
    }
  }
  return null;
}

function mergeDetection(current: TurnDetection | null, update: TurnDetection | null): TurnDetection | null {
  if (update === null) return null;
  if (current?.type === update.type) return { ...current, ...update };
  return { ...(update.type === 'server_vad' ? SERVER_VAD : SEMANTIC_VAD), ...update };
}

function merge(current: Configuration, update: SessionUpdate): Configuration {
  const { audio, ...rest } = update;
  const input = { ...current.audio.input, ...audio?.input };
  const detection = audio?.input?.turn_detection;
  if (detection !== undefined) {
    input.turn_detection = mergeDetection(current.audio.input.turn_detection, detection);
  }
  const output = { ...current.audio.output, ...audio?.output };
  return { ...current, ...rest, audio: { input, output } } as Configuration;
}
