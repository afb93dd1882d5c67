import type { Hosts } from '../../src/sim/twilio/hosts.ts';

/** What k6 was told by `-e NAME=value`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Shares are 0 to 1, times ms. */
export interface Settings {
  /** Public address of the service without a slash at its end: `https://voice.example.com`. */
  target: string;
  /** The account's auth token: everything is signed with it. */
  token: string;
  accountSid: string;
  hosts: Hosts;
  /** Calls at once. */
  calls: number;
  runMs: number;
  /** This generator among how many: callers' numbers must not meet. */
  generator: number;
  generators: number;
  /** Where the summary is written; null: nowhere but to the screen. */
  summaryFile: string | null;
  /** Where nodes are killed and replaced; null: nobody does. */
  hooks: string | null;
  /** What callers decide follows from it. */
  seed: number;
  /** Turns that a caller interrupts. */
  bargeIns: number;
  /** Calls in which the caller says goodbye and lets the service hang up. */
  goodbyes: number;
  /** Turns in which the caller presses a key. */
  keys: number;
  /** Frames that never leave. */
  loss: number;
  /** Frames are held back by up to so long. */
  jitterMsMax: number;
  /** How long a caller talks before leaving. */
  talkMs: number;
  /** Every status callback instead of the final one alone. */
  allStatuses: boolean;
}

export class SettingsError extends Error {}

const noAccount = `AC${'0'.repeat(32)}`;
const callsLimit = 15_000;
const secondsLimit = 24 * 3_600;
const generatorsLimit = 64;
const secondMs = 1_000;

/** Reads and checks everything at once; what a scenario says stands where nothing was told. */
export function readSettings(env: Environment, scenario: Partial<Settings>): Settings {
  const number = (name: string, fallback: number, least: number, most: number): number => {
    const text = env[name];
    if (text === undefined || text === '') return fallback;
    const value = Number(text);
    if (!(value >= least && value <= most)) throw new SettingsError(`${name}=${text}: ${least} to ${most} is allowed`);
    return value;
  };
  const share = (name: string, fallback: number | undefined): number => number(name, fallback ?? 0, 0, 1);
  const target = (env['TARGET'] ?? '').replace(/\/+$/, '');
  if (!/^https?:\/\/[^/?#]+$/.test(target)) throw new SettingsError(`TARGET=${target}: https://HOST is needed`);
  const token = env['TOKEN'] ?? '';
  if (token === '') throw new SettingsError('TOKEN: the auth token that the service checks signatures with is needed');
  const seconds = number('SECONDS', (scenario.runMs ?? 60 * secondMs) / secondMs, 1, secondsLimit);
  return {
    target,
    token,
    accountSid: env['ACCOUNT'] ?? noAccount,
    hosts: hostsOf(env['HOSTS']),
    calls: number('CALLS', scenario.calls ?? 1, 1, callsLimit),
    runMs: seconds * secondMs,
    generator: number('GENERATOR', 0, 0, generatorsLimit),
    generators: number('GENERATORS', 1, 1, generatorsLimit),
    summaryFile: env['SUMMARY'] || null,
    hooks: env['HOOKS'] || null,
    seed: number('SEED', 1, 0, 0xffff_ffff),
    bargeIns: share('BARGE_INS', scenario.bargeIns),
    goodbyes: share('GOODBYES', scenario.goodbyes),
    keys: share('KEYS', scenario.keys),
    loss: share('LOSS', scenario.loss),
    jitterMsMax: number('JITTER_MS', scenario.jitterMsMax ?? 0, 0, 1_000),
    talkMs: number('TALK_SECONDS', (scenario.talkMs ?? 60 * secondMs) / secondMs, 1, secondsLimit) * secondMs,
    allStatuses: scenario.allStatuses ?? false,
  };
}

function hostsOf(text: string | undefined): Hosts {
  if (text === undefined || text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    const addresses = Object.values(value as object).flat();
    if (addresses.every((address) => typeof address === 'string' && /^[^:]+:\d+$/.test(address))) return value as Hosts;
  } catch {
    // Said below.
  }
  throw new SettingsError(`HOSTS=${text}: {"https://NAME": "ADDRESS:PORT", …} is needed`);
}
