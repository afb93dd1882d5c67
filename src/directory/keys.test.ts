import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  callKeys,
  callsKey,
  cursorKey,
  inboxKey,
  ownerName,
  parseOwner,
  partitionCount,
  partitionOf,
  partitionTags,
} from './keys.ts';
import { newCallSid } from './calls.fixture.ts';
import type { Script } from './scripts/script.ts';

test('each partition has a tag of its own, and calls spread evenly over them', () => {
  expect(new Set(partitionTags).size).toBe(16);
  const counts = Array.from({ length: partitionCount }, () => 0);
  const calls = 16_000;
  for (let i = 0; i < calls; i++) {
    const partition = partitionOf(newCallSid());
    counts[partition] = (counts[partition] ?? 0) + 1;
  }
  // Four standard deviations of a fair split.
  for (const count of counts) expect(Math.abs(count - calls / partitionCount)).toBeLessThan(125);
});

test('the partition of a CallSid never changes', () => {
  expect(['CA', 'CA0123456789abcdef0123456789abcdef', 'CAffffffffffffffffffffffffffffffff'].map(partitionOf))
    .toMatchInlineSnapshot(`
    [
      1,
      15,
      5,
    ]
  `);
  expect(callKeys('CA0123456789abcdef0123456789abcdef')).toMatchInlineSnapshot(`
    {
      "call": "{p15.aov}:call:CA0123456789abcdef0123456789abcdef",
      "due": "{p15.aov}:due",
      "log": "{p15.aov}:log:CA0123456789abcdef0123456789abcdef",
      "outbox": "{p15.aov}:outbox",
    }
  `);
});

test('owner names are read back, whatever the node is called', () => {
  for (const name of [
    { node: 'a', incarnation: '1' },
    { node: 'host:3000', incarnation: 'x' },
  ])
    expect(parseOwner(ownerName(name))).toEqual(name);
  for (const text of ['', ':x', 'x']) expect(parseOwner(text)).toBeNull();
  const self = { node: 'n', incarnation: 'i' };
  expect([inboxKey(self), cursorKey(self), callsKey(self)]).toEqual(['inbox:n:i', 'cursor:n:i', 'calls:n:i']);
});

/** Which argument of a command is its key, if not the first; -1 for none. */
const keyPlaces: Record<string, number> = { TIME: -1, XINFO: 1, XGROUP: 1, MEMORY: 1, XREADGROUP: 6 };

async function allScripts(): Promise<Script[]> {
  const folder = join(import.meta.dirname, 'scripts');
  const files = (await readdir(folder)).filter((file) => file !== 'script.ts');
  const modules: Record<string, unknown>[] = await Promise.all(files.map((file) => import(join(folder, file))));
  return modules
    .flatMap((module) => Object.values(module))
    .filter((value): value is Script => typeof value === 'object' && value !== null && 'source' in value);
}

test('every key that a script touches is declared', async () => {
  const scripts = await allScripts();
  expect(scripts.length).toBeGreaterThan(30);
  for (const { name, keys, source } of scripts) {
    expect(source.split('\n')[0], name).toMatch(/^#!lua( flags=allow-oom)?$/);
    for (const [, command = '', rest = ''] of source.matchAll(/redis\.p?call\('(\w+)'(?:, ([^\n]*))?/g)) {
      const place = keyPlaces[command] ?? 0;
      const key = rest.split(', ')[place]?.replace(/\).*$/, '');
      // `key` runs over KEYS.
      if (place >= 0) expect([...keys, 'key'], `${name}: ${command} ${rest}`).toContain(key);
    }
  }
});
