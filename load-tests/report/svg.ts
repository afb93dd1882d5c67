/**
 * Colours that people with any kind of colour vision tell apart (after Okabe and Ito), for light and for dark ground.
 * What they say is said by shape, dash and word as well.
 */
const colors: readonly { light: string; dark: string }[] = [
  { light: '#0072b2', dark: '#56b4e9' },
  { light: '#c04d00', dark: '#ff9d5c' },
  { light: '#00795a', dark: '#3ddba7' },
  { light: '#a8407e', dark: '#f0a8d0' },
  { light: '#6a4fa3', dark: '#b9a0ff' },
  { light: '#7a6000', dark: '#e6c84b' },
];

export const colorCount = colors.length;

const classes = (scheme: 'light' | 'dark'): string =>
  colors.map((color, i) => `.plot .s${i}{--c:${color[scheme]}}`).join('');

// Every plot has the same rules: several of them can stand in one page.
const style = [
  '.plot{--ground:#fff;--ink:#1c1e21;--soft:#5a6069;--grid:#d9dce0}',
  classes('light'),
  '@media(prefers-color-scheme:dark){.plot{--ground:#14171a;--ink:#eceef0;--soft:#a7aeb6;--grid:#363b41}',
  `${classes('dark')}}`,
  '.plot .ground{fill:var(--ground)}',
  '.plot text{fill:var(--ink);font:12px system-ui,sans-serif;font-variant-numeric:tabular-nums}',
  '.plot .name{font-size:15px;font-weight:600}',
  '.plot .soft{fill:var(--soft)}',
  '.plot .grid{stroke:var(--grid)}',
  '.plot .base{stroke:var(--soft)}',
  '.plot .bound{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:6 4}',
  '.plot .line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round}',
  '.plot .mark{fill:var(--c);stroke:var(--ground)}',
  '.plot .bar{fill:var(--c)}',
].join('');

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Whatever a text holds, XML takes it: control characters, which it cannot hold at all, become spaces. */
export function escaped(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are the characters that are meant
  return text.replace(/[\u0000-\u001f\u007f\ufffe\uffff]/g, ' ').replace(/[&<>"']/g, (sign) => entities[sign] ?? '');
}

/** Pixels to a tenth, so that a picture changes only where its figures do. */
export const px = (value: number): string => String(Math.round(value * 10) / 10);

export interface TextInput {
  x: number;
  y: number;
  text: string;
  class?: string;
  anchor?: 'start' | 'middle' | 'end';
}

export function text({ x, y, text: words, class: name, anchor }: TextInput): string {
  const look = `${name ? ` class="${name}"` : ''}${anchor && anchor !== 'start' ? ` text-anchor="${anchor}"` : ''}`;
  return `<text x="${px(x)}" y="${px(y)}"${look}>${escaped(words)}</text>`;
}

export function line(name: string, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${name}" x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}"/>`;
}

/** About so many pixels wide at 12 pixels: a font is not asked. */
export const widthOf = (words: string): number => words.length * 6.7;

export interface PictureInput {
  width: number;
  height: number;
  title: string;
  /** All that the picture says, in words, for those who do not see it. */
  description: string;
  body: readonly string[];
}

/** A whole SVG document that needs nothing else: no script, no font, no link. */
export function picture({ width, height, title, description, body }: PictureInput): string {
  const id = `plot-${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${id}-title ${id}-desc">`,
    `<title id="${id}-title">${escaped(title)}</title>`,
    `<desc id="${id}-desc">${escaped(description)}</desc>`,
    `<style>${style}</style>`,
    `<rect class="ground" width="${width}" height="${height}" rx="6"/>`,
    text({ x: 20, y: 28, text: title, class: 'name' }),
    ...body,
    '</svg>',
  ].join('\n')}\n`;
}
