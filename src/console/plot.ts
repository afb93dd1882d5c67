/** Plots as SVG, drawn by `part/plot`: no script, no inline style, and beside each the same as a table. */

export interface PlotSeries {
  name: string;
  /** By the meaning of the colour: what it is about, what it is compared with, another measure. */
  tone: 'a' | 'b' | 'c';
  kind: 'bars' | 'line';
  /** One for each label; null: nothing to show there. */
  values: readonly (number | null)[];
}

export interface Plot {
  width: number;
  height: number;
  /** Lines across, with what they stand for. */
  marks: { y: number; text: string }[];
  bars: { tone: PlotSeries['tone']; x: number; y: number; width: number; height: number }[];
  lines: { tone: PlotSeries['tone']; points: string }[];
  labels: { x: number; text: string }[];
}

const WIDTH = 640;
const HEIGHT = 200;
/** For what stands beside the lines across, and below them. */
const LEFT = 36;
const TOP = 10;
const BOTTOM = 24;
const MARKS = 4;
const LABELS_MAX = 8;
/** Few labels make no walls of bars. */
const ROOM_MAX = 56;
const STEPS = [1, 2, 2.5, 5, 10];
/** Of the room of one label: what is compared stands behind, wider than what it is compared with. */
const BAR_SHARE: Readonly<Record<PlotSeries['tone'], number>> = { a: 0.5, b: 0.84, c: 0.5 };

/** Where everything stands. */
export function plotOf(labels: readonly string[], series: readonly PlotSeries[]): Plot {
  const top = topOf(Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0))));
  const room = (WIDTH - LEFT) / Math.max(1, labels.length);
  const x = (index: number) => LEFT + (index + 0.5) * room;
  const y = (value: number) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const every = Math.max(1, Math.ceil(labels.length / LABELS_MAX));
  return {
    width: WIDTH,
    height: HEIGHT,
    marks: Array.from({ length: MARKS + 1 }, (_, index) => {
      const value = (top / MARKS) * index;
      return { y: rounded(y(value)), text: String(rounded(value)) };
    }),
    bars: series
      .filter(({ kind }) => kind === 'bars')
      .flatMap(({ tone, values }) => {
        const width = Math.max(1, Math.min(room, ROOM_MAX) * BAR_SHARE[tone]);
        return values.flatMap((value, index) => {
          if (value === null || value <= 0) return [];
          const at = y(value);
          return [
            {
              tone,
              x: rounded(x(index) - width / 2),
              y: rounded(at),
              width: rounded(width),
              height: rounded(HEIGHT - BOTTOM - at),
            },
          ];
        });
      }),
    lines: series
      .filter(({ kind }) => kind === 'line')
      .flatMap(({ tone, values }) =>
        runsOf(values).map((run) => ({
          tone,
          points: run.map(({ at, value }) => `${rounded(x(at))},${rounded(y(value))}`).join(' '),
        })),
      ),
    labels: labels.flatMap((text, index) => (index % every === 0 ? [{ x: rounded(x(index)), text }] : [])),
  };
}

/** A round number at or above the greatest value, which the lines across divide well. */
function topOf(most: number): number {
  if (most <= MARKS) return MARKS;
  const scale = 10 ** Math.floor(Math.log10(most / MARKS));
  return (STEPS.find((step) => step * scale * MARKS >= most) ?? 10) * scale * MARKS;
}

/** Broken where nothing was measured. */
function runsOf(values: PlotSeries['values']): { at: number; value: number }[][] {
  const runs: { at: number; value: number }[][] = [];
  let isDown = false;
  for (const [at, value] of values.entries()) {
    if (value !== null) {
      if (!isDown) runs.push([]);
      runs.at(-1)?.push({ at, value });
    }
    isDown = value !== null;
  }
  return runs;
}

const rounded = (value: number): number => Math.round(value * 10) / 10;
