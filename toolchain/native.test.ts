import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import uWS from 'uWebSockets.js';
import { expect, test } from 'vitest';
import { knownBinaries } from '../src/http/native.ts';

test('the native file that the system mapped into this process has the listed hash', async () => {
  expect(uWS.App).toBeTypeOf('function');
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] };
  const loaded = sharedObjects.filter((path) => basename(path).startsWith('uws_'));
  expect(loaded).toHaveLength(1);
  const [path = ''] = loaded;
  const hash = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  expect(knownBinaries[basename(path)]).toBe(hash);
});
