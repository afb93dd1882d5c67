import { writeReport } from './write.ts';

/** `npm run report`: the page of results anew from the JSON files. */
const changed = await writeReport();
process.stdout.write(changed.length === 0 ? 'The pages are as the results say.\n' : `Wrote ${changed.join(', ')}.\n`);
