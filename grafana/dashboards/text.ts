import { buildBoard } from './board.ts';
import type { BoardSpec } from './panel.ts';

/** A board's file. */
export function boardText(spec: BoardSpec): string {
  return `${JSON.stringify(buildBoard(spec), null, 2)}\n`;
}
