import { parseArgs } from 'node:util';
import {
  committedSet,
  committedSets,
  judgeSet,
  readSet,
  reportOf,
  rulesReader,
} from './analytics/understanding/judge/judge.ts';
import { SetFault } from './analytics/understanding/judge/set.ts';

const USAGE = `npm run eval [-- --set FILE]

Judges how calls are understood and texts are redacted, by the committed labelled sets or by the JSON lines in FILE:
  {"turns":[{"who":"caller","text":"…"}],"intents":["hours"]}
  {"text":"…","spans":[[12,31,"card"]]}`;

async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { set: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const sets =
    values.set === undefined
      ? committedSets.map((name) => ({ title: name, read: () => committedSet(name) }))
      : [{ title: values.set, read: () => readSet(values.set ?? '') }];
  const reports: string[] = [];
  for (const { title, read } of sets) reports.push(reportOf(title, 'rules', await judgeSet(await read(), rulesReader)));
  console.log(reports.join(`\n\n${'─'.repeat(68)}\n\n`));
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  console.error(error instanceof SetFault || isUsage ? error.message : `the set could not be judged: ${String(error)}`);
  if (isUsage) console.error(USAGE);
  process.exitCode = 1;
}
