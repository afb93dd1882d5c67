import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { callMachine } from './call.ts';
import { machineVersion } from './call-context.ts';
import type { CallEvent } from './call-events.ts';
import { endOf, type Golden, statesOf } from './golden.fixture.ts';

const FOLDER = join(import.meta.dirname, 'golden');

interface Kept extends Golden {
  name: string;
  version: number;
}

/** Journals as released versions wrote them. They are never changed: whoever runs this release may have to fold them. */
const kept: Kept[] = readdirSync(FOLDER).flatMap((folder) =>
  readdirSync(join(FOLDER, folder)).map((file) => ({
    ...(JSON.parse(readFileSync(join(FOLDER, folder, file), 'utf8')) as Golden),
    name: `${folder}/${file}`,
    version: Number(folder.slice(1)),
  })),
);

/** A fact of a release that is not written yet. */
const unheardOf = (at: number) => ({ type: 'caller.smiled', at, widthMm: 61 }) as unknown as CallEvent;

test('there are journals of every machine version up to this one', () => {
  const versions = Array.from({ length: machineVersion }, (_, index) => index + 1);
  expect([...new Set(kept.map(({ version }) => version))].toSorted((a, b) => a - b)).toEqual(versions);
  expect(kept.map((golden) => golden.machineVersion)).toEqual(kept.map(({ version }) => version));
});

describe.each(kept)('$name', ({ facts, end, states }) => {
  test('folds to the end that its own version came to, by the same states', () => {
    expect(statesOf(facts)).toEqual(states);
    expect(endOf(facts)).toEqual(end);
  });

  test('folds to the same end with facts of a newer version between its own', () => {
    const mixed = facts.flatMap((fact) => [fact, unheardOf(fact.at)]);
    expect(endOf(mixed)).toEqual(end);
  });

  test('may be stored and read again after any fact', () => {
    for (const cut of facts.keys()) {
      const actor = createActor(callMachine, { input: { callSid: 'CA1' } }).start();
      for (const fact of facts.slice(0, cut)) actor.send(fact);
      const stored = JSON.stringify(actor.getPersistedSnapshot());
      const restored = createActor(callMachine, { input: { callSid: 'CA1' }, snapshot: JSON.parse(stored) }).start();
      for (const fact of facts.slice(cut)) if (restored.getSnapshot().status === 'active') restored.send(fact);
      expect(restored.getSnapshot().value).toBe(end.state);
      expect(restored.getSnapshot().context.outcome).toBe(end.outcome);
    }
  });
});
