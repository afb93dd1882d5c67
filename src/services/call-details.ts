import type { DataSource } from 'typeorm';
import { CallFigureEntity, type TokensUsed } from '../../entities/call-figure.ts';
import { type CallUnderstanding, CallUnderstandingEntity } from '../../entities/call-understanding.ts';

/** What was understood of a call, and what it cost; null where nothing is known. */
export interface CallDetails {
  understanding: CallUnderstanding | null;
  used: TokensUsed | null;
  silencesMs: number[];
}

/** Rejects as the database does. */
export async function readCallDetails(dataSource: DataSource, callSid: string): Promise<CallDetails> {
  const [understanding, figure] = await Promise.all([
    dataSource.getRepository(CallUnderstandingEntity).findOneBy({ callSid }),
    dataSource.getRepository(CallFigureEntity).findOneBy({ callSid }),
  ]);
  return { understanding, used: figure?.used ?? null, silencesMs: figure?.silencesMs ?? [] };
}

/** Dollars; prices are dollars for a million tokens of each kind. */
export function costOf(used: TokensUsed, prices: Readonly<Record<keyof TokensUsed, number>>): number {
  return Object.entries(used).reduce((sum, [kind, tokens]) => sum + tokens * prices[kind as keyof TokensUsed], 0) / 1e6;
}
