import { capacity } from './capacity.ts';
import { model } from './model.ts';
import { nodes } from './nodes.ts';
import { outside } from './outside.ts';
import { pipelines } from './pipelines.ts';
import type { RuleFile } from './render.ts';
import { slo } from './slo.ts';

/** Every recording and every alert. Each becomes a file of its name beside this one. */
export const ruleFiles: readonly RuleFile[] = [slo, capacity, model, nodes, pipelines, outside];
