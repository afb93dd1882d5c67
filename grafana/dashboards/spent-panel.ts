import type { PanelSpec } from './panel.ts';
import { fleet } from './promql.ts';

/** On every board that asks whether money ends the conversations. */
export const spentShare: PanelSpec = {
  kind: 'stat',
  title: 'Spent of what may be spent',
  good: 'below 80 %: at 100 % new callers get the keypad menu.',
  unit: 'percentunit',
  decimals: 0,
  bounds: { above: [0.8, 1] },
  runbook: 'SpendHigh',
  width: 4,
  queries: [{ expr: fleet('aida_spend_share'), legend: 'spent' }],
};
