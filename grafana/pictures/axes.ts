import { ink } from './colour.ts';
import { px, stroke, text, type Box } from './svg.ts';
import { written } from './unit.ts';

export interface Axes {
  x(atMs: number): number;
  y(value: number): number;
  /** Grid, numbers, times. */
  drawn: string;
  plot: Box;
}

export interface Range {
  fromMs: number;
  toMs: number;
  low: number;
  high: number;
}

const numberRoom = 54;
const timeRoom = 16;
const linePx = 34;
const timesWanted = 5;
const timeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];

/** One of 1, 2, 5 times a power of ten. */
function niceStep(span: number, wanted: number): number {
  const rough = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 2.5, 5, 10].find((each) => each * power >= rough)! || 1;
}

export function axes(box: Box, range: Range, unit: string | undefined): Axes {
  const plot = {
    x: box.x + numberRoom,
    y: box.y + 4,
    width: box.width - numberRoom - 6,
    height: box.height - timeRoom - 4,
  };
  const span = range.high - range.low || 1;
  const step = niceStep(span, plot.height / linePx);
  const low = Math.floor(range.low / step) * step;
  const high = Math.max(low + step, Math.ceil(range.high / step - 1e-9) * step);
  const x = (at: number): number => plot.x + ((at - range.fromMs) / (range.toMs - range.fromMs)) * plot.width;
  const y = (value: number): number => plot.y + plot.height - ((value - low) / (high - low)) * plot.height;
  const grid: string[] = [];
  for (let value = low; value <= high + step / 2; value += step) {
    const at = px(y(value));
    grid.push(stroke(`M${px(plot.x)} ${at}H${px(plot.x + plot.width)}`, ink.grid));
    const rounded = Number(value.toPrecision(6));
    grid.push(text(plot.x - 6, y(value) + 3.5, written(rounded, unit), { size: 10, colour: ink.soft, anchor: 'end' }));
  }
  return { x, y, plot, drawn: [...grid, times(plot, range, x)].join('') };
}

function times(plot: Box, { fromMs, toMs }: Range, x: (at: number) => number): string {
  const span = (toMs - fromMs) / 1000;
  const step = 1000 * (timeSteps.find((each) => span / each <= timesWanted) ?? 86_400);
  const isFine = step < 60_000;
  const marks: string[] = [];
  for (let at = Math.ceil(fromMs / step) * step; at <= toMs; at += step) {
    const words = new Date(at).toISOString().slice(11, isFine ? 19 : 16);
    if (x(at) + 24 > plot.x + plot.width + 6) continue;
    marks.push(text(x(at), plot.y + plot.height + 13, words, { size: 10, colour: ink.soft, anchor: 'middle' }));
  }
  return marks.join('');
}
