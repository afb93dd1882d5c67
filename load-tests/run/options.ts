import { parseArgs } from 'node:util';
import { type ScenarioName, scenarios, type ScenarioPlan } from './scenario.ts';

export interface LoadOptions {
  scenario: ScenarioName;
  plan: ScenarioPlan;
  calls: number;
  minutes: number;
  /** Processes of k6. */
  generators: number;
  /** Of the calls, so many are played by k6 at most; null: all of them. */
  k6CallsMax: number | null;
  nodes: number;
  cadence: string | null;
  /** A deployed staging, by its public address; null: everything on this machine. */
  target: { url: string; token: string; accountSid: string } | null;
  remoteWrite: string | null;
  calibrates: boolean;
  /** More flags of Node for the nodes. */
  nodeOptions: string | null;
  /** Where results are written. */
  out: string | null;
  /** Where the nodes' lines are written. */
  log: string | null;
}

export class UsageError extends Error {}

const callsLimit = 20_000;
const minutesLimit = 24 * 60;
const generatorsLimit = 64;
const nodesLimit = 32;
const staging = 'AC00000000000000000000000000000000';

export const usage = `npm run load -- SCENARIO [options]

  SCENARIO             ${Object.keys(scenarios).join(' · ')}
  --calls N            calls at once with audio
  --minutes N          how long callers call
  --generators N       processes of k6; their summaries are merged
  --k6-calls N         of the calls, so many by k6 at most and the others by the dense generator
  --nodes N            nodes of the local stack
  --cadence WORD       MODEL_CADENCE of the nodes
  --target URL         call a deployed staging (its model must be the fake), and start nothing here
  --token TOKEN        its auth token
  --account SID        its account (default ${staging})
  --remote-write URL   send the figures of k6 and of the nodes to a Prometheus
  --no-calibration     do not measure the rig alone; its part is then unknown
  --node-options=TEXT  more flags of Node for the nodes
  --out FOLDER         where results are written (default load-tests/results)
  --log FILE           keep what the nodes write`;

/** Rejects what it does not know, and what makes no sense together. */
export function readOptions(args: readonly string[]): LoadOptions {
  const { values, positionals } = parsed(args);
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError(usage);
  if (!isScenario(name))
    throw new UsageError(`no such scenario: ${name}; there are ${Object.keys(scenarios).join(', ')}`);
  const plan = scenarios[name];
  const target = targetOf(values);
  if (target && plan.hooks)
    throw new UsageError(`${name} kills or restarts nodes: it runs against the local stack only`);
  if (target && values['node-options']) throw new UsageError('--node-options are for nodes of the local stack');
  if (target && values['k6-calls']) throw new UsageError('--k6-calls: the dense generator calls the local stack only');
  if (target && values.cadence) throw new UsageError('--cadence is for nodes of the local stack');
  return {
    scenario: name,
    plan,
    calls: numberOf('calls', values.calls, { least: 1, most: callsLimit, whole: true }) ?? plan.calls,
    minutes: numberOf('minutes', values.minutes, { least: 0.05, most: minutesLimit, whole: false }) ?? plan.minutes,
    generators: numberOf('generators', values.generators, { least: 1, most: generatorsLimit, whole: true }) ?? 1,
    k6CallsMax:
      numberOf('k6-calls', values['k6-calls'], { least: 1, most: callsLimit, whole: true }) ??
      (target ? null : plan.k6CallsMax),
    nodes: numberOf('nodes', values.nodes, { least: 1, most: nodesLimit, whole: true }) ?? plan.nodes,
    cadence: values.cadence ?? null,
    target,
    remoteWrite: urlOf('remote-write', values['remote-write'], ['http:', 'https:']),
    calibrates: values['no-calibration'] !== true,
    nodeOptions: values['node-options'] ?? null,
    out: values.out ?? null,
    log: values.log ?? null,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        calls: { type: 'string' },
        minutes: { type: 'string' },
        generators: { type: 'string' },
        'k6-calls': { type: 'string' },
        nodes: { type: 'string' },
        cadence: { type: 'string' },
        target: { type: 'string' },
        token: { type: 'string' },
        account: { type: 'string' },
        'remote-write': { type: 'string' },
        'no-calibration': { type: 'boolean' },
        'node-options': { type: 'string' },
        out: { type: 'string' },
        log: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}

const isScenario = (name: string): name is ScenarioName => Object.hasOwn(scenarios, name);

function targetOf(values: {
  target?: string | undefined;
  token?: string | undefined;
  account?: string | undefined;
}): LoadOptions['target'] {
  const url = urlOf('target', values.target, ['http:', 'https:']);
  if (url === null && (values.token ?? values.account) !== undefined)
    throw new UsageError('--token and --account belong to a --target');
  if (url === null) return null;
  if (!values.token) throw new UsageError('--target needs the --token that it checks signatures with');
  return { url: url.replace(/\/+$/, ''), token: values.token, accountSid: values.account ?? staging };
}

function numberOf(
  name: string,
  text: string | undefined,
  { least, most, whole }: { least: number; most: number; whole: boolean },
): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw new UsageError(
    `--${name} ${text}: ${whole ? 'a whole number' : 'a number'} from ${least} to ${most} is needed`,
  );
}

function urlOf(name: string, text: string | undefined, protocols: readonly string[]): string | null {
  if (text === undefined) return null;
  const url = URL.parse(text);
  if (url && protocols.includes(url.protocol)) return text;
  throw new UsageError(`--${name} ${text}: a URL that begins with ${protocols.join('// or ')}// is needed`);
}
