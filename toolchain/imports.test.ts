import { expect, test } from 'vitest';
import { importFaults, readSources } from './imports.ts';
import { ROOT } from './programs.ts';

test('imports run one way, and settings are read in one place', async () => {
  const sources = await readSources(ROOT);
  expect(sources.size).toBeGreaterThan(50);
  expect(importFaults(sources)).toEqual([]);
});

const PLANTED: [rule: string, path: string, text: string, faults: number][] = [
  ['a stage imports an earlier one', 'src/calls/a.ts', "import { b } from '../media/b.ts';", 1],
  ['a type counts too', 'src/tools/a.ts', "import type { B } from '../calls/b.ts';", 1],
  ['over several lines', 'src/model/a.ts', "import {\n  b,\n} from '../media/b.ts';", 1],
  ['exported on', 'src/tools/a.ts', "export * from '../webhook/b.ts';", 1],
  ['imported later', 'src/tools/a.ts', "await import('../webhook/b.ts');", 1],
  ['for its effects', 'src/tools/a.ts', "import '../webhook/b.ts';", 1],
  ['a leaf imports a stage', 'src/directory/scripts/a.ts', "import { b } from '../../services/b.ts';", 1],
  ['the simulated voice', 'src/media/a.ts', "import { VoiceReader } from '../sim/voice/read.ts';", 1],
  ['the root imports sim', 'src/main.ts', "import { b } from './sim/b.ts';", 1],
  ['the machine does I/O', 'machines/a.ts', "import { connect } from 'node:net';", 1],
  ['the machine reaches out', 'machines/a.ts', "import { b } from '../src/redact/b.ts';", 1],
  ['a row has logic', 'entities/a.ts', "import { z } from 'zod';", 1],
  ['a fixture in the product', 'src/http/a.ts', "import { b } from './b.fixture.ts';", 1],
  ['the tool chain in the product', 'src/http/a.ts', "import { b } from '../../toolchain/b.ts';", 1],
  ['a stray setting', 'src/http/a.ts', "const port = process.env['PORT'];", 1],
  ['a stray setting in the root', 'src/main.ts', 'const port = process.env.PORT;', 1],
  ['the root reads all settings', 'src/main.ts', 'readConfig(process.env);', 0],
  ['a later stage', 'src/media/a.ts', "import { b } from '../calls/b.ts';", 0],
  ['a leaf', 'src/calls/a.ts', "import { b } from '../directory/b.ts';\nimport { c } from '../../machines/c.ts';", 0],
  ['a test may use the fakes', 'src/media/a.test.ts', "import { b } from '../sim/b.ts';", 0],
  ['sim imports anything', 'src/sim/a.ts', "import { b } from '../http/b.ts';", 0],
];

test.each(PLANTED)('planted: %s', (_rule, path, text, faults) => {
  expect(importFaults(new Map([[path, text]]))).toHaveLength(faults);
});
