import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { AwsClient } from 'aws4fetch';
import type { RecordingPlace } from '../recordings-url.ts';

/** Where audio is kept outside of the database. All reject when it cannot be done now; a repeat does no harm. */
export interface RecordingStore {
  /** Its location, for the two others. `name`: a path below the store's own. */
  put(name: string, audio: Uint8Array, contentType: string, signal: AbortSignal): Promise<string>;
  /** Null if there is nothing. */
  get(location: string, signal: AbortSignal): Promise<Buffer | null>;
  /** Resolves as well if there was nothing. */
  delete(location: string, signal: AbortSignal): Promise<void>;
}

/** What callers said is nobody else's on the machine. */
const [FOLDER_MODE, FILE_MODE] = [0o750, 0o640];
const HTTP_NOT_FOUND = 404;
const HIDDEN = /(^|\/)\.\.?(\/|$)/;

export function createRecordingStore(place: RecordingPlace): RecordingStore {
  return place.kind === 'folder' ? folderStore(place.path) : bucketStore(place);
}

function folderStore(folder: string): RecordingStore {
  function pathOf(location: string): string {
    const path = fileURLToPath(location);
    const inside = relative(folder, path);
    if (inside === '' || inside.startsWith('..')) throw new RangeError('a location outside of the folder');
    return path;
  }
  return {
    async put(name, audio, _contentType, signal) {
      const path = join(folder, checked(name));
      await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
      // Under its name it is whole, whatever happens meanwhile.
      await writeFile(`${path}.part`, audio, { flush: true, mode: FILE_MODE, signal });
      await rename(`${path}.part`, path);
      return pathToFileURL(path).href;
    },
    async get(location, signal) {
      try {
        return await readFile(pathOf(location), { signal });
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
        throw error;
      }
    },
    delete: (location) => rm(pathOf(location), { force: true }),
  };
}

function bucketStore({
  endpoint,
  region,
  bucket,
  prefix,
  accessKeyId,
  secretAccessKey,
}: Extract<RecordingPlace, { kind: 's3' }>): RecordingStore {
  // The job that asks has its own tries.
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 0 });
  const start = `s3://${bucket}/`;

  async function ask(
    method: 'PUT' | 'GET' | 'DELETE',
    location: string,
    init: { body?: Uint8Array<ArrayBuffer>; headers?: Record<string, string>; signal: AbortSignal },
  ): Promise<Response> {
    if (!location.startsWith(start)) throw new RangeError('a location outside of the bucket');
    const url = `${endpoint}/${bucket}/${location.slice(start.length)}`;
    const hash = createHash('sha256')
      .update(init.body ?? '')
      .digest('hex');
    const headers = { ...init.headers, 'x-amz-content-sha256': hash };
    const response = await client.fetch(url, { ...init, method, headers, redirect: 'manual' });
    if (response.ok || (response.status === HTTP_NOT_FOUND && method !== 'PUT')) return response;
    await response.body?.cancel();
    throw new Error(`the bucket answered ${method} with ${response.status}`);
  }

  return {
    async put(name, audio, contentType, signal) {
      const location = start + (prefix === '' ? '' : `${prefix}/`) + checked(name);
      const response = await ask('PUT', location, {
        body: new Uint8Array(audio),
        headers: { 'content-type': contentType },
        signal,
      });
      await response.body?.cancel();
      return location;
    },
    async get(location, signal) {
      const response = await ask('GET', location, { signal });
      if (response.status === HTTP_NOT_FOUND) return response.body?.cancel().then(() => null) ?? null;
      return Buffer.from(await response.arrayBuffer());
    },
    async delete(location, signal) {
      const response = await ask('DELETE', location, { signal });
      await response.body?.cancel();
    },
  };
}

function checked(name: string): string {
  if (HIDDEN.test(name) || !/^[\w./-]+$/.test(name) || name.startsWith('/')) throw new RangeError('not a name');
  return name;
}
