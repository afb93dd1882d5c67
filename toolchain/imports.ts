import { glob, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

/** Stages in the order data passes through them: each may import later ones and leaves, never an earlier one. */
const STAGES = [
  'doctor',
  'replay',
  // Plays the carrier: it calls from outside.
  'phone',
  ...['http', 'webhook', 'placement', 'media', 'model', 'calls', 'tools'],
  ...['relay', 'analytics', 'console', 'jobs', 'privacy', 'services', 'sim'],
];
const LEAVES = [
  'directory',
  'kafka',
  'redact',
  'telemetry',
  'embedded',
  'command.ts',
  'config.ts',
  'config-addresses.ts',
  'config-checks.ts',
  'config-kafka.ts',
  'config-telemetry.ts',
  'config-notices.ts',
  'config-phone.ts',
  'recordings-url.ts',
];
/** A webhook is written in the terms of the server that calls it. */
const BACKWARD = new Set(['webhook http']);
/** The composition root, and commands. */
const ROOTS = [
  'main.ts',
  'assistant.ts',
  'node.ts',
  'setup-info.ts',
  'ground.ts',
  'browser-phone.ts',
  'fact-flow.ts',
  'work.ts',
  'switchboard.ts',
  'seed.ts',
  'drain.ts',
  'switch.ts',
  'log-level.ts',
  'dead-letters.ts',
  'dead-facts.ts',
  'schemas.ts',
  'lines.ts',
  'eval.ts',
  'faults.ts',
  'start.ts',
  'nodes.ts',
  'supervisor.ts',
  'proxy.ts',
  'replay.ts',
  'rebuild.ts',
  'caller.ts',
  'doctor.ts',
  'twilio-setup.ts',
];
/** Folders that import one npm package, Node's none, and themselves. */
const PURE: Record<string, RegExp> = { machines: /^xstate($|\/)/, entities: /^typeorm$/ };
const READS_ENVIRONMENT =
  /^(src\/config\.ts|src\/embedded\/parts\.ts|src\/sim\/(demo|.*main|.*-process)\.ts|toolchain\/|load-tests\/|grafana\/)/;

const TEST_FILE = /\.(test|fixture)\.ts$/;
const IMPORT = /(?:\bfrom\s+|\bimport\s*\(\s*|\bimport\s+)(['"])([^'"\n]+)\1/g;

/** Every sentence names a file and the rule it breaks. `sources`: path from the project's root → text. */
export function importFaults(sources: ReadonlyMap<string, string>): string[] {
  const faults: string[] = [];
  for (const [path, text] of sources) {
    if (TEST_FILE.test(path)) continue;
    const [top = ''] = path.split('/');
    for (const [, , specifier = ''] of text.matchAll(IMPORT)) {
      const target = specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : null;
      const fault =
        target === null ? packageFault(top, specifier) : (testFault(target) ?? directionFault(path, target));
      if (fault) faults.push(`${path} imports ${specifier}: ${fault}`);
    }
    if (!READS_ENVIRONMENT.test(path) && readsEnvironment(path, text)) {
      faults.push(`${path} reads process.env: settings are read once, in src/config.ts`);
    }
  }
  return faults;
}

/** `main.ts` and commands may hand the whole of it to `readConfig`. */
function readsEnvironment(path: string, text: string): boolean {
  return ROOTS.includes(path.replace('src/', '')) ? /process\.env\s*[.[?]/.test(text) : /process\.env\b/.test(text);
}

function packageFault(top: string, specifier: string): string | null {
  const allowed = PURE[top];
  return allowed && !allowed.test(specifier) ? `${top}/ is pure` : null;
}

function testFault(target: string): string | null {
  return TEST_FILE.test(target) ? 'only tests import tests and fixtures' : null;
}

function directionFault(from: string, to: string): string | null {
  const [fromTop = '', fromPart = ''] = from.split('/');
  const [toTop = '', toPart = ''] = to.split('/');
  if (PURE[fromTop]) return fromTop === toTop ? null : `${fromTop}/ is pure`;
  if (fromTop !== 'src' || fromPart === 'sim') return null;
  if (toTop !== 'src') return PURE[toTop] || to === 'package.json' ? null : `src imports nothing from ${toTop}`;
  if (toPart === 'sim') return 'sim is imported by nobody outside';
  if (ROOTS.includes(fromPart)) return null;
  if (ROOTS.includes(toPart)) return 'nobody imports the composition root';
  if (fromPart === toPart || LEAVES.includes(toPart)) return null;
  if (!STAGES.includes(toPart) || !(STAGES.includes(fromPart) || LEAVES.includes(fromPart)))
    return 'this folder is neither stage nor leaf';
  if (LEAVES.includes(fromPart)) return 'a leaf imports leaves';
  if (BACKWARD.has(`${fromPart} ${toPart}`)) return null;
  return STAGES.indexOf(fromPart) < STAGES.indexOf(toPart) ? null : `${toPart} comes before ${fromPart}`;
}

/** The project's own TypeScript. */
export async function readSources(root: string): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  for await (const path of glob('{machines,entities,src,load-tests,grafana,toolchain}/**/*.ts', { cwd: root })) {
    sources.set(path, await readFile(join(root, path), 'utf8'));
  }
  return sources;
}
