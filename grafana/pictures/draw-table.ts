import type { Column } from './ask.ts';
import { colourOf, ink } from './colour.ts';
import { cut, px, stroke, text, widthOf, type Box } from './svg.ts';
import { thresholdColour, wordFor } from './threshold.ts';
import { written } from './unit.ts';

const rowPx = 22;
const charsMax = 70;

export function drawTable(columns: readonly Column[], rows: readonly unknown[][], box: Box): string {
  if (rows.length === 0)
    return text(box.x + box.width / 2, box.y + box.height / 2, 'no row', {
      size: 12,
      colour: ink.soft,
      anchor: 'middle',
    });
  const cells = rows.map((row) =>
    row.map((value, i) => wordFor(value, columns[i]?.field ?? {}) ?? written(value, columns[i]?.field.unit)),
  );
  const wanted = columns.map(
    ({ name }, i) => Math.min(charsMax, Math.max(name.length, ...cells.map((row) => row[i]?.length ?? 0))) + 2,
  );
  const total = wanted.reduce((sum, chars) => sum + chars, 0);
  const widths = wanted.map((chars) => (chars / total) * box.width);
  const lefts = widths.map((_, i) => box.x + widths.slice(0, i).reduce((sum, width) => sum + width, 0));
  const fits = Math.floor((box.height - rowPx) / rowPx);
  const draw = (words: string, i: number, y: number, colour: string): string =>
    text((lefts[i] ?? 0) + 4, y, cut(words, Math.max(widths[i] ?? 0, widthOf('ab')) - 8), { colour });
  return [
    ...columns.map(({ name }, i) => draw(name, i, box.y + 15, ink.soft)),
    stroke(`M${px(box.x)} ${px(box.y + rowPx)}H${px(box.x + box.width)}`, ink.grid),
    ...cells.slice(0, fits).flatMap((row, r) =>
      row.map((words, i) => {
        const field = columns[i]?.field ?? {};
        const value = rows[r]?.[i];
        const isJudged = field.thresholds && value !== null && value !== undefined && value !== '';
        const colour = isJudged ? colourOf(thresholdColour(Number(value), field)) : ink.text;
        return draw(words, i, box.y + rowPx * (r + 1) + 15, colour);
      }),
    ),
  ].join('');
}
