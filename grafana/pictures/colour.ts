/** Grafana's colours by the names that boards use, as its dark theme shows them. */
const hexOf: Readonly<Record<string, string>> = {
  green: '#73bf69',
  'dark-green': '#37872d',
  orange: '#ff9830',
  'light-orange': '#ffb357',
  'dark-orange': '#fa6400',
  red: '#f2495c',
  'dark-red': '#c4162a',
  blue: '#5794f2',
  'light-blue': '#8ab8ff',
  'dark-blue': '#1f60c4',
  purple: '#b877d9',
  'light-purple': '#ca95e5',
  yellow: '#fade2a',
  'dark-yellow': '#e0b400',
};

/** Of Grafana's classic palette, those that are told apart on a dark page. */
const palette = [
  ...['#7eb26d', '#eab839', '#6ed0e0', '#ef843c', '#e24d42', '#5195ce', '#ba43a9', '#8f8bd8'],
  ...['#508642', '#cca300', '#447ebc', '#c15c17', '#f29191', '#70dbed', '#d683ce', '#9ac48a'],
];

/** What a number stands on, behind white text. */
const solidOf: Readonly<Record<string, string>> = { green: '#2f7d32', orange: '#c96a00', red: '#c4162a' };

export const ink = {
  page: '#111217',
  panel: '#181b1f',
  edge: '#2a2d34',
  grid: '#2a2d34',
  text: '#d8d9da',
  soft: '#8e9099',
} as const;

export function colourOf(name: string): string {
  return hexOf[name] ?? name;
}

export function solidColourOf(name: string): string {
  return solidOf[name] ?? colourOf(name);
}

/** Names that nobody gave a colour: the first takes the palette's first, as long as the board names it. */
export function paletteColour(index: number): string {
  return palette[index % palette.length] ?? ink.text;
}
