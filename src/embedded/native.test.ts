import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import uWS from 'uWebSockets.js';
import { expect, test } from 'vitest';
import { inspectNative, nativeFile } from './native.ts';

/** What the operating system says is mapped into this process. */
function loadedFiles(): string[] {
  const report = process.report.getReport() as unknown as { sharedObjects: string[] };
  return report.sharedObjects.filter((path) => path.endsWith('.node'));
}

test('the loaded native file is the one this version was tested with', async () => {
  expect(uWS.App).toBeTypeOf('function');
  const native = await nativeFile();
  expect(loadedFiles()).toContain(native.path);
  expect(native.origin).toBe('expected');
});

test('every listed platform has the listed bytes', async () => {
  const { path } = await nativeFile();
  const other = path.replace(/_(x64|arm64)_/, (_, arch) => (arch === 'x64' ? '_arm64_' : '_x64_'));
  expect((await inspectNative(other)).origin).toBe('expected');
});

test('other bytes under the same name are told', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'aida-native-'));
  const name = basename((await nativeFile()).path);
  await writeFile(join(dir, name), 'not the same');
  await writeFile(join(dir, 'uws_linux_x64_999.node'), 'newer');
  expect((await inspectNative(join(dir, name))).origin).toBe('changed');
  expect((await inspectNative(join(dir, 'uws_linux_x64_999.node'))).origin).toBe('unlisted');
  await rm(dir, { recursive: true });
});
