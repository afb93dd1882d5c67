import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boards } from './boards.ts';
import { boardText } from './text.ts';

/** `npm run grafana:build`: writes the boards as Grafana reads them. A test fails while they differ from what this writes. */
for (const board of boards) await writeFile(join(import.meta.dirname, `${board.file}.json`), boardText(board));
process.stdout.write(`${boards.map(({ file }) => `grafana/dashboards/${file}.json`).join('\n')}\n`);
