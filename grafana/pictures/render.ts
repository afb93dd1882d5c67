import type { Browser } from 'playwright-core';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { markQueriesOf, readBoards, type BoardJson, type Filling } from '../dashboards/queries.ts';
import { launchChromium } from '../../src/sim/parts/chromium.ts';
import { ask, type Answer, type Sources } from './ask.ts';
import { ink } from './colour.ts';
import { drawBoard, widthPx } from './draw-board.ts';
import type { Mark } from './draw-lines.ts';
import { fewColours, pictureBytesMax } from './few-colours.ts';

const scales = [1, 0.75];
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
      const file = join(dir, `${name}.png`);
      await writeFile(file, await pictureOf(browser, svg, heightPx));
      files.push(file);
    }
  } finally {
    await browser.close();
  }
  return files;
}

/** A board of many lines is drawn smaller rather than too large to load. */
async function pictureOf(browser: Browser, svg: string, heightPx: number): Promise<Buffer> {
  let picture = Buffer.alloc(0);
  for (const deviceScaleFactor of scales) {
    const page = await browser.newPage({ viewport: { width: widthPx, height: heightPx }, deviceScaleFactor });
    await page.setContent(`<body style="margin:0;background:${ink.page}">${svg}</body>`);
    picture = Buffer.from(fewColours(await page.screenshot({ fullPage: true })));
    await page.close();
    if (picture.length <= pictureBytesMax) break;
  }
  return picture;
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
