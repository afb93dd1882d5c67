import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

export interface NativeServer {
  /** Name of the binary for this platform and Node. */
  file: string;
  /** Hex. */
  sha256: string;
  /** It is the very binary that this project was tested with. */
  known: boolean;
}

/**
 * SHA-256 of the uWebSockets.js binaries that this project was tested with. npm has them from a third party that
 * republishes the official ones, so a changed one must be seen. Node 24 has ABI 137.
 */
export const knownBinaries: Readonly<Record<string, string>> = {
  'uws_linux_x64_137.node': '3b549c14e01d9d1faf234cdf4b6f0fb08158605e3692cd0eb1b905e327bd3449',
  'uws_linux_arm64_137.node': 'b6eb007d627e00bcce03ad38f197124e9027c03f6fe784b37f97b8a6ea709cb4',
};

/** Which server binary this process runs: for the line that it starts with. */
export function nativeServer(): NativeServer {
  const entry = createRequire(import.meta.url).resolve('uWebSockets.js');
  const path = join(dirname(entry), `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`);
  const file = basename(path);
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  return { file, sha256, known: knownBinaries[file] === sha256 };
}
