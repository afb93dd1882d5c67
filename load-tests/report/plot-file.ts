/** A picture and the file that holds it. */
export interface Plot {
  file: string;
  title: string;
  svg: string;
}

export const plotOf = (name: string, title: string, svg: string): Plot => ({ file: `${name}.svg`, title, svg });
