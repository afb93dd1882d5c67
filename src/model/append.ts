const prefix = '{"type":"input_audio_buffer.append","audio":"';
const suffix = '"}';

/** The two halves of an append event, around its base64 payload. */
export const appendEvent = { prefix, suffix } as const;

export function appendOf(payload: string): string {
  return prefix + payload + suffix;
}

/** The payload of an event that `appendOf` or a splice made. */
export function payloadOf(event: string): string {
  return event.slice(prefix.length, -suffix.length);
}
