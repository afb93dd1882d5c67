import type { Rung } from '../../machines/call-events.ts';

/** What operators have switched, as every node of the fleet sees it. */
export interface SwitchStates {
  /** False: no new calls. */
  admission: boolean;
  /** Calls of each node at most; null: as configured. */
  callsMax: number | null;
  /** Where every new call begins instead of with the assistant; null: with the assistant. */
  rung: Rung | null;
  /** Names of all that are set. */
  names: readonly string[];
  /** Names of tools that answer that they are not available. */
  toolsOff: ReadonlySet<string>;
}

export const noSwitches: SwitchStates = { admission: true, callsMax: null, rung: null, names: [], toolsOff: new Set() };

const rungs: readonly string[] = ['menu', 'voicemail', 'staff'] satisfies Rung[];
const TOOL = 'tool:';
const TOOL_NAME = /^[a-z][a-z0-9_]{0,63}$/;
const CALLS_MAX = /^\d{1,5}$/;

/** Each switch and what it may be set to, for people. */
export const switchRules = {
  admission: 'off: no new calls',
  'calls-max': 'a number from 0: calls that each node carries at most',
  rung: `${rungs.join(', ')}: where new calls begin instead of with the assistant`,
  'tool:NAME': 'off: the tool answers that it is not available',
} as const;

/** Why a switch cannot be set so; null if it can. */
export function switchFault(name: string, value: string): string | null {
  if (name === 'admission') return value === 'off' ? null : ruleOf('admission');
  if (name === 'calls-max') return CALLS_MAX.test(value) ? null : ruleOf('calls-max');
  if (name === 'rung') return rungs.includes(value) ? null : ruleOf('rung');
  if (!isSwitch(name)) return `there is no switch ${JSON.stringify(name)}: ${Object.keys(switchRules).join(', ')}`;
  return value === 'off' ? null : ruleOf('tool:NAME');
}

/** A name that can be set and cleared. */
export function isSwitch(name: string): boolean {
  const tool = switchedTool(name);
  return tool === null ? Object.hasOwn(switchRules, name) : TOOL_NAME.test(tool);
}

/** The tool that a switch is about; null for another switch. */
export function switchedTool(name: string): string | null {
  return name.startsWith(TOOL) ? name.slice(TOOL.length) : null;
}

function ruleOf(name: keyof typeof switchRules): string {
  return `${name} can be set to ${switchRules[name]}`;
}

/** Reads what is set. Unknown names and values, of a newer release, change nothing. */
export function switchStates(set: Readonly<Record<string, string>>): SwitchStates {
  const valid = Object.entries(set).filter(([name, value]) => switchFault(name, value) === null);
  const values = new Map(valid);
  const callsMax = values.get('calls-max');
  return {
    admission: values.get('admission') !== 'off',
    callsMax: callsMax === undefined ? null : Number(callsMax),
    rung: rungOf(values.get('rung')),
    names: [...values.keys()],
    toolsOff: new Set(valid.flatMap(([name]) => switchedTool(name) ?? [])),
  };
}

function rungOf(value: string | undefined): Rung | null {
  return value === 'menu' || value === 'voicemail' || value === 'staff' ? value : null;
}
