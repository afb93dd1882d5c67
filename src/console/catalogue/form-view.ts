import type { Problems } from '../../services/catalogue/form.ts';

/** How a form is laid out; `views/catalogue/form.eta` draws it. */

export interface FieldSpec {
  name: string;
  label: string;
  type?: 'text' | 'textarea' | 'select' | 'checkbox' | 'number' | 'time' | 'date' | 'email' | 'tel' | 'search';
  hint?: string;
  required?: boolean;
  rows?: number;
  maxlength?: number;
  min?: number;
  max?: number;
  options?: { value: string; label: string }[];
  inputmode?: string;
  placeholder?: string;
}

export interface ListSpec {
  list: string;
  legend: string;
  hint?: string;
  /** Of the button that adds rows. */
  more: string;
  columns: FieldSpec[];
}

/** A day's hours: `prefix` is empty or ends in a dot. */
export interface DaySpec {
  prefix: string;
  label: string;
}

export type PartSpec = FieldSpec | { fields: FieldSpec[] } | ListSpec | { days: DaySpec[] };

export interface SectionSpec {
  title?: string;
  hint?: string;
  parts: PartSpec[];
}

const MORE_ROWS = 3;

type Shown = FieldSpec & { value: string | boolean; error: string | undefined };

/** The layout with what is written in it, and what is wrong. `more`: the list that is to have more rows. */
export function filled(sections: readonly SectionSpec[], form: URLSearchParams, problems: Problems, more = '') {
  const shown = (spec: FieldSpec): Shown => ({
    ...spec,
    value: spec.type === 'checkbox' ? form.get(spec.name) === 'on' : (form.get(spec.name) ?? ''),
    error: problems[spec.name],
  });
  const rowsOf = ({ list, columns }: ListSpec) => {
    const count = rowCount(form, list);
    const all = count + (list === more || count === 0 ? MORE_ROWS : 0);
    return Array.from({ length: all }, (_, row) =>
      columns.map((column) => shown({ ...column, name: `${list}.${row}.${column.name}` })),
    );
  };
  const timeOf = (prefix: string, name: string, label: string): Shown => {
    const field = shown({ name: `${prefix}${name}`, label, type: 'time' });
    return form.get(`${prefix}isClosed`) === 'on' ? { ...field, value: '' } : field;
  };
  const dayOf = ({ prefix, label }: DaySpec) => ({
    label,
    isClosed: shown({ name: `${prefix}isClosed`, label: 'Closed', type: 'checkbox' }),
    times: [timeOf(prefix, 'openTime', 'Opens'), timeOf(prefix, 'closeTime', 'Closes')],
  });
  const partOf = (part: PartSpec) => {
    if ('list' in part) return { ...part, kind: 'list', rows: rowsOf(part) };
    if ('days' in part) return { kind: 'days', days: part.days.map(dayOf) };
    if ('fields' in part) return { kind: 'fields', fields: part.fields.map(shown) };
    return { kind: 'field', field: shown(part) };
  };
  return sections.map(({ parts, ...section }) => ({ ...section, parts: parts.map(partOf) }));
}

function rowCount(form: URLSearchParams, list: string): number {
  let count = 0;
  for (const name of form.keys()) {
    const [first, index] = name.split('.');
    if (first === list) count = Math.max(count, Number(index) + 1);
  }
  return count;
}

/** What is wrong, with where it stands: for the list above the form. */
export function problemList(
  problems: Problems,
  sections: readonly SectionSpec[],
): { name: string; sentence: string }[] {
  const labels = new Map<string, string>();
  for (const part of sections.flatMap(({ parts }) => parts)) {
    if ('name' in part) labels.set(part.name, part.label);
    if ('fields' in part) for (const { name, label } of part.fields) labels.set(name, label);
    if ('list' in part) labels.set(part.list, part.legend);
    if ('days' in part) for (const { prefix, label } of part.days) labels.set(prefix.split('.')[0] ?? '', label);
  }
  return Object.entries(problems).map(([name, sentence]) => {
    const label = labels.get(name) ?? labels.get(name.split('.')[0] ?? '');
    return { name, sentence: label === undefined ? sentence : `${label}: ${sentence}` };
  });
}
