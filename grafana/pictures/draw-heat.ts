import type { Line } from './ask.ts';
import { ink } from './colour.ts';
import type { Time } from './draw-lines.ts';
import { rect, text, type Box } from './svg.ts';
import { written } from './unit.ts';

const numberRoom = 54;
const timeRoom = 16;
const columnsMax = 60;
/** Few are seen beside many. */
const exponent = 0.5;

/** Buckets of a classic histogram, cumulative as Prometheus has them, as cells over time. */
export function drawHeat(lines: readonly Line[], unit: string | undefined, box: Box, { fromMs, toMs }: Time): string {
  const buckets = lines
    .map(({ name, points }) => ({ le: name === '+Inf' ? Infinity : Number(name), points: new Map(points) }))
    .toSorted((a, b) => a.le - b.le);
  const times = [...new Set(lines.flatMap(({ points }) => points.map(([at]) => at)))].toSorted((a, b) => a - b);
  const every = Math.max(1, Math.ceil(times.length / columnsMax));
  const plot = {
    x: box.x + numberRoom,
    y: box.y + 4,
    width: box.width - numberRoom - 6,
    height: box.height - timeRoom - 4,
  };
  const width =
    plot.width / Math.max(1, Math.ceil((toMs - fromMs) / ((times[1] ?? toMs) - (times[0] ?? fromMs)) / every));
  const height = plot.height / buckets.length;
  const cells = times
    .filter((_, i) => i % every === 0)
    .flatMap((at) =>
      buckets.map(({ points }, i) => ({
        at,
        i,
        count: Math.max(0, (points.get(at) ?? 0) - (i === 0 ? 0 : (buckets[i - 1]?.points.get(at) ?? 0))),
      })),
    );
  const most = Math.max(...cells.map(({ count }) => count), 0);
  if (most === 0)
    return text(box.x + box.width / 2, box.y + box.height / 2, 'nothing happened', {
      size: 12,
      colour: ink.soft,
      anchor: 'middle',
    });
  const y = (i: number): number => plot.y + plot.height - (i + 1) * height;
  return [
    ...buckets
      .filter((_, i) => i % 2 === 0)
      .map(({ le }, i) =>
        text(plot.x - 6, y(2 * i) + height / 2 + 3.5, le === Infinity ? 'more' : written(le, unit), {
          size: 10,
          colour: ink.soft,
          anchor: 'end',
        }),
      ),
    ...cells
      .filter(({ count }) => count > 0)
      .map(({ at, i, count }) =>
        rect(
          {
            x: plot.x + ((at - fromMs) / (toMs - fromMs)) * plot.width,
            y: y(i) + 0.5,
            width: width - 1,
            height: height - 1,
          },
          '#ff9830',
          `fill-opacity="${(0.12 + 0.88 * (count / most) ** exponent).toFixed(2)}"`,
        ),
      ),
  ].join('');
}
