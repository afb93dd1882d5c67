import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { knownBinaries } from '../../src/http/native.ts';

/**
 * For the image: of the folder of uWebSockets.js leaves what this platform and this Node load, and stops where that is
 * not the very binary that was tested. Run in the folder of node_modules.
 */
const FOLDER = join('node_modules', 'uWebSockets.js');
const BINARY = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
const KEPT = new Set(['uws.js', 'package.json', 'LICENSE', 'source_commit', BINARY]);

const sha256 = createHash('sha256')
  .update(readFileSync(join(FOLDER, BINARY)))
  .digest('hex');
if (knownBinaries[BINARY] !== sha256) {
  process.stderr.write(`${BINARY} has SHA-256 ${sha256}, and was tested as ${knownBinaries[BINARY] ?? 'nothing'}\n`);
  process.exit(1);
}
for (const name of readdirSync(FOLDER)) if (!KEPT.has(name)) rmSync(join(FOLDER, name), { recursive: true });
process.stdout.write(`${BINARY} ${sha256}\n`);
