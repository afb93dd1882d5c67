import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { knownBinaries, nativeServer } from './native.ts';

const folder = dirname(createRequire(import.meta.url).resolve('uWebSockets.js'));

it('installs the binaries that this project was tested with', () => {
  for (const [file, sha256] of Object.entries(knownBinaries)) {
    expect([
      file,
      createHash('sha256')
        .update(readFileSync(join(folder, file)))
        .digest('hex'),
    ]).toEqual([file, sha256]);
  }
});

it('runs a known one where it is tested', () => {
  expect(nativeServer()).toEqual({
    file: `uws_linux_${process.arch}_137.node`,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    known: true,
  });
});
