import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diagram } from '../machines/call-diagram.ts';

writeFileSync(join(import.meta.dirname, '../machines/call.md'), diagram());
