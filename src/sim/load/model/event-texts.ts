/** Parts of events that are written often, as JSON. */

/** Of the instructions and tools, with each response. */
export const textTokens = 600;
const cachedTokens = 576;
const outTextTokens = 10;

export function responseText(id: string, status: string, details: string, item: string, usage: string): string {
  return (
    `{"object":"realtime.response","id":"${id}","status":"${status}","status_details":${details},"output":[${item}],` +
    `"conversation_id":"conv_1","output_modalities":["audio"],"metadata":null,"usage":${usage}}`
  );
}

export function userItemText(id: string): string {
  return (
    `{"id":"${id}","object":"realtime.item","type":"message","status":"completed","role":"user",` +
    `"content":[{"type":"input_audio","transcript":null}]}`
  );
}

/** Tokens of audio, in and out. */
export function usageText(audioIn: number, audioOut: number): string {
  const input = textTokens + audioIn;
  return (
    `{"total_tokens":${input + audioOut},"input_tokens":${input},"output_tokens":${audioOut},` +
    `"input_token_details":{"text_tokens":${textTokens},"audio_tokens":${audioIn},"image_tokens":0,` +
    `"cached_tokens":${cachedTokens},"cached_tokens_details":{"text_tokens":${cachedTokens},"audio_tokens":0,"image_tokens":0}},` +
    `"output_token_details":{"text_tokens":${outTextTokens},"audio_tokens":${audioOut}}}`
  );
}

export function transcriptionUsageText(audioTokens: number): string {
  return (
    `{"type":"tokens","total_tokens":${audioTokens + outTextTokens},"input_tokens":${audioTokens},` +
    `"output_tokens":${outTextTokens},"input_token_details":{"audio_tokens":${audioTokens},"text_tokens":0}}`
  );
}

export function limitsText(tokensPerMinute: number, left: number): string {
  return (
    `[{"name":"requests","limit":100000,"remaining":99999,"reset_seconds":0.1},` +
    `{"name":"tokens","limit":${tokensPerMinute},"remaining":${left},"reset_seconds":1.5}]`
  );
}
