import { audioPath } from './audio-path.ts';
import { modelAndCost } from './model-and-cost.ts';
import { nodesAndPlacement } from './nodes-and-placement.ts';
import { oneCall } from './one-call.ts';
import type { BoardSpec } from './panel.ts';
import { pipelines } from './pipelines.ts';
import { promotion } from './promotion.ts';

/** In the order in which one looks. */
export const boards: readonly BoardSpec[] = [promotion, audioPath, modelAndCost, nodesAndPlacement, pipelines, oneCall];
