import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBoards, type BoardJson, type PanelJson } from '../dashboards/queries.ts';
import { lacksPart } from '../../src/embedded/parts.ts';
import { launchChromium } from '../../src/sim/parts/chromium.ts';
import { ask, type Answer, type Sources } from './ask.ts';
import { drawBoard } from './draw-board.ts';
import { fewColours } from './few-colours.ts';
import { written } from './unit.ts';

const time = { fromMs: 1_800_000_000_000, toMs: 1_800_000_060_000 };
const filling = { ...time, rateInterval: '5s', call: 'CA1' };
const boards = await readBoards();

/** Every query has one series for each of these, 0.5 at first and 3 at last, and one point with a trace. */
const prometheus: Sources['prometheus'] = {
  query: () =>
    Promise.resolve(['node-1', 'node-2'].map((instance) => ({ labels: { instance, tool: instance }, value: 3 }))),
  queryRange: (_, { fromMs, toMs }) =>
    Promise.resolve([
      {
        labels: { state: 'conversation', le: '2' },
        points: [
          [fromMs, 0.5],
          [toMs - 1_000, 3],
        ],
      },
    ]),
  exemplars: (_, { fromMs }) =>
    Promise.resolve([
      { seriesLabels: {}, exemplars: [{ labels: { trace_id: 'a' }, value: '1', timestamp: fromMs / 1000 + 5 }] },
    ]),
};
const rows = (): Promise<Record<string, unknown>[]> => Promise.resolve([{ call: 'CA1', 'longest silence': 2.5 }]);

function board(name: string): BoardJson {
  const found = boards.get(name);
  if (!found) throw new Error(`no board ${name}`);
  return found;
}

function panel(name: string, title: string): PanelJson {
  const found = board(name).panels.find((each) => each.title === title);
  if (!found) throw new Error(`no panel ${title}`);
  return found;
}

function drawn(name: string, title: string, answer: Answer, marks: { atMs: number; colour: string }[] = []): string {
  const one = panel(name, title);
  return drawBoard({ ...board(name), panels: [one] }, new Map([[one.id, answer]]), time, marks).svg;
}

test.each([
  [0.0004, 's', undefined, '400 µs'],
  [0.1234, 's', undefined, '123 ms'],
  [1.5, 's', undefined, '1.5 s'],
  [600, 's', undefined, '10 min'],
  [0, 's', undefined, '0 s'],
  [250, 'ms', undefined, '250 ms'],
  [0.995, 'percentunit', 1, '99.5 %'],
  [0.031, 'percentunit', undefined, '3.1 %'],
  [3 * 2 ** 20, 'bytes', undefined, '3 MiB'],
  [12_500, 'short', undefined, '12.5 K'],
  [0.0421, 'currencyUSD', undefined, '$0.042'],
  [Number.NaN, 's', undefined, '–'],
  ['what was said', 'string', undefined, 'what was said'],
  [null, 'none', undefined, ''],
])('%s in %s, %s decimals, is written %s', (value, unit, decimals, words) => {
  expect(written(value, unit, decimals)).toBe(words);
});

test('every panel of every board is asked and drawn', async () => {
  for (const each of boards.values()) {
    const answers = new Map<number, Answer>();
    for (const one of each.panels)
      if (one.type !== 'row') answers.set(one.id, await ask(one, { prometheus, rows }, filling));
    const { svg, heightPx } = drawBoard(each, answers, time, []);
    expect(heightPx).toBeGreaterThan(500);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    for (const { title } of each.panels) expect(svg).toContain(title.slice(0, 8).replaceAll('&', '&amp;'));
  }
});

test('a number stands on the colour of its threshold', async () => {
  const name = 'Silence before answer, p95';
  const colours = await Promise.all(
    [1.2, 1.8, 3].map(async (value) => {
      const answer = await ask(panel('promotion', name), { prometheus, rows }, filling);
      if (answer.kind !== 'lines') throw new Error(answer.kind);
      const lines = answer.lines.map((line) => ({ ...line, points: [[time.toMs, value] as const] }));
      const svg = drawn('promotion', name, { ...answer, lines });
      expect(svg).toContain(`>${value} s<`);
      return ['#2f7d32', '#c96a00', '#c4162a'].find((colour) => svg.includes(`fill="${colour}"`));
    }),
  );
  expect(colours).toEqual(['#2f7d32', '#c96a00', '#c4162a']);
});

test('lines have their bounds, what happened, points that lead to traces, and the colour of their name', async () => {
  const answer = await ask(panel('promotion', 'Silence before answer, as heard'), { prometheus, rows }, filling);
  const marks = [{ atMs: time.fromMs + 30_000, colour: 'red' }];
  const svg = drawn('promotion', 'Silence before answer, as heard', answer, marks);
  expect(svg.match(/stroke-dasharray="6 4"/g)?.length).toBe(2);
  expect(svg.match(/stroke-dasharray="2 3"/g)?.length).toBe(1);
  expect(svg.match(/l3\.5 3\.5l-3\.5 3\.5/g)?.length).toBe(1);
  expect(['p50', 'p95', 'p99'].filter((words) => svg.includes(`>${words}<`))).toEqual(['p50', 'p95', 'p99']);
  const calls = await ask(panel('promotion', 'Live calls, by state'), { prometheus, rows }, filling);
  expect(calls.kind === 'lines' ? calls.lines.map(({ name, colour }) => [name, colour]) : []).toEqual([
    ['conversation', '#73bf69'],
  ]);
});

test('a table joins its queries by node, and columns have units and colours of their own', async () => {
  const answer = await ask(panel('nodes-and-placement', 'Nodes'), { prometheus, rows }, filling);
  if (answer.kind !== 'table') throw new Error(answer.kind);
  expect(answer.rows.map(([node]) => node)).toEqual(['node-1', 'node-2']);
  expect(answer.columns.slice(0, 3).map(({ name }) => name)).toEqual(['instance', 'live calls', 'places taken']);
  const svg = drawn('nodes-and-placement', 'Nodes', answer);
  expect(svg).toContain('>300 %<');
  expect(svg).toContain('#f2495c');
});

test('who cannot be asked is named', async () => {
  expect(await ask(panel('one-call', 'Its trace'), { prometheus, rows: null }, filling)).toEqual({
    kind: 'absent',
    why: 'asks Tempo',
  });
  expect(await ask(panel('one-call', 'Its row'), { prometheus, rows: null }, filling)).toEqual({
    kind: 'absent',
    why: 'asks Postgres',
  });
});

describe.skipIf(await lacksPart('chromium'))('a picture', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  test('with few colours is smaller and looks the same', async () => {
    const page = await browser.newPage({ viewport: { width: 300, height: 120 } });
    await page.setContent(
      '<body style="margin:0;background:#111217"><div style="width:150px;height:60px;background:#73bf69"></div><p style="color:#fff">Aida</p></body>',
    );
    const full = await page.screenshot();
    const small = fewColours(full);
    expect(small.length).toBeLessThan(full.length);
    await page.setContent(`<img src="data:image/png;base64,${small.toString('base64')}">`);
    const pixels: unknown = await page.evaluate(`(async () => {
      const image = document.querySelector('img');
      await image.decode();
      const canvas = document.createElement('canvas');
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0);
      return [[10, 10], [149, 59], [151, 61]].map(([x, y]) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3));
    })()`);
    expect(pixels).toEqual([
      [115, 191, 105],
      [115, 191, 105],
      [17, 18, 23],
    ]);
  });
});
