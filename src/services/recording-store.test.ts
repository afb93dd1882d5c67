import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseRecordingsUrl } from '../recordings-url.ts';
import { type FakeBucket, startFakeBucket } from '../sim/parts/s3.ts';
import { createRecordingStore, type RecordingStore } from './recording-store.ts';

const signal = AbortSignal.timeout(20_000);
const sound = Buffer.from([0, 1, 2, 0xff]);

function storeAt(url: string): RecordingStore {
  const place = parseRecordingsUrl(url);
  if (!place) throw new Error(url);
  return createRecordingStore(place);
}

async function keepsAndForgets(store: RecordingStore): Promise<string> {
  const location = await store.put('voicemail/2026/11/RE1.wav', sound, 'audio/x-wav', signal);
  await store.put('voicemail/2026/11/RE1.wav', sound, 'audio/x-wav', signal);
  expect(await store.get(location, signal)).toEqual(sound);
  await store.delete(location, signal);
  expect(await store.get(location, signal)).toBeNull();
  await store.delete(location, signal);
  await expect(store.put('../RE1.wav', sound, 'audio/x-wav', signal)).rejects.toThrow('not a name');
  return location;
}

describe('a folder', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'aida recordings-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test('keeps whole files and touches none outside', async () => {
    const store = storeAt(pathToFileURL(dir).href);
    const location = await keepsAndForgets(store);
    expect(location).toBe(`${pathToFileURL(dir).href}/voicemail/2026/11/RE1.wav`);
    expect(await readdir(join(dir, 'voicemail/2026/11'))).toEqual([]);
    const outside = pathToFileURL(join(dir, '..', 'other')).href;
    await expect(store.get(outside, signal)).rejects.toThrow('outside');
    await expect((async () => store.delete(outside, signal))()).rejects.toThrow('outside');
  });
});

describe('a bucket', () => {
  let bucket: FakeBucket;
  beforeAll(async () => {
    bucket = await startFakeBucket('aida/test');
  });
  afterAll(() => bucket.close());

  test('is asked with signatures that it checks', async () => {
    const location = await keepsAndForgets(storeAt(bucket.url));
    expect(location).toBe('s3://recordings/aida/test/voicemail/2026/11/RE1.wav');
    expect(bucket.requests.map((line) => line.replace('aida/test/voicemail/2026/11/RE1.wav', 'K'))).toEqual([
      'PUT K 200',
      'PUT K 200',
      'GET K 200',
      'DELETE K 204',
      'GET K 404',
      'DELETE K 204',
    ]);
  });

  test('a wrong key, another bucket or a bucket that is away is told apart from nothing there', async () => {
    const put = (url: string) => storeAt(url).put('x.wav', sound, 'audio/x-wav', signal);
    await expect(put(bucket.url.replace('AKID', 'AKIX'))).rejects.toThrow('403');
    await expect(put(bucket.url.replace('EXAMPLEKEY', 'EXAMPLEKEX'))).rejects.toThrow('403');
    bucket.failures.push(503);
    await expect(put(bucket.url)).rejects.toThrow('the bucket answered PUT with 503');
    bucket.failures.push(500);
    await expect(storeAt(bucket.url).get('s3://recordings/x.wav', signal)).rejects.toThrow('500');
    await expect(storeAt(bucket.url).get('s3://other/x.wav', signal)).rejects.toThrow('outside');
    expect(bucket.objects.size).toBe(0);
  });
});
