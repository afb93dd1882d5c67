import { axis, numberText, withUnit } from './axis.ts';
import { colorCount, escaped, line, picture, px, text, widthOf } from './svg.ts';

export interface LinePlot {
  title: string;
  xLabel: string;
  yLabel: string;
  /** Of the values (y). */
  unit: string;
  /** A point whose value is no number is left out, and its line is broken there. */
  series: readonly { name: string; points: readonly (readonly [number, number])[] }[];
  bound?: { name: string; value: number };
}

export interface BarPlot {
  title: string;
  unit: string;
  bars: readonly { name: string; value: number; target?: number }[];
}

const width = 720;
const side = 20;
const legendRow = 20;
const lineHeight = 300;
/** Room for the numbers of the y axis and its name. */
const left = 76;
const dashes = ['', '7 4', '2 3', '9 3 2 3'];
/** A line of more points is drawn without marks. */
const marksMax = 60;
const noData = 'No data.';

const isShown = ([x, y]: readonly [number, number]): boolean => Number.isFinite(x) && Number.isFinite(y);

/** A mark of one of four shapes, which stays apart in grey. */
function mark(shape: number, x: number, y: number, title: string): string {
  const body = `<title>${escaped(title)}</title>`;
  const path = [
    `M${px(x - 4)} ${px(y)}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z`,
    `M${px(x - 4)} ${px(y - 4)}h8v8h-8z`,
    `M${px(x)} ${px(y - 5)}l5 9h-10z`,
    `M${px(x)} ${px(y - 5)}l5 5l-5 5l-5 -5z`,
  ][shape % 4];
  return `<path class="mark" d="${path}">${body}</path>`;
}

/** The picture of several lines over one axis, as a whole SVG document. */
export function linePlot({ title, xLabel, yLabel, unit, series, bound }: LinePlot): string {
  const shown = series.map(({ name, points }) => ({ name, points, sound: points.filter(isShown) }));
  const all = shown.flatMap(({ sound }) => sound);
  const legend = legendOf(shown.map(({ name }) => name));
  const top = 48 + legend.height;
  const bottom = top + lineHeight;
  const x = axis({ values: all.map(([at]) => at), from: left, to: width - side - 12, ticksWanted: 8, zero: 'near' });
  const values = [...all.map(([, value]) => value), ...(bound ? [bound.value] : [])];
  const y = axis({ values, from: bottom, to: top, ticksWanted: 6, zero: 'always' });
  const edge = width - side - 12;
  const grid = y.ticks.flatMap((tick) => [
    line('grid', left, y.at(tick), edge, y.at(tick)),
    text({ x: left - 8, y: y.at(tick) + 4, text: numberText(tick), class: 'soft', anchor: 'end' }),
  ]);
  const under = x.ticks.flatMap((tick) => [
    line('base', x.at(tick), bottom, x.at(tick), bottom + 4),
    text({ x: x.at(tick), y: bottom + 18, text: numberText(tick), class: 'soft', anchor: 'middle' }),
  ]);
  const lines = shown.flatMap(({ name, points, sound }, i) => {
    const label = (at: number, value: number): string =>
      `${name}: ${withUnit(value, unit)} at ${numberText(at)} (${xLabel})`;
    const marks = sound.length > marksMax ? [] : sound;
    return [
      `<g class="s${i % colorCount}">`,
      `<path class="line"${dash(i)} d="${pathOf(points, x.at, y.at)}"/>`,
      ...marks.map(([at, value]) => mark(i, x.at(at), y.at(value), label(at, value))),
      '</g>',
    ];
  });
  const axisName = unit && !yLabel.includes(unit) ? `${yLabel}, ${unit}` : yLabel;
  const body = [
    ...legend.body,
    text({ x: side, y: top - 12, text: axisName, class: 'soft' }),
    ...grid,
    line('base', left, bottom, edge, bottom),
    ...under,
    text({ x: edge, y: bottom + 38, text: xLabel, class: 'soft', anchor: 'end' }),
    ...(bound ? boundLine(bound, unit, y.at(bound.value), edge) : []),
    ...(all.length === 0
      ? [text({ x: (left + edge) / 2, y: (top + bottom) / 2, text: noData, anchor: 'middle' })]
      : lines),
  ];
  const description = [
    `${axisName} over ${xLabel}.`,
    ...shown.map(({ name, sound }) => `${name}: ${pointsInWords(sound, unit)}.`),
    ...(bound ? [`${bound.name}: ${withUnit(bound.value, unit)}.`] : []),
  ].join(' ');
  return picture({ width, height: bottom + 52, title, description, body });
}

const dash = (index: number): string => {
  const pattern = dashes[index % dashes.length];
  return pattern ? ` stroke-dasharray="${pattern}"` : '';
};

function legendOf(names: readonly string[]): { body: string[]; height: number } {
  let x = side;
  let row = 0;
  const body = names.flatMap((name, i) => {
    const needed = 34 + widthOf(name) + 18;
    if (x > side && x + needed > width - side) [x, row] = [side, row + 1];
    const y = 48 + row * legendRow;
    const one = [
      `<g class="s${i % colorCount}">`,
      `<path class="line"${dash(i)} d="M${px(x)} ${px(y)}h26"/>`,
      mark(i, x + 13, y, name),
      '</g>',
      text({ x: x + 34, y: y + 4, text: name }),
    ];
    x += needed;
    return one;
  });
  return { body, height: names.length === 0 ? legendRow : (row + 1) * legendRow + 22 };
}

function boundLine({ name, value }: { name: string; value: number }, unit: string, y: number, edge: number): string[] {
  const words = `${name}: ${withUnit(value, unit)}`;
  return [line('bound', left, y, edge, y), text({ x: edge, y: y - 6, text: words, anchor: 'end' })];
}

/** Straight from point to point; a value that is no number lifts the pen. */
function pathOf(
  points: readonly (readonly [number, number])[],
  x: (at: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  let isDown = false;
  for (const point of points) {
    const draws = isShown(point);
    if (draws) path += `${isDown ? 'L' : 'M'}${px(x(point[0]))} ${px(y(point[1]))}`;
    isDown = draws;
  }
  return path;
}

/** So many points are told one by one. */
const toldMax = 12;

function pointsInWords(points: readonly (readonly [number, number])[], unit: string): string {
  const told = ([at, value]: readonly [number, number]): string => `${withUnit(value, unit)} at ${numberText(at)}`;
  if (points.length > 0 && points.length <= toldMax) return points.map(told).join(', ');
  const byValue = points.toSorted(([, a], [, b]) => a - b);
  const [least, most] = [byValue[0], byValue.at(-1)];
  if (!least || !most) return 'no data';
  return `${points.length} points, least ${told(least)}, most ${told(most)}`;
}

const barRow = 42;
const barThick = 16;

/** The picture of several values side by side, as a whole SVG document. A target is a dashed line across its bar. */
export function barPlot({ title, unit, bars }: BarPlot): string {
  const room = Math.max(0, ...bars.map((bar) => widthOf(barWords(bar, unit)))) + 12;
  const values = bars.flatMap(({ value, target }) => (target === undefined ? [value] : [value, target]));
  const top = 44;
  const bottom = top + Math.max(1, bars.length) * barRow + 6;
  const begin = values.some((value) => value < 0) ? side + 16 : side;
  const x = axis({ values, from: begin, to: width - side - room, ticksWanted: 6, zero: 'always' });
  const grid = x.ticks.flatMap((tick) => [
    line(tick === 0 ? 'base' : 'grid', x.at(tick), top, x.at(tick), bottom),
    text({ x: x.at(tick), y: bottom + 16, text: numberText(tick), class: 'soft', anchor: 'middle' }),
  ]);
  const rows = bars.flatMap((bar, i) => {
    const y = top + i * barRow;
    const isKnown = Number.isFinite(bar.value);
    const [from, to] = [
      Math.min(x.at(0), x.at(isKnown ? bar.value : 0)),
      Math.max(x.at(0), x.at(isKnown ? bar.value : 0)),
    ];
    // Beside the bar, or beyond its target where both do not fit between them.
    const target = bar.target === undefined ? Number.NEGATIVE_INFINITY : x.at(bar.target);
    const fits = target < to || to + 8 + widthOf(barWords(bar, unit)) < target - 8;
    const wordsFrom = fits && Math.abs(target - to) > 8 ? to : Math.max(to, target);
    return [
      text({ x: begin + 5, y: y + 14, text: bar.name }),
      `<g class="s0"><rect class="bar" x="${px(from)}" y="${px(y + 19)}" width="${px(to - from)}" height="${barThick}"><title>${escaped(`${bar.name}: ${barWords(bar, unit)}`)}</title></rect></g>`,
      ...(bar.target === undefined ? [] : [line('bound', x.at(bar.target), y + 16, x.at(bar.target), y + 38)]),
      text({ x: wordsFrom + 8, y: y + 31, text: barWords(bar, unit) }),
    ];
  });
  const nothing = [text({ x: width / 2, y: top + 26, text: noData, anchor: 'middle' })];
  const description = bars.map((bar) => `${bar.name}: ${barWords(bar, unit)}.`).join(' ') || noData;
  const body = [...grid, ...(bars.length === 0 ? nothing : rows)];
  return picture({ width, height: bottom + 28, title, description, body });
}

function barWords({ value, target }: BarPlot['bars'][number], unit: string): string {
  return target === undefined ? withUnit(value, unit) : `${withUnit(value, unit)} (target ${numberText(target)})`;
}
