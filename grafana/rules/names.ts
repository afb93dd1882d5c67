import type { MetricSpec } from '../../src/telemetry/metric-spec.ts';

const reference = /\b(aida[_:][a-zA-Z0-9_:]*)(?:\{([^}]*)\})?/g;
const matcher = /(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"/g;
const grouping = /\bby \(([\w, ]+)\) \(([^()]*(?:\([^()]*\)[^()]*)*)\)/g;
/** Labels that come with the scrape. */
const scraped: ReadonlySet<string> = new Set(['instance', 'job']);

/** Metrics and recordings that a text names, each once, sorted. */
export const namesOf = (text: string): string[] =>
  [...new Set([...text.matchAll(reference)].map(([, name = '']) => name))].toSorted();

interface Found {
  spec: MetricSpec;
  part: 'bucket' | 'sum' | 'count' | null;
}

function find(name: string, specs: readonly MetricSpec[]): Found | null {
  const exact = specs.find((spec) => spec.name === name);
  if (exact) return exact.type === 'histogram' ? null : { spec: exact, part: null };
  const [, base, part] = /^(.*)_(bucket|sum|count)$/.exec(name) ?? [];
  const spec = specs.find((each) => each.name === base && each.type === 'histogram');
  return spec ? { spec, part: part as Found['part'] } : null;
}

/** What an expression names and does not exist: metrics, recordings, labels, values of labels, buckets. Selectors have no blanks before `{`. */
export function faultsOf(expr: string, specs: readonly MetricSpec[], recorded: readonly string[]): string[] {
  const faults: string[] = [];
  for (const [, name = '', matchers = ''] of expr.matchAll(reference)) {
    if (name.startsWith('aida:')) {
      if (!recorded.includes(name)) faults.push(`${name}: nobody records it`);
      continue;
    }
    const found = find(name, specs);
    if (!found) faults.push(`${name}: no such metric`);
    else
      for (const [, label = '', operator = '', value = ''] of matchers.matchAll(matcher)) {
        const fault = labelFault(found, label, operator, value);
        if (fault !== null) faults.push(`${name}: ${fault}`);
      }
  }
  for (const [, labels = '', inner = ''] of expr.matchAll(grouping))
    faults.push(...groupingFaults(labels, inner, specs));
  return faults;
}

function labelFault({ spec, part }: Found, label: string, operator: string, value: string): string | null {
  if (scraped.has(label)) return null;
  if (label === 'le' && part === 'bucket')
    return value === '+Inf' || spec.buckets.includes(Number(value)) ? null : `no bucket of ${value}`;
  const values = spec.labels[label];
  if (!values) return `no label ${label}`;
  // No list: it is a version, a name, a model.
  if (values.length === 0) return null;
  const isOne = operator.endsWith('~')
    ? (each: string): boolean => new RegExp(`^(?:${value})$`).test(each)
    : (each: string): boolean => each === value;
  return values.some(isOne) || value === 'other' ? null : `${label} is never ${value}`;
}

/** Labels that are summed by must be of every metric that is summed. */
function groupingFaults(labels: string, inner: string, specs: readonly MetricSpec[]): string[] {
  // What comes after `and on (…)` only filters.
  const [counted = ''] = inner.split(/\b(?:and|unless) on\b/);
  return [...counted.matchAll(reference)].flatMap(([, name = '']) => {
    const found = find(name, specs);
    if (!found) return [];
    const known = (label: string): boolean =>
      scraped.has(label) || label in found.spec.labels || (label === 'le' && found.part === 'bucket');
    return labels
      .split(',')
      .map((label) => label.trim())
      .filter((label) => !known(label))
      .map((label) => `${name}: no label ${label} to sum by`);
  });
}
