/** What listens to messages: REST at OPENAI_API_URL, null where there is none. */
export interface TranscriptionSettings {
  apiUrl: string | null;
  apiKey: string;
}

/** The model that writes recordings down, November 2026; the older ones end in February 2027. */
const MODEL = 'gpt-transcribe';
const ANSWER_CHARS_MAX = 20_000;

/** Another try would end the same way: no such service there, or no right to it, or audio that it does not take. */
export class TranscriptionRefused extends Error {
  override readonly name = 'TranscriptionRefused';
}

/**
 * The words of a recording, '' where there are none. Rejects when it cannot be had now.
 * @throws TranscriptionRefused
 */
export async function transcribe(
  { audio, contentType }: { audio: Buffer; contentType: string },
  { apiUrl, apiKey }: TranscriptionSettings,
  signal: AbortSignal,
): Promise<string> {
  if (apiUrl === null) throw new TranscriptionRefused('there is nothing that listens');
  const form = new FormData();
  // The service tells the format by the name.
  const name = /wav/.test(contentType) ? 'message.wav' : 'message.mp3';
  form.set('file', new File([new Uint8Array(audio)], name, { type: contentType }));
  form.set('model', MODEL);
  form.set('response_format', 'json');
  const response = await fetch(`${apiUrl}/audio/transcriptions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}` },
    body: form,
    redirect: 'manual',
    signal,
  });
  if (!response.ok) {
    await response.body?.cancel();
    const { status } = response;
    const isPassing = status === 408 || status === 409 || status === 429 || status >= 500;
    const message = `the transcription was answered with ${status}`;
    throw isPassing ? new Error(message) : new TranscriptionRefused(message);
  }
  const answer: unknown = await response.json();
  if (typeof answer !== 'object' || answer === null || !('text' in answer) || typeof answer.text !== 'string')
    throw new TranscriptionRefused('the transcription has no text');
  return answer.text.trim().slice(0, ANSWER_CHARS_MAX);
}
