import { z } from 'zod';

/** The telephone in browsers. */
export interface PhoneSettings {
  /** Whoever is signed in to the console may call from the browser. */
  phone: boolean;
}

export const phoneVariables = {
  PHONE: { check: z.enum(['on', 'off']).optional(), rule: 'on or off' },
} as const;

type Values = { [N in keyof typeof phoneVariables]: z.output<(typeof phoneVariables)[N]['check']> };

/** Where nothing is said it is there for trying out only: each of its calls costs what a call costs. */
export function phoneOf(values: Values, embedded: boolean): PhoneSettings {
  return { phone: values.PHONE === undefined ? embedded : values.PHONE === 'on' };
}
