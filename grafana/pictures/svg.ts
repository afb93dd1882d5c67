/** Pieces of SVG text. Widths of text are estimated: DejaVu Sans at 1 px is about 0.6 px wide. */
const CHAR_WIDTH = 0.6;

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface TextStyle {
  size?: number;
  colour: string;
  anchor?: 'start' | 'middle' | 'end';
  bold?: boolean;
}

export function escaped(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

export const px = (value: number): string => String(Math.round(value * 10) / 10);

export function text(x: number, y: number, words: string, style: TextStyle): string {
  const { size = 11, colour, anchor = 'start', bold } = style;
  const weight = bold ? ' font-weight="600"' : '';
  return `<text x="${px(x)}" y="${px(y)}" font-size="${px(size)}" fill="${colour}" text-anchor="${anchor}"${weight}>${escaped(words)}</text>`;
}

export const widthOf = (words: string, size = 11): number => words.length * size * CHAR_WIDTH;

/** As much of the words as fits. */
export function cut(words: string, width: number, size = 11): string {
  const chars = Math.max(1, Math.floor(width / (size * CHAR_WIDTH)));
  return words.length <= chars ? words : `${words.slice(0, chars - 1)}…`;
}

export function rect({ x, y, width, height }: Box, fill: string, extra = ''): string {
  return `<rect x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" fill="${fill}" ${extra}/>`;
}

export function stroke(d: string, colour: string, extra = ''): string {
  return `<path d="${d}" fill="none" stroke="${colour}" ${extra}/>`;
}

export const inside = ({ x, y, width, height }: Box, left: number, top: number, right = left, bottom = top): Box => ({
  x: x + left,
  y: y + top,
  width: width - left - right,
  height: height - top - bottom,
});
