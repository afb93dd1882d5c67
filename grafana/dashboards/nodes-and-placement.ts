import { carrierRows } from './carrier-rows.ts';
import { nodeRows, nodeTable } from './node-rows.ts';
import type { BoardSpec } from './panel.ts';
import { placementRows } from './placement-rows.ts';

/** Which node has what, why the next caller gets in or not, and what became of those whose node went. */
export const nodesAndPlacement: BoardSpec = {
  uid: 'aida-nodes',
  file: 'nodes-and-placement',
  title: 'Aida / Nodes and placement',
  question: 'Which node has what, why does the next caller get in or not, and what became of calls whose node went?',
  rows: [nodeTable, ...placementRows, ...nodeRows, ...carrierRows],
};
