import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ScriptError } from '../caller/script.ts';
import { groupsOf } from './runner.ts';
import { loadScenarios, readScenario } from './scenario.ts';

const HEAD = 'name: A call\nabout: what it proves\n';

function read(yaml: string) {
  return readScenario(yaml, { dir: '', source: 'call.yaml' });
}

function faultsOf(yaml: string): readonly string[] {
  try {
    read(yaml);
  } catch (error) {
    if (error instanceof ScriptError) return error.faults;
    throw error;
  }
  return [];
}

test('every scenario that is shipped can be read; there are forty and more, each with a name of its own', async () => {
  const scenarios = await loadScenarios(import.meta.dirname);
  expect(scenarios.length).toBeGreaterThanOrEqual(40);
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
  expect(scenarios.filter(({ expect: expected }) => Object.keys(expected).length === 0)).toEqual([]);
});

test('what is left out has its default; steps are known by their keys', () => {
  const scenario = read(`${HEAD}steps:\n  - hear: hello\n  - say: one\n  - noise: 0.5\n  - fault: { model: die }\n`);
  expect(scenario).toMatchObject({ id: 'call', to: '+12075550142', staff: [], expect: {}, whenCut: {} });
  expect(scenario.steps).toEqual([
    { kind: 'hear', hear: 'hello', withinS: 15 },
    { kind: 'say', say: 'one', afterS: 0, withinS: 15, atOnce: false },
    { kind: 'noise', noise: 0.5 },
    { kind: 'fault', fault: { model: 'die' } },
  ]);
});

test.each([
  ['no YAML', 'steps: [', /^call\.yaml: .*(Flow|flow)/],
  ['nothing proved', 'name: A call\nsteps: [{ pause: 1 }]\n', /^call\.yaml: about: /],
  ['a step that is none', `${HEAD}steps: [{ shout: hello }]\n`, /^call\.yaml: steps\[0\]: one of hear, say, /],
  [
    'two steps in one',
    `${HEAD}steps: [{ say: a, hear: b }]\n`,
    /^call\.yaml: steps\[0\]: one of .* hear and say found$/,
  ],
  ['a wrong value', `${HEAD}steps: [{ press: 7 }]\n`, /^call\.yaml: steps\[0\]\.press: /],
  ['a wrong expression', `${HEAD}steps: [{ hear: '/(/' }]\n`, /^call\.yaml: steps\[0\]\.hear: /],
  ['an unknown expectation', `${HEAD}steps: [{ pause: 1 }]\nexpect: { herd: [a] }\n`, /^call\.yaml: expect: .*herd/],
  [
    'steps after the end',
    `${HEAD}steps: [{ hangUp: true }, { say: a }]\n`,
    /^call\.yaml: steps\[1\] say comes after hangUp$/,
  ],
  [
    'a fault that others would feel',
    `${HEAD}steps: [{ fault: { stop: redis } }]\n`,
    /^call\.yaml: steps\[0\] fault touches every call: it needs stack\.alone$/,
  ],
  ['a wait for nobody', `${HEAD}steps: [{ await: ready }]\n`, /^call\.yaml: nobody signals ready$/],
  [
    'another’s step',
    `${HEAD}steps: [{ pause: 1 }]\nothers: [{ steps: [{ cry: 1 }] }]\n`,
    /^call\.yaml: others\[0\]\.steps\[0\]: /,
  ],
])('refused: %s', (_what, yaml, fault) => {
  expect(faultsOf(yaml)).toEqual([expect.stringMatching(fault)]);
});

test('a folder is read whole: the faults of all its files; an empty one is a fault', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'aida-scenarios-'));
  try {
    await expect(loadScenarios(dir)).rejects.toThrow('no scenarios (*.yaml) are there');
    await writeFile(join(dir, 'b.yaml'), 'name: b\n');
    await writeFile(join(dir, 'a.yaml'), `${HEAD}steps: [{ jump: 1 }]\n`);
    await expect(loadScenarios(dir)).rejects.toThrow(/^a\.yaml: steps\[0\]: .*\nb\.yaml: about: /s);
    await writeFile(join(dir, 'a.yaml'), `${HEAD}steps: [{ pause: 1 }]\n`);
    await writeFile(join(dir, 'b.yaml'), `${HEAD}steps: [{ pause: 2 }]\n`);
    expect((await loadScenarios(dir)).map(({ id }) => id)).toEqual(['a', 'b']);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('those share a stack that need the same one; who must be alone is', () => {
  const make = (id: string, stack: string) =>
    readScenario(`${HEAD}${stack}steps: [{ pause: 1 }]\n`, { dir: '', source: `${id}.yaml` });
  const groups = groupsOf([
    make('a', ''),
    make('b', "stack: { env: { CALLS_MAX: '1' } }\n"),
    make('c', ''),
    make('d', "stack: { env: { CALLS_MAX: '1' } }\n"),
    make('e', 'stack: { alone: true }\n'),
    make('f', 'stack: { alone: true }\n'),
  ]);
  expect(groups.map((group) => group.map(({ id }) => id))).toEqual([['a', 'c'], ['b', 'd'], ['e'], ['f']]);
});
