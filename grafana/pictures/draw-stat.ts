import type { PanelJson } from '../dashboards/queries.ts';
import type { Line } from './ask.ts';
import { ink, solidColourOf } from './colour.ts';
import { cut, inside, px, rect, text, widthOf, type Box } from './svg.ts';
import { thresholdColour, wordFor } from './threshold.ts';
import { written } from './unit.ts';

const valueSizeMax = 34;
const sparkShare = 0.38;

/** One large number for each series, side by side, on the colour that says whether it is good. */
export function drawStat(panel: PanelJson, lines: readonly Line[], box: Box): string {
  if (lines.length === 0)
    return text(box.x + box.width / 2, box.y + box.height / 2 + 6, 'no data', {
      size: 16,
      colour: ink.soft,
      anchor: 'middle',
    });
  const width = box.width / lines.length;
  return lines.map((line, i) => one(panel, line, { ...box, x: box.x + i * width, width }, lines.length > 1)).join('');
}

function one(panel: PanelJson, { name, points }: Line, box: Box, isNamed: boolean): string {
  const field = panel.fieldConfig?.defaults ?? {};
  const value = points.findLast(([, each]) => Number.isFinite(each))?.[1] ?? Number.NaN;
  const nameOnly = panel.options?.['textMode'] === 'name';
  const words = nameOnly ? name : (wordFor(value, field) ?? written(value, field.unit, field.decimals));
  const colour = Number.isFinite(value) ? solidColourOf(thresholdColour(value, field)) : ink.edge;
  const size = Math.min(valueSizeMax, box.height * 0.42, ((box.width - 16) / Math.max(1, widthOf(words, 1))) | 0);
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  return [
    rect(inside(box, 0.5, 0), colour, 'rx="2"'),
    panel.options?.['graphMode'] === 'area' ? spark(points, box) : '',
    text(middle.x, middle.y + size * 0.36 - (isNamed ? 5 : 0), words, {
      size,
      colour: '#fff',
      anchor: 'middle',
      bold: true,
    }),
    isNamed && !nameOnly
      ? text(middle.x, box.y + box.height - 6, cut(name, box.width - 8, 10), {
          size: 10,
          colour: '#fff',
          anchor: 'middle',
        })
      : '',
  ].join('');
}

function spark(points: Line['points'], box: Box): string {
  const sound = points.filter(([, value]) => Number.isFinite(value));
  const [first, last] = [sound[0], sound.at(-1)];
  if (!first || !last || first === last) return '';
  const values = sound.map(([, value]) => value);
  const low = Math.min(0, ...values);
  const high = Math.max(...values);
  if (high === low) return '';
  const top = box.y + box.height * (1 - sparkShare);
  const x = (at: number): number => box.x + ((at - first[0]) / (last[0] - first[0])) * box.width;
  const y = (value: number): number => box.y + box.height - ((value - low) / (high - low)) * (box.y + box.height - top);
  const line = sound.map(([at, value], i) => `${i === 0 ? 'M' : 'L'}${px(x(at))} ${px(y(value))}`).join('');
  const floor = px(box.y + box.height);
  return `<path d="${line}L${px(x(last[0]))} ${floor}L${px(x(first[0]))} ${floor}Z" fill="#fff" fill-opacity="0.16"/><path d="${line}" fill="none" stroke="#fff" stroke-opacity="0.55" stroke-width="1.2"/>`;
}
