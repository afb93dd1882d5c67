import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/**
 * SHA-256 of the native files of uWebSockets.js v20.x as uwebsockets@3.0.6 republishes them, by file name, which says
 * platform, processor and Node ABI (137: Node 24). A changed hash means that somebody changed the binary.
 */
const SHA256: Readonly<Record<string, string>> = {
  'uws_linux_x64_137.node': '3b549c14e01d9d1faf234cdf4b6f0fb08158605e3692cd0eb1b905e327bd3449',
  'uws_linux_arm64_137.node': 'b6eb007d627e00bcce03ad38f197124e9027c03f6fe784b37f97b8a6ea709cb4',
};

export interface NativeFile {
  path: string;
  sha256: string;
  /** `expected`: the file this version was tested with; `changed`: same name, other bytes; `unlisted`: another build. */
  origin: 'expected' | 'changed' | 'unlisted';
}

/** The native file that `import 'uWebSockets.js'` loads in this process. */
export async function nativeFile(): Promise<NativeFile> {
  const folder = dirname(createRequire(import.meta.url).resolve('uWebSockets.js'));
  return inspectNative(join(folder, `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`));
}

export async function inspectNative(path: string): Promise<NativeFile> {
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  const expected = SHA256[basename(path)];
  return { path, sha256, origin: expected === undefined ? 'unlisted' : expected === sha256 ? 'expected' : 'changed' };
}
