/** A function tool as `session.update` takes it. */
export interface ToolDefinition {
  type: 'function';
  name: string;
  description: string;
  /** JSON schema of the arguments. */
  parameters: Readonly<Record<string, unknown>>;
}

/** Who the assistant is in this call. */
export interface SessionProfile {
  instructions: string;
  voice: string;
  /** First sentence of a call, said word for word. */
  greeting: string;
  tools: readonly ToolDefinition[];
  /** ISO 639-1 of what callers speak, null where it is not known: a hint for the transcription. */
  language: string | null;
}

export interface ModelSettings {
  /** `wss://api.openai.com/v1/realtime` or another endpoint of the same shape; `ws:` works. */
  url: string;
  apiKey: string;
  model: string;
}
