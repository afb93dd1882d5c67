import type { BoardJson, PanelJson } from '../dashboards/queries.ts';
import type { Answer } from './ask.ts';
import { ink } from './colour.ts';
import { drawHeat } from './draw-heat.ts';
import { drawLines, type Mark, type Time } from './draw-lines.ts';
import { drawStat } from './draw-stat.ts';
import { drawTable } from './draw-table.ts';
import { cut, inside, rect, text, type Box } from './svg.ts';

export const widthPx = 1_560;
const columns = 24;
const gapPx = 8;
const unitPx = 38;
const headPx = 46;
const titlePx = 24;

/** A whole board as one SVG, panels where Grafana puts them. */
export function drawBoard(
  board: BoardJson,
  answers: ReadonlyMap<number, Answer>,
  time: Time,
  marks: readonly Mark[],
): { svg: string; heightPx: number } {
  const bottom = Math.max(...board.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  const heightPx = headPx + bottom * unitPx + gapPx;
  const span = `${new Date(time.fromMs).toISOString().slice(11, 19)} – ${new Date(time.toMs).toISOString().slice(11, 19)} UTC`;
  const body = [
    rect({ x: 0, y: 0, width: widthPx, height: heightPx }, ink.page),
    text(gapPx + 4, 29, board.title, { size: 17, colour: ink.text, bold: true }),
    text(gapPx + 4 + board.title.length * 11 + 16, 29, board.description, { size: 12.5, colour: ink.soft }),
    text(widthPx - gapPx - 4, 29, span, { size: 12.5, colour: ink.soft, anchor: 'end' }),
    ...board.panels.map((panel) => drawPanel(panel, answers.get(panel.id), time, marks)),
  ];
  return {
    heightPx,
    svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}" font-family="DejaVu Sans, sans-serif">${body.join('')}</svg>`,
  };
}

function boxOf({ gridPos: { x, y, w, h } }: PanelJson): Box {
  const column = (widthPx - gapPx) / columns;
  return { x: gapPx + x * column, y: headPx + y * unitPx, width: w * column - gapPx, height: h * unitPx - gapPx };
}

function drawPanel(panel: PanelJson, answer: Answer | undefined, time: Time, marks: readonly Mark[]): string {
  const box = boxOf(panel);
  if (panel.type === 'row')
    return text(box.x + 2, box.y + 21, `▾ ${panel.title}`, { size: 13, colour: ink.text, bold: true });
  const content = inside(box, 6, titlePx, 6, 4);
  return [
    rect(box, ink.panel, `rx="2" stroke="${ink.edge}"`),
    text(box.x + 8, box.y + 16, cut(panel.title, box.width - 16, 12), { size: 12, colour: ink.text, bold: true }),
    answer ? drawAnswer(panel, answer, content, time, marks) : '',
  ].join('');
}

function drawAnswer(panel: PanelJson, answer: Answer, box: Box, time: Time, marks: readonly Mark[]): string {
  switch (answer.kind) {
    case 'absent':
      return text(box.x + box.width / 2, box.y + box.height / 2, `${answer.why}: not drawn here`, {
        size: 12,
        colour: ink.soft,
        anchor: 'middle',
      });
    case 'table':
      return drawTable(answer.columns, answer.rows, box);
    case 'lines':
      if (panel.type === 'stat') return drawStat(panel, answer.lines, box);
      if (panel.type === 'heatmap')
        return drawHeat(answer.lines, (panel.options?.['yAxis'] as { unit?: string } | undefined)?.unit, box, time);
      return drawLines(panel, answer, box, time, marks);
  }
}
