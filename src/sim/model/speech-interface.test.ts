import { afterAll, beforeAll, expect, test } from 'vitest';
import { SpeechError, createSpeech } from '../../services/speech.ts';
import { VoiceReader } from '../voice/index.ts';
import { type FakeModel, startFakeModel } from './index.ts';

let model: FakeModel;
beforeAll(async () => {
  model = await startFakeModel({ apiKey: 'sk-test' });
});
afterAll(() => model.close());

const whole = { model: 'gpt-4o-mini-tts', input: 'Hello.', voice: 'marin', response_format: 'pcm' };

async function ask(body: object | string, headers: Record<string, string> = {}) {
  const response = await fetch(`${model.apiUrl}/audio/speech`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-test', 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.status === 200) return { status: 200, code: null, param: null, bytes };
  const { error } = JSON.parse(bytes.toString()) as { error: { code: string; param: string | null } };
  return { status: response.status, code: error.code, param: error.param, bytes };
}

test.each([
  ['an unknown field', { ...whole, language: 'en' }, 'unknown_parameter', 'language'],
  ['no voice', { ...whole, voice: undefined }, 'missing_required_parameter', 'voice'],
  ['an unknown voice', { ...whole, voice: 'zorro' }, 'invalid_value', 'voice'],
  ['an unknown model', { ...whole, model: 'gpt-realtime' }, 'invalid_value', 'model'],
  ['an unknown format', { ...whole, response_format: 'g711_ulaw' }, 'invalid_value', 'response_format'],
  ['a format that is not simulated', { ...whole, response_format: 'mp3' }, 'invalid_value', 'response_format'],
  ['no words', { ...whole, input: '' }, 'invalid_value', 'input'],
  ['too many words', { ...whole, input: 'x'.repeat(4_097) }, 'invalid_value', 'input'],
  [
    'instructions for a model that takes none',
    { ...whole, model: 'tts-1', instructions: 'x' },
    'invalid_value',
    'instructions',
  ],
  ['what is no JSON', '{', 'missing_required_parameter', ''],
])('it refuses %s', async (_, body, code, param) => {
  const before = model.complaints.length;
  const answer = await ask(body);
  expect([answer.status, answer.code, answer.param]).toEqual([400, code, param]);
  expect(model.complaints.slice(before)).toEqual([expect.stringMatching(/^speech: /)]);
});

test('a wrong key is refused', async () => {
  expect(await ask(whole, { authorization: 'Bearer other' })).toMatchObject({ status: 401, code: 'invalid_api_key' });
});

test('what it speaks is heard word for word after it became the telephone’s sound', async () => {
  const speech = createSpeech({ apiUrl: model.apiUrl, apiKey: 'sk-test' });
  const before = model.complaints.length;
  const texts = ['Thank you for calling. Goodbye.', 'Un instant, s’il vous plaît, je m’en occupe encore.'];
  const reader = new VoiceReader();
  for (const text of texts) {
    const ulaw = await speech.speak({ text, voice: 'cedar', instructions: 'Calmly.' });
    expect(ulaw.length % 160).toBe(0);
    reader.push(ulaw);
  }
  reader.end();
  expect([reader.text('assistant'), reader.intact, reader.strayBytes]).toEqual([texts.join(' '), true, 0]);
  expect(model.spoken.slice(-2)).toEqual(texts.map((text) => ({ text, voice: 'cedar', instructions: 'Calmly.' })));
  expect(model.complaints.slice(before)).toEqual([]);
});

test.each([
  [429, 'limited', true],
  [500, 'away', true],
  [401, 'refused', false],
  [404, 'refused', false],
] as const)('a door that answers %d is told apart', async (status, code, isRetryable) => {
  const before = model.complaints.length;
  model.speechDoor = status;
  const speech = createSpeech({ apiUrl: model.apiUrl, apiKey: 'sk-test' });
  const error = await speech
    .speak({ text: 'Hello.', voice: 'marin', instructions: '' })
    .catch((thrown: unknown) => thrown);
  model.speechDoor = 'open';
  expect(error).toBeInstanceOf(SpeechError);
  expect(error).toMatchObject({ code, isRetryable });
  expect(model.complaints.slice(before)).toEqual([]);
});

test('an interface that is not there is away', async () => {
  const speech = createSpeech({ apiUrl: 'http://127.0.0.1:9/v1', apiKey: 'sk-test' });
  await expect(speech.speak({ text: 'Hello.', voice: 'marin', instructions: '' })).rejects.toMatchObject({
    code: 'away',
  });
});
