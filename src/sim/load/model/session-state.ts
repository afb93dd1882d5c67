import type { Detection } from './ear.ts';

/** Silence after which a turn is over, where the session does not say. */
const silenceMsDefault = 500;
const prefixMsDefault = 300;

type Json = Readonly<Record<string, unknown>>;

/** The effective session; what the lean model acts on is read out of it once, at each update. */
export class SessionState {
  readonly id: string;
  readonly #shown: Record<string, unknown>;
  detection: Detection | null = { silenceMs: silenceMsDefault, prefixMs: prefixMsDefault };
  create_response = true;
  interrupt_response = true;
  transcribes = false;

  constructor(id: string, model: string, expiresAtS: number) {
    this.id = id;
    const pcm = { type: 'audio/pcm', rate: 24_000 };
    this.#shown = {
      type: 'realtime',
      object: 'realtime.session',
      id,
      model,
      expires_at: expiresAtS,
      output_modalities: ['audio'],
      audio: { input: { format: pcm }, output: { format: pcm, voice: 'marin' } },
      tools: [],
    };
  }

  /** As `session.created` and `session.updated` show it. */
  toJSON(): Json {
    return this.#shown;
  }

  merge(update: Json): void {
    const { audio, ...rest } = update;
    Object.assign(this.#shown, rest);
    const now = record(this.#shown['audio']);
    const input = { ...record(now['input']), ...record(record(audio)['input']) };
    const output = { ...record(now['output']), ...record(record(audio)['output']) };
    this.#shown['audio'] = { input, output };
    this.transcribes = typeof input['transcription'] === 'object' && input['transcription'] !== null;
    this.#detect(input['turn_detection']);
  }

  #detect(given: unknown): void {
    if (given === undefined) return;
    if (given === null) {
      this.detection = null;
      return;
    }
    const detection = record(given);
    const number = (name: string, other: number): number =>
      typeof detection[name] === 'number' ? detection[name] : other;
    this.detection = {
      silenceMs: number('silence_duration_ms', silenceMsDefault),
      prefixMs: number('prefix_padding_ms', prefixMsDefault),
    };
    this.create_response = detection['create_response'] !== false;
    this.interrupt_response = detection['interrupt_response'] !== false;
  }
}

export function newSession(id: string, model: string, expiresAtS: number): SessionState {
  return new SessionState(id, model, expiresAtS);
}

/** Null: merged. The lean model checks what would make it speak another format or with another voice. */
export function mergeSession(
  state: SessionState,
  update: unknown,
  hasSpoken: boolean,
): { code: string; message: string } | null {
  const given = record(update);
  if (given['type'] !== 'realtime')
    return { code: 'missing_required_parameter', message: "Missing required parameter: 'session.type'." };
  const audio = record(given['audio']);
  for (const side of ['input', 'output'] as const) {
    const format = record(record(audio[side])['format']);
    const isWrong = format['type'] !== undefined && (format['type'] !== 'audio/pcmu' || 'rate' in format);
    if (isWrong) return { code: 'invalid_value', message: `session.audio.${side}.format is not G.711 mu-law` };
  }
  if (hasSpoken && record(audio['output'])['voice'] !== undefined) {
    const message = "Cannot update a conversation's voice if assistant audio is present.";
    return { code: 'cannot_update_voice', message };
  }
  state.merge(given);
  return null;
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}
