import { EntitySchema } from 'typeorm';

/** What one store decides. A single row, `id` 1. */
export interface StoreSettings {
  id: number;
  name: string;
  address: string;
  phone: string;
  email: string;
  /** The model's voice. */
  voice: string;
  /** IANA name: `America/New_York`. */
  timeZone: string;
  /** The assistant's first words. */
  greeting: string;
  /** Who the assistant is and how it speaks. */
  persona: string;
  /** E.164 numbers that a transfer rings, in this order. */
  staffNumbers: string[];
  /** Card numbers are always redacted; these two are the store's choice. */
  redactPhone: boolean;
  redactEmail: boolean;
}

export const StoreSettingsEntity = new EntitySchema<StoreSettings>({
  name: 'StoreSettings',
  columns: {
    id: { type: 'smallint', primary: true, default: 1 },
    name: { type: 'text', default: 'Mangy Dog Coffee' },
    address: { type: 'text', default: '' },
    phone: { type: 'text', default: '' },
    email: { type: 'text', default: '' },
    voice: { type: 'text', default: 'marin' },
    timeZone: { type: 'text', default: 'America/New_York' },
    greeting: { type: 'text', default: '' },
    persona: { type: 'text', default: '' },
    staffNumbers: { type: 'text', array: true, default: [] },
    redactPhone: { type: 'boolean', default: false },
    redactEmail: { type: 'boolean', default: false },
  },
  checks: [{ name: 'store_settings_single_check', expression: 'id = 1' }],
});
