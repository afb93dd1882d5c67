import { parseArgs } from 'node:util';
import { ScriptError } from '../caller/script.ts';
import { realModel, realSettings } from './real.ts';
import { isFailed, lineOf, rendered } from './report.ts';
import { runScenarios } from './runner.ts';
import { isFast, loadScenarios, type Scenario } from './scenario.ts';
import type { Variant } from './stage.ts';

const HELP = 'npm run scenarios [-- --dir DIR] [--only NAME,…] [--fast] [--amnesia | --cut-model | --real] [--seed N]';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Every scenario of a folder. Returns the exit code: 1 where one failed, 2 where nothing could be begun. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      dir: { type: 'string', default: import.meta.dirname },
      only: { type: 'string' },
      fast: { type: 'boolean', default: false },
      amnesia: { type: 'boolean', default: false },
      'cut-model': { type: 'boolean', default: false },
      real: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
    },
  });
  const chosen: Variant[] = [];
  if (values.amnesia) chosen.push('amnesia');
  if (values['cut-model']) chosen.push('cut');
  if (values.real) chosen.push('real');
  const seed = Number(values.seed);
  if (chosen.length > 1 || !Number.isInteger(seed)) throw new ScriptError([HELP]);
  const variant = chosen[0] ?? 'plain';
  const all = only(await loadScenarios(values.dir), values.only);
  const scenarios = values.fast ? all.filter(isFast) : all;
  const settings = variant === 'real' ? realSettings(process.env) : null;
  const results = await runScenarios(scenarios, {
    variant,
    seed,
    ...(settings ? { env: settings.env, real: realModel(settings) } : {}),
    onResult: (result) => say(lineOf(result)),
  });
  say('');
  say(rendered(results));
  return results.some(isFailed) ? 1 : 0;
}

function only(scenarios: readonly Scenario[], names: string | undefined): readonly Scenario[] {
  if (names === undefined) return scenarios;
  const wanted = names.split(',');
  const unknown = wanted.filter((name) => !scenarios.some(({ id }) => id === name));
  if (unknown.length > 0)
    throw new ScriptError([
      `no such scenario: ${unknown.join(', ')}; there are ${scenarios.map(({ id }) => id).join(', ')}`,
    ]);
  return scenarios.filter(({ id }) => wanted.includes(id));
}

try {
  process.exitCode = await main();
} catch (error) {
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${error instanceof ScriptError ? error.message : words}\n`);
  process.exitCode = 2;
}
