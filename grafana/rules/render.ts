import { stringify } from 'yaml';
import { type Alert, type Group, isAlert, type Rule } from './rule.ts';
import type { Scale } from './scale.ts';

/** A file of rules: its name without `.yml`, and what stands in it. */
export interface RuleFile {
  name: string;
  groups(scale: Scale): readonly Group[];
}

/** Where a runbook is found from a rule, in this repository and where it is served. */
export const runbookOf = (alert: string): string => `runbooks/${alert}.md`;

/** The file as Prometheus reads it. */
export function rendered(file: RuleFile, scale: Scale): string {
  const groups = file.groups(scale).map(({ name, interval, rules }) => ({
    name,
    ...(interval === undefined ? {} : { interval: scale.span(interval) }),
    rules: rules.map((rule) => (isAlert(rule) ? alertOf(rule, scale) : { ...rule, expr: oneLine(rule.expr) })),
  }));
  const head = `# Written by \`npm run grafana:rules\` from grafana/rules/${file.name}.ts: a change here is lost.\n`;
  return head + stringify({ groups }, { lineWidth: 0 });
}

function alertOf(rule: Alert, scale: Scale): Record<string, unknown> {
  return {
    alert: rule.alert,
    expr: oneLine(rule.expr),
    ...(rule.for === undefined ? {} : { for: scale.span(rule.for) }),
    ...(rule.keepFiringFor === undefined ? {} : { keep_firing_for: scale.span(rule.keepFiringFor) }),
    labels: { severity: rule.severity, ...rule.labels },
    annotations: { summary: rule.summary, callers: rule.callers, runbook: runbookOf(rule.alert) },
  };
}

const oneLine = (expr: string): string =>
  expr.replaceAll(/\s+/g, ' ').replaceAll('( ', '(').replaceAll(' )', ')').trim();

export const rulesIn = (files: readonly RuleFile[], scale: Scale): Rule[] =>
  files.flatMap((file) => file.groups(scale).flatMap(({ rules }) => rules));
