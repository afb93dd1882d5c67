import { z } from 'zod';
import { parseRedisUrl } from './directory/redis-url.ts';
import type { Usage } from '../machines/call-events.ts';

/** How settings are checked, whichever they are. */

export type ModelPrices = Record<keyof Usage, number>;

/** List prices of `gpt-realtime-2.1`, November 2026. */
export const PRICES_DEFAULT: ModelPrices = {
  textIn: 4,
  textInCached: 0.4,
  audioIn: 32,
  audioInCached: 0.4,
  textOut: 24,
  audioOut: 64,
};
/** How MODEL_PRICES names them. */
const priceNames = {
  'text-in': 'textIn',
  'text-in-cached': 'textInCached',
  'audio-in': 'audioIn',
  'audio-in-cached': 'audioInCached',
  'text-out': 'textOut',
  'audio-out': 'audioOut',
} as const satisfies Record<string, keyof Usage>;
export const priceKinds = Object.keys(priceNames) as (keyof typeof priceNames)[];

export const port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .refine((value) => value <= 65_535);
export const url = (schemes: string[]) =>
  z.string().refine((value) => URL.canParse(value) && schemes.includes(new URL(value).protocol));
export const baseUrl = (schemes: string[]) =>
  url(schemes)
    .refine((value) => !/[?#\s]/.test(value))
    .transform((value) => value.replace(/\/+$/, ''));
export const secret = (lengthMin: number) => z.string().min(lengthMin).regex(/^\S+$/);
export const count = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .refine((value) => value >= 1);
export const dollars = z
  .string()
  .regex(/^\d{1,7}(\.\d{1,4})?$/)
  .transform(Number);
export const prices = z
  .string()
  .transform((value) => value.split(',').map((part) => part.trim().split('=')))
  .pipe(z.array(z.tuple([z.enum(priceKinds), dollars])))
  .transform((pairs) =>
    pairs.reduce<ModelPrices>((all, [name, price]) => ({ ...all, [priceNames[name]]: price }), PRICES_DEFAULT),
  );
export const list = <T extends string>(names: readonly T[]) =>
  z
    .string()
    .transform((value) => value.split(',').map((part) => part.trim()))
    .pipe(z.array(z.enum(names)).min(1));

export const modelId = z.string().regex(/^[\w.:-]+$/);

export const tokens = z
  .string()
  .regex(/^\d{4,10}$/)
  .transform(Number);

export function isRedisUrl(value: string): boolean {
  try {
    parseRedisUrl(value);
    return true;
  } catch {
    return false;
  }
}
