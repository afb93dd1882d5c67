import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { precisionOf, recallOf } from './call-figures.ts';
import { committedSet, committedSets, judgeSet, readSet, reportOf, rulesReader } from './judge.ts';
import { parseSet, SetFault, setLimits } from './set.ts';

const folder = await mkdtemp(join(tmpdir(), 'sets-'));
afterAll(() => rm(folder, { recursive: true }));

async function callFigures(name: 'calls.tuning' | 'calls.held-out') {
  const figures = await judgeSet(await committedSet(name), rulesReader);
  if (figures.kind !== 'calls') throw new Error(`${name} holds no calls`);
  return figures.calls;
}

async function textFigures(name: 'redaction.tuning' | 'redaction.held-out') {
  const figures = await judgeSet(await committedSet(name), rulesReader);
  if (figures.kind !== 'texts') throw new Error(`${name} holds no texts`);
  return figures.texts;
}

describe('rules, by the held-out half', () => {
  it('understand calls with a macro-F1 of at least 0.85', async () => {
    const [tuning, held] = [await callFigures('calls.tuning'), await callFigures('calls.held-out')];
    expect(tuning.calls + held.calls).toBeGreaterThanOrEqual(240);
    expect(held.calls).toBeGreaterThanOrEqual(120);
    expect(held.intents.size).toBe(18);
    expect(held.macroF1).toBeGreaterThanOrEqual(0.85);
    expect(tuning.macroF1).toBeGreaterThanOrEqual(0.95);
    for (const [intent, hits] of held.intents) expect([intent, recallOf(hits) >= 0.7]).toEqual([intent, true]);
    expect(held.turns.right / held.turns.of).toBeGreaterThanOrEqual(0.95);
    expect(held.resolution.right / held.resolution.of).toBeGreaterThanOrEqual(0.85);
  });

  it('find cards with a recall of at least 0.98 and a precision of at least 0.95', async () => {
    const [tuning, held] = [await textFigures('redaction.tuning'), await textFigures('redaction.held-out')];
    expect(tuning.texts + held.texts).toBeGreaterThanOrEqual(300);
    const cards = held.kinds.get('card') ?? { right: 0, wrong: 0, missed: 0 };
    expect(cards.right + cards.missed).toBeGreaterThanOrEqual(70);
    expect(recallOf(cards)).toBeGreaterThanOrEqual(0.98);
    expect(precisionOf(cards)).toBeGreaterThanOrEqual(0.95);
    for (const kind of ['phone', 'mail', 'address'] as const) {
      const hits = held.kinds.get(kind) ?? { right: 0, wrong: 0, missed: 0 };
      expect([kind, precisionOf(hits) >= 0.85, recallOf(hits) >= 0.85]).toEqual([kind, true, true]);
    }
  });
});

describe('figures', () => {
  it('count what is right, wrong and missed, by hand', async () => {
    const set = parseSet(
      [
        '{"turns":[{"who":"caller","text":"When do you open?"}],"intents":["hours"],"shown":{"hours":0},"resolution":"resolved"}',
        '{"turns":[{"who":"caller","text":"When do you close?"}],"intents":["location"]}',
        '',
        '{"turns":[{"who":"caller","text":"Hm."}],"intents":["jobs"],"products":["latte"]}',
      ].join('\n'),
    );
    const figures = await judgeSet(set, rulesReader);
    if (figures.kind !== 'calls') throw new Error('no calls');
    expect(Object.fromEntries(figures.calls.intents)).toEqual({
      hours: { right: 1, wrong: 1, missed: 0 },
      location: { right: 0, wrong: 0, missed: 1 },
      jobs: { right: 0, wrong: 0, missed: 1 },
    });
    expect(figures.calls.macroF1).toBeCloseTo(2 / 3 / 3, 10);
    expect(figures.calls.exact).toBe(1);
    expect(figures.calls.turns).toEqual({ right: 1, of: 1 });
    expect(figures.calls.confusion.get('location')).toEqual(new Map([['hours', 1]]));
    expect(figures.calls.confusion.get('jobs')).toEqual(new Map([['', 1]]));
    expect(figures.calls.products).toEqual({ right: 0, wrong: 0, missed: 1 });
    const report = reportOf('mine', 'rules', figures);
    expect(report).toContain('mine: 3 calls, read by rules');
    expect(report).toMatch(/^hours +0\.500 +1\.000 +0\.667 +1 +1 +0$/m);
    expect(report).toMatch(/^location +1|^location +· +1|^location +1 +·/m);
  });

  it('of redaction count a span that is covered in part as missed', async () => {
    const set = parseSet(
      [
        '{"text":"call 207 555 0142 now","spans":[[5,17,"phone"]]}',
        '{"text":"Jo, call 207 555 0142 now","spans":[[0,21,"phone"]]}',
        '{"text":"nothing here","spans":[[0,7,"card"]]}',
        '{"turns":[{"who":"caller","text":"4111 1111","spans":[[0,9,"card"]]},{"who":"caller","text":"1111 1111","spans":[[0,9,"card"]]}]}',
      ].join('\n'),
    );
    const figures = await judgeSet(set, rulesReader);
    if (figures.kind !== 'texts') throw new Error('no texts');
    expect(Object.fromEntries(figures.texts.kinds)).toEqual({
      phone: { right: 1, wrong: 0, missed: 1 },
      card: { right: 2, wrong: 0, missed: 1 },
    });
    expect(reportOf('mine', 'rules', figures)).toMatch(/^card +1\.000 +0\.667 /m);
  });
});

describe('sets of others', () => {
  it('are read from a file', async () => {
    const path = join(folder, 'mine.jsonl');
    await writeFile(path, '{"turns":[{"who":"caller","text":"Hi"}],"intents":[]}\n');
    expect(await readSet(path)).toEqual({
      kind: 'calls',
      calls: [{ turns: [{ who: 'caller', text: 'Hi' }], intents: [] }],
    });
    await expect(readSet(join(folder, 'none.jsonl'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  const call = (more: string): string => `{"turns":[{"who":"caller","text":"Hi"}],"intents":[]${more}}`;

  it.each([
    ['', 'the set has no lines'],
    ['nonsense', 'line 1: not JSON'],
    [`${call('')}\n{"turns":[]}`, 'line 2: turns: '],
    [call('').replace('[]', '["opening"]'), 'line 1: intents.0: '],
    [call('').replace('caller', 'dog'), 'line 1: turns.0.who: '],
    [call(',"shown":{"hours":3}'), 'line 1: turn 3 of 1 turns, counted from 0'],
    ['{"text":"abc","spans":[[1,9,"card"]]}', 'line 1: span 1 to 9 of 3 characters'],
    ['{"text":"abc","spans":[[1,2,"iban"]]}', 'line 1: spans.0.2: '],
    [`{"text":"abc","spans":[]}\n${call('')}`, 'line 2: turns.0.spans: '],
    [`"${'x'.repeat(setLimits.lineCharsMax)}"`, `line 1: longer than ${setLimits.lineCharsMax} characters`],
  ])('with a bad line are refused with its number', (text, message) => {
    expect(() => parseSet(text)).toThrow(SetFault);
    expect(() => parseSet(text)).toThrow(message);
  });

  it('with many bad lines name the first of them', () => {
    expect(() => parseSet('x\n'.repeat(setLimits.faultsMax + 5))).toThrow(/line 20: .*\nand 5 more$/s);
  });
});

it('labels of the committed sets name what there is', async () => {
  for (const name of committedSets) {
    const set = await committedSet(name);
    const ids = set.kind === 'calls' ? set.calls.map(({ id }) => id) : set.texts.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    if (set.kind !== 'calls') continue;
    for (const { id, intents, shown, resolution, transferReason } of set.calls) {
      expect([id, Object.keys(shown ?? {}).toSorted()]).toEqual([id, intents.toSorted()]);
      expect([id, resolution === 'transferred']).toEqual([id, transferReason !== null]);
    }
  }
});
