import type { PanelJson } from '../dashboards/queries.ts';
import type { Line } from './ask.ts';
import { axes, type Axes } from './axes.ts';
import { colourOf, ink } from './colour.ts';
import { cut, px, rect, stroke, text, widthOf, type Box } from './svg.ts';

export interface Time {
  fromMs: number;
  toMs: number;
}

/** What happened, on the axis of time. */
export interface Mark {
  atMs: number;
  colour: string;
}

type Point = readonly [atMs: number, value: number];

const legendRoom = 18;
const legendGap = 14;
/** Points that a scrape missed do not cut a line; a longer hole does. */
const holeMs = 60_000;

export function drawLines(
  panel: PanelJson,
  answer: { lines: readonly Line[]; exemplars: readonly Point[] },
  box: Box,
  time: Time,
  marks: readonly Mark[],
): string {
  const { lines, exemplars } = answer;
  const field = panel.fieldConfig?.defaults ?? {};
  const isStacked = field.custom?.stacking?.mode === 'normal';
  const shown = isStacked ? stacked(lines) : lines.map((line) => ({ line, low: null, high: line.points }));
  const values = shown.flatMap(({ high }) => high.map(([, value]) => value)).filter(Number.isFinite);
  if (values.length === 0) return nothing(box);
  const low = field.min ?? Math.min(0, ...values);
  const high = field.max ?? Math.max(...values, ...(low === 0 ? [] : [0]));
  const frame = axes({ ...box, height: box.height - legendRoom }, { ...time, low, high }, field.unit);
  return [
    frame.drawn,
    ...marks.map(({ atMs, colour }) => upright(frame, atMs, colourOf(colour))),
    ...(isStacked ? [] : bounds(panel, frame)),
    ...shown
      .filter(({ line }) => !isStacked || isSeen(line))
      .map(({ line, low: floor, high: points }) => draw(line, floor, points, frame)),
    ...exemplars.map((point) => diamond(point, frame)),
    legend(lines, box),
  ].join('');
}

const isSeen = ({ points }: Line): boolean => points.some(([, value]) => value > 0);

function nothing(box: Box): string {
  return text(box.x + box.width / 2, box.y + box.height / 2, 'nothing happened', {
    size: 12,
    colour: ink.soft,
    anchor: 'middle',
  });
}

interface Stacked {
  line: Line;
  low: readonly Point[] | null;
  high: readonly Point[];
}

/** Each on top of those before it, at the times that any of them has. */
function stacked(lines: readonly Line[]): Stacked[] {
  const times = [...new Set(lines.flatMap(({ points }) => points.map(([at]) => at)))].toSorted((a, b) => a - b);
  let below: Point[] = times.map((at) => [at, 0]);
  return lines.map((line) => {
    const values = new Map(line.points);
    const low = below;
    below = low.map(([at, value]) => [at, value + (Number.isFinite(values.get(at)) ? (values.get(at) ?? 0) : 0)]);
    return { line, low, high: below };
  });
}

function path(points: readonly Point[], { x, y }: Axes): string {
  let d = '';
  let before = Number.NaN;
  for (const [at, value] of points) {
    if (!Number.isFinite(value)) continue;
    d += `${at - before <= holeMs ? 'L' : 'M'}${px(x(at))} ${px(y(value))}`;
    before = at;
  }
  return d;
}

function draw({ colour }: Line, low: readonly Point[] | null, high: readonly Point[], frame: Axes): string {
  const line = path(high, frame);
  if (line === '') return '';
  const edge = stroke(line, colour, `stroke-width="${low ? 1 : 1.8}" stroke-linejoin="round"`);
  if (!low) return edge;
  const back = path(low.toReversed(), { ...frame })
    .replace(/^M/, 'L')
    .replaceAll('M', 'L');
  return `<path d="${line}${back}Z" fill="${colour}" fill-opacity="0.45"/>${edge}`;
}

function bounds({ fieldConfig }: PanelJson, { y, plot }: Axes): string[] {
  return (fieldConfig?.defaults.thresholds?.steps ?? []).flatMap(({ value, color }) => {
    if (value === null || y(value) < plot.y || y(value) > plot.y + plot.height) return [];
    const d = `M${px(plot.x)} ${px(y(value))}H${px(plot.x + plot.width)}`;
    return [stroke(d, colourOf(color), 'stroke-dasharray="6 4" stroke-opacity="0.8"')];
  });
}

function upright({ x, plot }: Axes, atMs: number, colour: string): string {
  const d = `M${px(x(atMs))} ${px(plot.y)}V${px(plot.y + plot.height)}`;
  return stroke(d, colour, 'stroke-dasharray="2 3" stroke-opacity="0.9"');
}

function diamond([at, value]: Point, { x, y, plot }: Axes): string {
  const [cx, cy] = [x(at), y(value)];
  if (cx < plot.x || cx > plot.x + plot.width || cy < plot.y || cy > plot.y + plot.height) return '';
  return `<path d="M${px(cx)} ${px(cy - 3.5)}l3.5 3.5l-3.5 3.5l-3.5 -3.5z" fill="#8ab8ff" fill-opacity="0.75"/>`;
}

/** Names in one line, first those of which something is seen; how many more there are. */
function legend(all: readonly Line[], box: Box): string {
  const lines = [...all.filter(isSeen), ...all.filter((line) => !isSeen(line))];
  const y = box.y + box.height - 5;
  const pieces: string[] = [];
  let x = box.x + 4;
  const end = box.x + box.width - 36;
  for (const [i, { name, colour }] of lines.entries()) {
    const words = cut(name, 220);
    const width = 16 + widthOf(words, 10.5) + legendGap;
    if (x + width > end) {
      pieces.push(text(x, y, `+ ${lines.length - i}`, { size: 10.5, colour: ink.soft }));
      break;
    }
    pieces.push(rect({ x, y: y - 5, width: 11, height: 3 }, colour, 'rx="1.5"'));
    pieces.push(text(x + 16, y, words, { size: 10.5, colour: ink.text }));
    x += width;
  }
  return pieces.join('');
}
