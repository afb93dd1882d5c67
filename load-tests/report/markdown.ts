/** Text that stays text in a cell of a table: nothing in it begins a tag, ends the cell or the line. */
export const cells = (text: string): string =>
  text
    .replace(/[\\|]/g, (sign) => `\\${sign}`)
    .replace(/<(?=[a-z/!?])/gi, '&lt;')
    .replace(/[\n\r]+/g, ' ');

/** A table; the caller's texts are escaped. [] without rows. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const row = (texts: readonly string[]): string => `| ${texts.map(cells).join(' | ')} |`;
  return [row(head), `|${head.map(() => '---|').join('')}`, ...rows.map(row)];
}
