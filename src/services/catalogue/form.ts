import type { Content } from './merge.ts';

/** Rows of one list in a form. */
const ROWS_MAX = 1_000;
const ROW_FIELD = /^(\w+)\.(\d{1,4})\.(\w+)$/;
/** `title`, `monday.openTime`, `week.monday.openTime`. */
const FIELD = /^[a-zA-Z]\w*(?:\.[a-zA-Z]\w*){0,2}$/;

/** What is wrong, in a sentence, by the name of the field in the form: `title`, `sizes.0.price`. */
export type Problems = Record<string, string>;

/**
 * A form's fields as an object: `monday.openTime` becomes `monday: { openTime }`, `sizes.0.name` becomes
 * `sizes: [{ name }]`. Rows in which nothing was written are dropped, here and in the form that is returned, so that
 * problems name rows as that form has them.
 */
export function readForm(form: URLSearchParams, lists: readonly string[]): { raw: Content; form: URLSearchParams } {
  const raw: Content = {};
  const tidy = new URLSearchParams();
  const rows = new Map<string, Map<number, Record<string, string>>>(lists.map((list) => [list, new Map()]));
  for (const [name, value] of form) {
    const [, list = '', index = '', field = ''] = ROW_FIELD.exec(name) ?? [];
    const own = rows.get(list);
    if (own) own.set(Number(index), { ...own.get(Number(index)), [field]: value });
    else if (FIELD.test(name)) {
      setNested(raw, name.split('.'), value);
      tidy.set(name, value);
    }
  }
  for (const [list, own] of rows) {
    const written = [...own].filter(([, row]) => !isBlank(row)).toSorted(([a], [b]) => a - b);
    raw[list] = written.slice(0, ROWS_MAX).map(([, row], index) => {
      for (const [field, value] of Object.entries(row)) tidy.set(`${list}.${index}.${field}`, value);
      return row;
    });
  }
  return { raw, form: tidy };
}

function setNested(into: Content, [first = '', ...rest]: string[], value: string): void {
  if (rest.length === 0) {
    into[first] = value;
    return;
  }
  const inner = Object.hasOwn(into, first) ? into[first] : undefined;
  const object: Content = typeof inner === 'object' && inner !== null ? (inner as Content) : {};
  into[first] = object;
  setNested(object, rest, value);
}

/** Boxes and choices are there in a row that nobody wrote in. */
const chosen = new Set(['parties', 'soldOut']);
const isBlank = (row: Record<string, string>) =>
  Object.entries(row).every(([field, value]) => value.trim() === '' || chosen.has(field));

/** The fields of a form that shows a content: the reverse of what a kind's schema reads. */
export function formOf(content: Content): URLSearchParams {
  const form = new URLSearchParams();
  fill(form, '', content);
  return form;
}

function fill(form: URLSearchParams, prefix: string, content: Content): void {
  for (const [key, value] of Object.entries(content)) {
    const name = `${prefix}${key}`;
    if (value === true) form.set(name, 'on');
    else if (typeof value === 'string' || typeof value === 'number') form.set(name, String(value));
    else if (Array.isArray(value) && value.every((each) => typeof each === 'string')) form.set(name, value.join('\n'));
    else if (typeof value === 'object' && value !== null) fill(form, `${name}.`, value as Content);
  }
}
