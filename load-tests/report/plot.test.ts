import { describe, expect, test } from 'vitest';
import { barPlot, linePlot } from './plot.ts';

/** Every tag is closed in the order in which it was opened, and nothing stands between them that XML refuses. */
function isSound(svg: string): boolean {
  const open: string[] = [];
  for (const [tag, closes, name = '', , isEmpty] of svg.matchAll(/<(\/?)([a-z]+)((?:"[^"]*"|[^">])*?)(\/?)>/g)) {
    if (tag === undefined) return false;
    if (closes && open.pop() !== name) return false;
    if (!closes && !isEmpty) open.push(name);
  }
  const between = svg.replace(/<(?:"[^"]*"|[^">])*>/g, '');
  return open.length === 0 && !/[<>]|&(?!(amp|lt|gt|quot|#39);)/.test(between);
}

const count = (svg: string, part: RegExp): number => svg.match(new RegExp(part, 'g'))?.length ?? 0;
const descriptionOf = (svg: string): string => /<desc[^>]*>(.*?)<\/desc>/.exec(svg)?.[1] ?? '';
const pathsOf = (svg: string): string[] =>
  [...svg.matchAll(/<path class="line"[^>]* d="([^"]*)"/g)].map(([, path = '']) => path);

const scale = {
  title: 'CPU by calls',
  xLabel: 'calls',
  yLabel: 'CPU for a second of one call',
  unit: 'ms',
  series: [
    {
      name: 'one node',
      points: [
        [0, 1],
        [200, 2],
        [400, 4],
      ],
    },
    {
      name: 'two nodes',
      points: [
        [200, 1],
        [400, 2],
      ],
    },
  ],
  bound: { name: 'bound', value: 3 },
} as const;

describe('a plot of lines', () => {
  const svg = linePlot(scale);

  test('is a document of its own with title and description, without script, link or font', () => {
    expect(isSound(svg)).toBe(true);
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^>]*role="img"/);
    const [, title, description] = /aria-labelledby="(\S+) (\S+)"/.exec(svg) ?? [];
    expect(svg).toContain(`<title id="${title}">CPU by calls</title>`);
    expect(svg).toContain(`<desc id="${description}">`);
    expect(svg).not.toMatch(/<script|<a\b|href|@import|url\(|onload/);
    expect(svg).toContain('@media(prefers-color-scheme:dark)');
  });

  test('says all of its values in words', () => {
    expect(descriptionOf(svg)).toBe(
      'CPU for a second of one call, ms over calls. one node: 1 ms at 0, 2 ms at 200, 4 ms at 400. two nodes: 1 ms at 200, 2 ms at 400. bound: 3 ms.',
    );
  });

  test('draws each value in proportion', () => {
    const lines = pathsOf(svg).filter((path) => path.includes('L'));
    const at = lines.map((path) => [...path.matchAll(/[ML](\S+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]));
    const [[a, b, c] = [], [d, e] = []] = at;
    expect(count(svg, /class="mark"/)).toBe(3 + 2 + 2);
    expect([(c?.[0] ?? 0) - (b?.[0] ?? 0), (e?.[0] ?? 0) - (d?.[0] ?? 0)]).toEqual(
      Array.from({ length: 2 }, () => (b?.[0] ?? 0) - (a?.[0] ?? 0)),
    );
    expect([d?.[1], e?.[1]]).toEqual([a?.[1], b?.[1]]);
    expect((b?.[1] ?? 0) - (c?.[1] ?? 0)).toBeCloseTo(2 * ((a?.[1] ?? 0) - (b?.[1] ?? 0)), 5);
    const bound = Number(/class="bound"[^>]* y1="([\d.]+)"/.exec(svg)?.[1]);
    expect(bound).toBeCloseTo(((b?.[1] ?? 0) + (c?.[1] ?? 0)) / 2, 0);
  });

  test('tells lines apart by dash and mark, not by colour alone', () => {
    const looks = [...svg.matchAll(/<path class="line"( stroke-dasharray="[^"]*")?/g)].map(([, dash]) => dash);
    expect(new Set(looks).size).toBe(2);
    const shapes = [...svg.matchAll(/class="mark" d="M[\d.]+ [\d.]+(\w)/g)].map(([, shape]) => shape);
    expect(new Set(shapes)).toEqual(new Set(['a', 'h']));
  });

  test('without data, with one point, and with values that are no numbers', () => {
    const empty = linePlot({ ...scale, series: [] });
    expect([isSound(empty), empty.includes('No data.')]).toEqual([true, true]);
    const one = linePlot({ ...scale, series: [{ name: 'one', points: [[5, 5]] }] });
    expect([isSound(one), count(one, /class="mark"/), /NaN|Infinity/.test(one)]).toEqual([true, 2, false]);
    const points = [
      [1, 1],
      [2, Number.NaN],
      [3, 2],
      [4, 3],
    ] as const;
    const broken = linePlot({ ...scale, series: [{ name: 'broken', points }] });
    const [, path] = pathsOf(broken);
    expect([count(path ?? '', /M/), count(path ?? '', /L/), /NaN/.test(broken)]).toEqual([2, 1, false]);
  });

  test('of many points has no marks, and says the least and the most', () => {
    const points = Array.from({ length: 300 }, (_, i) => [i, i === 7 ? 90 : i === 9 ? 110 : 100] as const);
    const many = linePlot({ ...scale, series: [{ name: 'p99', points }] });
    expect(count(many, /class="mark"/)).toBe(1);
    expect(descriptionOf(many)).toContain('p99: 300 points, least 90 ms at 7, most 110 ms at 9.');
  });
});

describe('a plot of bars', () => {
  const bars = [
    { name: 'ours', value: 0.8, target: 1 },
    { name: 'theirs', value: 4 },
  ];
  const svg = barPlot({ title: 'Ratios', unit: '×', bars });

  test('draws each value in proportion, with its target and its figure', () => {
    const widths = [...svg.matchAll(/class="bar"[^>]* width="([\d.]+)"/g)].map(([, wide]) => Number(wide));
    expect(isSound(svg)).toBe(true);
    expect((widths[1] ?? 0) / (widths[0] ?? 1)).toBeCloseTo(5, 1);
    expect(count(svg, /class="bound"/)).toBe(1);
    expect(descriptionOf(svg)).toBe('ours: 0.8 × (target 1). theirs: 4 ×.');
    expect(svg).toContain('>0.8 × (target 1)</text>');
  });

  test('to the left of zero, of no value, and without bars', () => {
    const odd = barPlot({
      title: 'Odd',
      unit: 'KiB',
      bars: [
        { name: 'a', value: -16 },
        { name: 'b', value: Number.NaN, target: 3 },
      ],
    });
    expect([isSound(odd), /NaN/.test(odd), descriptionOf(odd)]).toEqual([
      true,
      false,
      'a: -16 KiB. b: none (target 3).',
    ]);
    const empty = barPlot({ title: 'Empty', unit: '', bars: [] });
    expect([isSound(empty), descriptionOf(empty)]).toEqual([true, 'No data.']);
  });
});

test('whatever a name holds stays text', () => {
  const name = '</text><script>alert(1)</script>&amp;"\'\u0000';
  for (const svg of [
    linePlot({ title: name, xLabel: name, yLabel: name, unit: name, series: [{ name, points: [[1, 1]] }] }),
    barPlot({ title: name, unit: name, bars: [{ name, value: 1 }] }),
  ]) {
    expect([isSound(svg), svg.includes('<script'), svg.includes('\u0000')]).toEqual([true, false, false]);
    expect(svg).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;&quot;&#39;');
  }
});
