import type { FieldJson } from '../dashboards/queries.ts';

/** The name of the colour that a value has by its thresholds. */
export function thresholdColour(value: number, { thresholds }: FieldJson): string {
  let colour = 'green';
  for (const step of thresholds?.steps ?? []) if (step.value === null || value >= step.value) colour = step.color;
  return colour;
}

/** What a number stands for, if the panel says so. */
export function wordFor(value: unknown, { mappings = [] }: FieldJson): string | null {
  for (const { options } of mappings) {
    const found = options[String(value)];
    if (found) return found.text;
  }
  return null;
}
