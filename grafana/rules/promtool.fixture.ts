import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPart } from '../../src/embedded/parts.ts';

export interface Said {
  code: number;
  output: string;
}

const minutesMax = 2;

/** `promtool ARGUMENT…`, or any other program of a part, to its end. */
export async function runPart(part: 'prometheus' | 'alertmanager', tool: string, args: string[]): Promise<Said> {
  const { dir, env } = await findPart(part);
  return new Promise((resolve) => {
    execFile(
      join(dir, tool),
      args,
      { env, timeout: minutesMax * 60_000, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: `${stdout}${stderr}` }),
    );
  });
}

export interface Question {
  expr: string;
  minute: number;
  /** Labels → value of each series that is to come. */
  answers: readonly string[];
}

export interface UnitTest {
  name: string;
  /** `name{labels}` → its values by minute; null where nothing was scraped. */
  series: Readonly<Record<string, (minute: number) => number | null>>;
  questions: readonly Question[];
}

/** `promtool test rules` over rules in the form of their files; the questions' answers are 1. */
export async function testRules(rules: unknown, tests: readonly UnitTest[]): Promise<Said> {
  const dir = await mkdtemp(join(tmpdir(), 'aida-promtool-'));
  const file = join(dir, 'tests.json');
  await writeFile(join(dir, 'rules.json'), JSON.stringify(rules));
  // JSON is YAML.
  await writeFile(
    file,
    JSON.stringify({ rule_files: ['rules.json'], evaluation_interval: '1m', tests: tests.map(asPromtoolReads) }),
  );
  try {
    return await runPart('prometheus', 'promtool', ['test', 'rules', file]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function asPromtoolReads({ name, series, questions }: UnitTest): Record<string, unknown> {
  const minutes = Math.max(...questions.map(({ minute }) => minute));
  return {
    name,
    interval: '1m',
    input_series: Object.entries(series).map(([key, at]) => ({ series: key, values: valuesOf(at, minutes) })),
    promql_expr_test: questions.map(({ expr, minute, answers }) => ({
      expr,
      eval_time: `${minute}m`,
      exp_samples: answers.map((labels) => ({ labels, value: 1 })),
    })),
  };
}

/** As promtool's notation has it: `0+5x3` is 0 5 10 15, and `_` a sample that is missing. */
function valuesOf(at: (minute: number) => number | null, minutes: number): string {
  const values = Array.from({ length: minutes + 1 }, (_, minute) => at(minute));
  const tokens: string[] = [];
  for (let from = 0; from < values.length;) {
    const first = values[from] ?? null;
    const second = values[from + 1] ?? null;
    let to = from;
    if (first !== null && second !== null) {
      const step = second - first;
      while (to + 1 < values.length && values[to + 1] === first + step * (to + 1 - from)) to++;
      tokens.push(to === from ? String(first) : `${first}${step < 0 ? '-' : '+'}${Math.abs(step)}x${to - from}`);
    } else tokens.push(first === null ? '_' : String(first));
    from = to + 1;
  }
  return tokens.join(' ');
}
