import type { AddressBook } from './address.ts';
import type { Callbacks } from './callbacks.ts';
import type { Chance } from './chance.ts';
import type { Figures } from './figures.ts';
import type { Lines } from './lines.ts';
import type { Network } from './network.ts';
import type { Phrases } from './phrases.ts';
import type { Settings } from './settings.ts';
import type { Web } from './web.ts';

/** What all calls of one generator share. */
export interface CallWorld {
  settings: Settings;
  network: Network;
  addresses: AddressBook;
  web: Web;
  callbacks: Callbacks;
  /** What callers decide: the same in each run with the same seed. */
  chance: Chance;
  /** Ids and tokens: never the same again. */
  ids: Chance;
  figures: Figures;
  phrases: Phrases;
  /** Lines with a stream. */
  lines: Lines;
  /** The number that is called. */
  number: string;
  voiceUrl: string;
  fallbackUrl: string;
  statusUrl: string;
}
