import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { schemaFiles } from './kafka/schemas.ts';

/** `npm run schemas`: writes the JSON Schemas of Kafka's messages anew. */
const dir = join(import.meta.dirname, '../docs/schemas');
await mkdir(dir, { recursive: true });
for (const [name, text] of schemaFiles()) await writeFile(join(dir, name), text);
