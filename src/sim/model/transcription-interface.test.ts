import { afterAll, beforeAll, expect, test } from 'vitest';
import { transcribe, TranscriptionRefused } from '../../services/transcription.ts';
import { encodeUtterance, joinBytes, writeWav } from '../voice/index.ts';
import { type FakeModel, startFakeModel } from './index.ts';

let model: FakeModel;
beforeAll(async () => {
  model = await startFakeModel({ apiKey: 'sk-test' });
});
afterAll(() => model.close());

const signal = AbortSignal.timeout(20_000);
const wav = (words: string) =>
  Buffer.from(writeWav(joinBytes(encodeUtterance(words, { utterance: 3, speaker: 'caller' })), 'pcm16'));
const settings = () => ({ apiUrl: model.apiUrl, apiKey: 'sk-test' });

/** What a form of these fields is answered; a file is the name of one that holds no sound. */
async function ask(fields: Record<string, string>, key = 'sk-test') {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields))
    form.set(name, name === 'file' ? new File(['RIFF'], value) : value);
  const headers = { authorization: `Bearer ${key}` };
  const response = await fetch(`${model.apiUrl}/audio/transcriptions`, { method: 'POST', headers, body: form });
  const { error } = (await response.json()) as { error: { code: string; param: string | null } };
  return [response.status, error.code, error.param];
}

test('it writes down what the caller’s voice says', async () => {
  const sound = { audio: wav('Please call me back.'), contentType: 'audio/x-wav' };
  expect(await transcribe(sound, settings(), signal)).toBe('Please call me back.');
  expect(model.writtenDown).toEqual(['Please call me back.']);
  expect(model.complaints).toEqual([]);
});

test.each([
  ['no model', { file: 'a.wav' }, 'missing_required_parameter', 'model'],
  ['an unknown model', { file: 'a.wav', model: 'gpt-realtime' }, 'invalid_value', 'model'],
  ['no file', { model: 'gpt-transcribe' }, 'missing_required_parameter', 'file'],
  ['a file of no known kind', { file: 'a.txt', model: 'gpt-transcribe' }, 'invalid_value', 'file'],
  ['a file without sound', { file: 'a.wav', model: 'gpt-transcribe' }, 'invalid_value', 'file'],
  [
    'an unknown format',
    { file: 'a.wav', model: 'gpt-transcribe', response_format: 'xml' },
    'invalid_value',
    'response_format',
  ],
  ['an unknown field', { file: 'a.wav', model: 'gpt-transcribe', speed: '1' }, 'unknown_parameter', 'speed'],
])('it refuses %s', async (_, fields, code, param) => {
  const before = model.complaints.length;
  expect(await ask(fields as Record<string, string>)).toEqual([400, code, param]);
  expect(model.complaints.length).toBe(before + 1);
});

test('a wrong key, a service that is not there and one with trouble are told apart', async () => {
  expect((await ask({}, 'other'))[0]).toBe(401);
  const sound = { audio: wav('Hello.'), contentType: 'audio/x-wav' };
  await expect(transcribe(sound, { ...settings(), apiUrl: null }, signal)).rejects.toBeInstanceOf(TranscriptionRefused);
  for (const [door, isRefused] of [
    [404, true],
    [429, false],
    [500, false],
  ] as const) {
    model.transcriptionDoor = door;
    const error: unknown = await transcribe(sound, settings(), signal).catch((thrown: unknown) => thrown);
    expect([door, error instanceof TranscriptionRefused]).toEqual([door, isRefused]);
  }
});
