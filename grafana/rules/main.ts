import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ruleFiles } from './index.ts';
import { rendered } from './render.ts';
import { realTime } from './scale.ts';

/** `npm run grafana:rules`: writes the files that Prometheus reads. A test fails while they differ from what this writes. */
for (const file of ruleFiles) await writeFile(join(import.meta.dirname, `${file.name}.yml`), rendered(file, realTime));
process.stdout.write(`${ruleFiles.map(({ name }) => `grafana/rules/${name}.yml`).join('\n')}\n`);
