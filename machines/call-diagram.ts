import type { AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { toDirectedGraph, type DirectedGraphNode } from 'xstate/graph';
import { callMachine } from './call.ts';

const nameOf = (state: AnyStateNode) => state.path.join('_');
const firstOf = (state: AnyStateNode) => [...state.initial.target].map(nameOf).join();

function states(node: DirectedGraphNode, depth: number): string[] {
  const indent = '  '.repeat(depth);
  if (node.children.length === 0) return [`${indent}${nameOf(node.stateNode)}: ${node.stateNode.key}`];
  const inner = node.children.flatMap((child) => states(child, depth + 1));
  return [
    `${indent}state ${nameOf(node.stateNode)} {`,
    `${indent}  [*] --> ${firstOf(node.stateNode)}`,
    ...inner,
    `${indent}}`,
  ];
}

const guardOf = (transition: AnyTransitionDefinition) => {
  const { guard } = transition;
  if (typeof guard === 'string') return ` [${guard}]`;
  return guard && 'type' in guard ? ` [${guard.type} ${String(guard.params)}]` : '';
};

function arrows(node: DirectedGraphNode): string[] {
  const own = node.edges
    .filter((edge) => edge.source !== edge.target)
    .map(
      (edge) => `  ${nameOf(edge.source)} --> ${nameOf(edge.target)}: ${edge.label.text}${guardOf(edge.transition)}`,
    );
  const atOnce = (node.stateNode.always ?? []).flatMap((transition) =>
    (transition.target ?? []).map(
      (to) => `  ${nameOf(node.stateNode)} --> ${nameOf(to)}: at once${guardOf(transition)}`,
    ),
  );
  return [...own, ...atOnce, ...node.children.flatMap(arrows)];
}

/** `call.md`: the states and which fact leads where. Facts that lead somewhere from every state are a list. */
export function diagram(): string {
  const root = toDirectedGraph(callMachine);
  const everywhere = root.edges
    .filter((edge) => edge.source !== edge.target)
    .map((edge) => `- \`${edge.label.text}\`${guardOf(edge.transition)} → \`${nameOf(edge.target)}\``);
  return [
    '# One phone call',
    '',
    'Generated from `call.ts` by `npm run diagram`; a test fails when it drifts.',
    '',
    '```mermaid',
    'stateDiagram-v2',
    `  [*] --> ${firstOf(root.stateNode)}`,
    ...root.children.flatMap((child) => states(child, 1)),
    ...root.children.flatMap(arrows),
    '  ended --> [*]',
    '```',
    '',
    'From every state but the end:',
    '',
    ...everywhere,
    '',
  ].join('\n');
}
