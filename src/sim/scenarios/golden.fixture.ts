import type { Account } from '../account.ts';
import { keepGolden } from '../e2e/golden.fixture.ts';
import type { Scenario } from './scenario.ts';

/** Whose journals are kept for ever, with GOLDEN set: each has facts that no other has. */
const kept: ReadonlySet<string> = new Set([
  'card-number',
  'keypad-staff',
  'keypad-wrong-key',
  'model-comes-back',
  'recorded-declined',
  'redial',
  'rotation',
  'still-there',
  'stream-breaks',
  'stream-breaks-thrice',
  'tool-slow',
  'transfer-busy-next',
  'transfer-queue',
  'voicemail-review',
  'waiting-staff',
  'waiting-voicemail',
]);

export async function keepScenario({ id, name }: Scenario, accounts: readonly Account[]): Promise<void> {
  const last = kept.has(id) ? accounts.at(-1) : undefined;
  if (last) await keepGolden(name, last.facts);
}
