import type { LogLines } from './log-lines.ts';
import type { SpansSeen } from './otlp-sink.ts';

/** What the collector of logs puts on each line: grafana/alloy. */
const streamLabels: ReadonlySet<string> = new Set(['service_name', 'container', 'node', 'level']);
const comparison = /([\w.]+)\s*(=~|!~|!=|>=|<=|=|>|<)\s*("(?:[^"\\]|\\.)*"|`[^`]*`|[\w.]+)/g;

/** Null where all labels and fields that a LogQL query names occur in what was written. */
export function faultsOfLogQuery(text: string, { fields }: LogLines): string | null {
  const [selector = ''] = /\{[^}]*\}/.exec(text) ?? [];
  const faults = [...selector.matchAll(comparison)].flatMap(([, label = '']) =>
    streamLabels.has(label) ? [] : [`no line has the label ${label}`],
  );
  // What is behind the selector: filters of fields, and strings that lines hold.
  const rest = text.replace(selector, '').replaceAll(/\|[=~]\s*("(?:[^"\\]|\\.)*"|`[^`]*`)/g, '');
  for (const [, field = '', operator = '', value = ''] of rest.matchAll(comparison)) {
    const values = fields.get(field);
    if (!values) faults.push(`no line has the field ${field}`);
    else if (operator === '=' && !values.has(bare(value))) faults.push(`${field} is never ${bare(value)}`);
    else if (operator === '=~' && ![...values].some((one) => new RegExp(`^(?:${bare(value)})$`).test(one)))
      faults.push(`${field} is never ${bare(value)}`);
  }
  return faults.length === 0 ? null : faults.join('; ');
}

/** Of any span, known to every TraceQL. */
const intrinsics: ReadonlySet<string> = new Set(['name', 'duration', 'status', 'kind', 'rootName', 'traceDuration']);

/** The same for TraceQL, whose attributes are of a span or its resource; a trace id must have been written. */
export function faultsOfTraceQuery(text: string, { names, traceIds, attributes }: SpansSeen): string | null {
  if (/^[0-9a-f]*$/.test(text)) return traceIds.has(text) ? null : 'no such trace';
  const faults: string[] = [];
  for (const [, attribute = '', operator = '', value = ''] of text.matchAll(comparison)) {
    if (attribute === 'name') {
      if (operator === '=' && !names.has(bare(value))) faults.push(`no span is named ${bare(value)}`);
    } else if (!intrinsics.has(attribute)) {
      const values = attributes.get(attribute) ?? attributes.get(`span${attribute}`);
      if (!values) faults.push(`no span has ${attribute}`);
      else if (operator === '=' && value.startsWith('"') && !values.has(bare(value)))
        faults.push(`${attribute} is never ${bare(value)}`);
    }
  }
  return faults.length === 0 ? null : faults.join('; ');
}

const bare = (value: string): string => value.replace(/^["`]|["`]$/g, '');
