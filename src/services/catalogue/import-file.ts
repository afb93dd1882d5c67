import { parse as parseYaml } from 'yaml';

/** One document as a file has it; `line` is where it begins, from 1. */
export interface Entry {
  line: number;
  /** By the names of the form's fields; what the file does not say is absent. */
  fields: Record<string, string>;
}

export type ReadFile = { entries: Entry[] } | { problem: string };

export const importLimits = { fileBytes: 2 * 1024 * 1024, entries: 500, columns: 40 } as const;

/** Names that a front matter or a header may use, by the form's. */
const names: Readonly<Record<string, string>> = {
  title: 'title',
  name: 'title',
  question: 'question',
  answer: 'body',
  body: 'body',
  text: 'body',
  category: 'category',
  slug: 'slug',
  'short name': 'slug',
  order: 'sortOrder',
  position: 'sortOrder',
  sortorder: 'sortOrder',
  draft: 'isDraft',
};

const FRONT_MATTER = /^---[ \t]*\n([\s\S]*?)\n---[ \t]*(?:\n|$)/;
const HEADING = /^(#{1,6})[ \t]+(\S.*)$/;
const FENCE = /^\s*(?:```|~~~)/;
const NUL = 0;

/** Documents of a Markdown or CSV file. Nothing in it is carried out: it is text, whatever it says. */
export function readImport(name: string, bytes: Uint8Array): ReadFile {
  const kind = /\.(md|markdown|csv|tsv)$/i.exec(name)?.[1]?.toLowerCase();
  if (!kind) return { problem: `“${name.slice(0, 80)}” is neither Markdown (.md) nor CSV (.csv).` };
  if (bytes.length > importLimits.fileBytes)
    return { problem: `The file is larger than ${importLimits.fileBytes / 1024 / 1024} MB. Split it.` };
  const text = textOf(bytes);
  if (text === null) return { problem: 'The file is no text in UTF-8. Save it as CSV UTF-8, or as plain text.' };
  if (text.trim() === '') return { problem: 'The file is empty.' };
  const read = kind === 'csv' || kind === 'tsv' ? readCsv(text) : readMarkdown(text);
  if ('entries' in read && read.entries.length === 0) return { problem: 'There is no document in the file.' };
  if ('entries' in read && read.entries.length > importLimits.entries) return tooMany(read.entries.length);
  return read;
}

const tooMany = (count: number): ReadFile => ({
  problem: `The file has ${count} documents; at most ${importLimits.entries} at once.`,
});

function textOf(bytes: Uint8Array): string | null {
  if (bytes.includes(NUL)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll(/\r\n?/g, '\n');
  } catch {
    return null;
  }
}

/**
 * With a front matter the file is one document. Else each heading of the second level begins one, in the category that
 * the heading of the first level before it names; a file without any is one document, titled by its first heading.
 */
function readMarkdown(text: string): ReadFile {
  const [whole = '', yaml] = FRONT_MATTER.exec(text) ?? [];
  if (yaml !== undefined) return withFrontMatter(yaml, text.slice(whole.length), whole.split('\n').length);
  const lines = text.split('\n');
  const headings = headingsOf(lines);
  const parts = headings.filter(({ level }) => level === 2);
  if (parts.length > importLimits.entries) return tooMany(parts.length);
  if (parts.length === 0) {
    const [first] = headings;
    if (!first) return { problem: 'There is no heading in the file: a line that begins with “# ” names the document.' };
    return { entries: [entryOf(first, lines.slice(first.line))] };
  }
  const entries = parts.map((part) => {
    const next = headings.find(({ line, level }) => line > part.line && level <= 2);
    const category = headings.findLast(({ line, level }) => line < part.line && level === 1)?.title;
    const entry = entryOf(part, lines.slice(part.line, next ? next.line - 1 : lines.length));
    if (category !== undefined) entry.fields['category'] = category;
    return entry;
  });
  return { entries };
}

interface Heading {
  /** From 1. */
  line: number;
  level: number;
  title: string;
}

function headingsOf(lines: readonly string[]): Heading[] {
  const headings: Heading[] = [];
  let isCode = false;
  lines.forEach((text, index) => {
    if (FENCE.test(text)) isCode = !isCode;
    const [, marks = '', title = ''] = isCode ? [] : (HEADING.exec(text) ?? []);
    if (marks !== '') headings.push({ line: index + 1, level: marks.length, title: withoutMarks(title) });
  });
  return headings;
}

/** A heading may be closed with the marks that open it, after a blank. */
function withoutMarks(title: string): string {
  let end = title.length;
  while (title[end - 1] === '#') end -= 1;
  const rest = title.slice(0, end);
  return (rest.trimEnd() === rest ? title : rest).trimEnd();
}

function entryOf({ line, title }: Heading, body: readonly string[]): Entry {
  const question = title.endsWith('?') ? { question: title } : {};
  return { line, fields: { title, ...question, body: body.join('\n').trim() } };
}

function withFrontMatter(yaml: string, body: string, bodyLine: number): ReadFile {
  let matter: unknown;
  try {
    matter = parseYaml(yaml, { maxAliasCount: 0, schema: 'core' });
  } catch {
    return {
      problem: 'What stands between the two lines of --- is not understood. It has lines as in “title: Parking”.',
    };
  }
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(typeof matter === 'object' && matter !== null ? matter : {})) {
    const field = names[name.toLowerCase()];
    if (field && (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'))
      fields[field] = written(field, String(value));
  }
  const lines = body.split('\n');
  const first = headingsOf(lines).find(({ level }) => level === 1);
  const rest = first ? lines.toSpliced(first.line - 1, 1) : lines;
  return {
    entries: [
      {
        line: first ? bodyLine + first.line - 1 : 1,
        fields: { ...(first && { title: first.title }), body: rest.join('\n').trim(), ...fields },
      },
    ],
  };
}

/** Boxes are on or absent. */
function written(field: string, value: string): string {
  if (field !== 'isDraft') return value;
  return /^(?:1|true|yes|y|on|x|draft)$/i.test(value.trim()) ? 'on' : '';
}

function readCsv(text: string): ReadFile {
  const rows = csvRows(text.replace(/^\uFEFF/, ''));
  if (rows === null) return { problem: 'A quoted field is never closed: a “"” is missing.' };
  const [header, ...records] = rows;
  if (!header) return { problem: 'The file is empty.' };
  const fields = header.cells.slice(0, importLimits.columns).map((cell) => names[cell.trim().toLowerCase()]);
  for (const needed of ['title', 'body'])
    if (!fields.includes(needed))
      return {
        problem: `The first line names the columns; “${needed === 'body' ? 'answer' : needed}” is not among them. It has: ${header.cells.join(', ').slice(0, 120)}.`,
      };
  const entries = records.map(({ line, cells }) => ({
    line,
    fields: Object.fromEntries(
      fields.flatMap((field, at) => (field ? [[field, written(field, cells[at] ?? '')] as const] : [])),
    ),
  }));
  return { entries };
}

interface CsvRow {
  line: number;
  cells: string[];
}

/** RFC 4180, by comma, semicolon or tab, whichever the first line has more of. Null: a quote is never closed. */
function csvRows(text: string): CsvRow[] | null {
  const [first = ''] = text.split('\n', 1);
  const counted = [',', ';', '\t'].map((each) => ({ each, count: first.split(each).length }));
  const separator = counted.toSorted((a, b) => b.count - a.count)[0]?.each ?? ',';
  const rows: CsvRow[] = [];
  let row: CsvRow = { line: 1, cells: [] };
  let line = 1;
  let at = 0;
  while (at <= text.length) {
    let cell = '';
    if (text[at] === '"') {
      for (at += 1; ; at += 1) {
        const end = text.indexOf('"', at);
        if (end < 0) return null;
        cell += text.slice(at, end);
        at = end + 1;
        if (text[at] !== '"') break;
        cell += '"';
      }
      line += cell.split('\n').length - 1;
    }
    let end = at;
    while (end < text.length && text[end] !== separator && text[end] !== '\n') end += 1;
    row.cells.push(cell + text.slice(at, end));
    if (text[end] !== separator) {
      if (row.cells.some((each) => each.trim() !== '')) rows.push(row);
      line += 1;
      row = { line, cells: [] };
    }
    at = end + 1;
  }
  return rows;
}
