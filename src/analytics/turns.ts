import { type EntityManager, In } from 'typeorm';
import { type Turn, TurnEntity } from '../../entities/turn.ts';
import type { Projection } from './projection.ts';
import type { StoredFact } from './stored-fact.ts';
import { foldTurn, turnFact } from './turn-row.ts';

const keyOf = (callSid: string, itemId: string): string => `${callSid} ${itemId}`;
const placeOf = ({ callSid, epoch, seq }: Turn): string => `${callSid} ${epoch} ${seq}`;

async function applyTurns(manager: EntityManager, facts: readonly StoredFact[]): Promise<void> {
  const telling = facts.flatMap((stored) => {
    const fact = turnFact(stored);
    return fact ? [{ stored, fact }] : [];
  });
  if (telling.length === 0) return;
  const known = await manager.findBy(TurnEntity, {
    callSid: In([...new Set(telling.map(({ stored }) => stored.callSid))]),
    itemId: In([...new Set(telling.map(({ fact }) => fact.itemId))]),
  });
  const before = new Map(known.map((row) => [keyOf(row.callSid, row.itemId), row]));
  const after = new Map<string, Turn>();
  for (const { stored, fact } of telling) {
    const key = keyOf(stored.callSid, fact.itemId);
    after.set(key, foldTurn(after.get(key) ?? before.get(key) ?? null, stored, fact));
  }
  // An earlier fact that came late gives the item its key: the row moves.
  const moved = [...after].flatMap(([key, row]) => {
    const old = before.get(key);
    return old && placeOf(old) !== placeOf(row) ? [old] : [];
  });
  for (const { callSid, epoch, seq } of moved) await manager.delete(TurnEntity, { callSid, epoch, seq });
  await manager.upsert(TurnEntity, [...after.values()], ['callSid', 'epoch', 'seq']);
}

/** What was said and heard, one row a turn. */
export const turns: Projection = {
  name: 'turns',
  writes: ['turn'],
  apply: ({ manager, facts }) => applyTurns(manager, facts),
};
