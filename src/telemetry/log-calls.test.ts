import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '..');
const CALL = /\blog\??\.(?:trace|debug|info|warn|error|fatal)\(/g;
const CONSTANT =
  /^(?:[^'"`]+\?\s*)?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?:\s*:\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))?,?$/;
const CALLER_FIELD = /\bcaller:\s*\{[^}]*\}|\bcaller\b(?!:)/g;
/** How many there are says nothing of what they are. */
const COUNT = /\b\w+:\s*[\w.]+\.length\b/g;
/** Names under which callers, and what they say and type, go. */
const SAID =
  /\b(?:text|words|said|heard|digits?|phone|number|e?mail|arguments|args|output|transcript|turns|fromNumber|callerName)\s*[,:}]/;
const SAID_BY =
  /\.(?:text|words|digits|arguments|output|transcript|turns|fromNumber)\b|value\('(?:From|To|Caller\w*|Digits|SpeechResult)'\)|\.from\b(?!\()/;
const exceptions = new Set([
  // What start-up says to people: it names the store and the port.
  'main.ts: log.info `${node.storeName} Voice Assistant running on port ${node.port ?? node.opsPort}`',
  // One of two constants, by what is kept.
  'services/keeper.ts: log.warn failure',
]);

interface LogCall {
  method: string;
  args: string[];
}

/** The calls of a log in a source, and their arguments as text. */
function logCalls(source: string): LogCall[] {
  return [...source.matchAll(CALL)].map((match) => ({
    method: match[0].slice(0, -1),
    args: argumentsAt(source, match.index + match[0].length),
  }));
}

function argumentsAt(source: string, from: number): string[] {
  const args: string[] = [];
  let depth = 0;
  let begun = from;
  let quote = '';
  for (let at = from; at < source.length; at += 1) {
    const char = source[at] ?? '';
    if (quote !== '') {
      if (char === '\\') at += 1;
      else if (char === quote) quote = '';
    } else if (`'"\``.includes(char)) quote = char;
    else if ('([{'.includes(char)) depth += 1;
    else if (')]}'.includes(char) && depth > 0) depth -= 1;
    else if (depth === 0 && (char === ',' || char === ')')) {
      args.push(source.slice(begun, at).trim());
      begun = at + 1;
      if (char === ')') return args.filter((arg) => arg !== '');
    }
  }
  return args;
}

function faultsIn(source: string, name: string): string[] {
  return logCalls(source).flatMap(({ method, args }) => {
    const message = args.at(-1) ?? '';
    const fields = (args.length > 1 ? (args[0] ?? '') : '').replaceAll(CALLER_FIELD, '').replaceAll(COUNT, '');
    const faults: string[] = [];
    if (!CONSTANT.test(message)) faults.push(`${name}: ${method} ${message}`);
    if (SAID.test(fields) || SAID_BY.test(fields)) faults.push(`${name}: ${method} tells of a caller: ${fields}`);
    return faults;
  });
}

const sources = globSync('**/*.ts', { cwd: SRC }).filter(
  (file) => !/\.(test|fixture|verify)\.ts$|\.d\.ts$/.test(file) && !file.startsWith('sim/'),
);

test('messages of the log are constants, and what callers say stands under caller alone', () => {
  const read = sources.map((file) => ({ file, text: readFileSync(join(SRC, file), 'utf8') }));
  expect(read.reduce((sum, { text }) => sum + logCalls(text).length, 0)).toBeGreaterThan(100);
  const faults = read.flatMap(({ file, text }) => faultsIn(text, file));
  expect(faults.filter((fault) => !exceptions.has(fault))).toEqual([]);
});

test('children of a log would keep the level that they were made with: there are none', () => {
  const children = sources.filter((file) => /\blog\.child\(/.test(readFileSync(join(SRC, file), 'utf8')));
  expect(children).toEqual([]);
});

test.each([
  ['log.info(`call of ${from}`)', 1],
  ["log.warn({ callSid }, 'call ' + name)", 1],
  ["log.warn({ callSid }, isOpen ? 'open' : 'shut')", 0],
  ["this.deps.log.error(\n  { err: error, text: said },\n  'a (bad) word',\n)", 1],
  ["log.warn({ callSid, said: turn.text }, 'heard')", 1],
  ["log.warn({ callSid, number: request.value('From') }, 'refused')", 1],
  ["log.warn({ callSid, caller: { from: call.from, text: turn.text } }, 'refused')", 0],
  ["log?.debug('fine')", 0],
])('the search finds what is planted: %j', (source, faults) => {
  expect(faultsIn(source, 'planted')).toHaveLength(faults);
});
