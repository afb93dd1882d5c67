import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { markQueriesOf, readBoards, type BoardJson, type Filling } from '../dashboards/queries.ts';
import { launchChromium } from '../../src/sim/parts/chromium.ts';
import { ask, type Answer, type Sources } from './ask.ts';
import { drawBoard, widthPx } from './draw-board.ts';
import type { Mark } from './draw-lines.ts';
import { fewColours } from './few-colours.ts';

const markStepMs = 2_000;
/** One thing that happened is one mark, though several looks see it. */
const markApartMs = 20_000;

/** Asks for every panel of every board and writes one PNG each. Returns the files. */
export async function renderBoards(sources: Sources, filling: Filling, dir: string): Promise<string[]> {
  const boards = await readBoards();
  const browser = await launchChromium();
  const files: string[] = [];
  try {
    await mkdir(dir, { recursive: true });
    for (const [name, board] of boards) {
      const answers = new Map<number, Answer>();
      for (const panel of board.panels)
        if (panel.type !== 'row') answers.set(panel.id, await ask(panel, sources, filling));
      const { svg, heightPx } = drawBoard(board, answers, filling, await marksOf(board, sources, filling));
      const page = await browser.newPage({ viewport: { width: widthPx, height: heightPx } });
      await page.setContent(`<body style="margin:0;background:#111217">${svg}</body>`);
      const file = join(dir, `${name}.png`);
      await writeFile(file, fewColours(await page.screenshot({ fullPage: true })));
      await page.close();
      files.push(file);
    }
  } finally {
    await browser.close();
  }
  return files;
}

async function marksOf(board: BoardJson, { prometheus }: Sources, { fromMs, toMs }: Filling): Promise<Mark[]> {
  const marks: Mark[] = [];
  for (const { panel, text } of markQueriesOf([board])) {
    const colour = board.annotations.list.find(({ name }) => panel === `mark: ${name}`)?.iconColor ?? 'blue';
    for (const { points } of await prometheus.queryRange(text, { fromMs, toMs, stepMs: markStepMs })) {
      let before = Number.NEGATIVE_INFINITY;
      for (const [atMs] of points) {
        if (atMs - before > markApartMs) marks.push({ atMs, colour });
        before = atMs;
      }
    }
  }
  return marks;
}
