import { type EntityManager, In } from 'typeorm';
import { type CallFigure, CallFigureEntity } from '../../entities/call-figure.ts';
import type { CallLog } from '../../entities/call-log.ts';
import { concernsFigures, emptyNotes, figureOf, foldNotes, minutesOf } from './figure-row.ts';
import type { FactBatch, Projection } from './projection.ts';
import { byCall } from './stored-fact.ts';

/** Rows that say the same need no writing: most facts say nothing of figures. */
function isSame(known: CallFigure | undefined, next: CallFigure): boolean {
  return known !== undefined && known.minute.getTime() === next.minute.getTime() && sameNotes(known.notes, next.notes);
}

function sameNotes(left: CallFigure['notes'], right: CallFigure['notes']): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}

async function apply({ manager, facts, calls, now }: FactBatch): Promise<void> {
  const own = byCall(facts.filter(concernsFigures));
  const touched = [...own.keys()].filter((callSid) => calls.has(callSid));
  const ended = [...byCall(facts).keys()].filter((callSid) => (calls.get(callSid)?.endedAt ?? null) !== null);
  const rows = await foldRows(manager, touched, own, calls, now);
  if (rows.changed.length > 0) await manager.upsert(CallFigureEntity, rows.changed, ['callSid']);
  await markDue(manager, [...rows.due, ...ended.map((callSid) => ({ callSid, minutes: dueOf(calls.get(callSid)) }))]);
}

interface Due {
  callSid: string;
  minutes: Date[];
}

function dueOf(call: CallLog | undefined): Date[] {
  return call ? minutesOf(figureOf(call.callSid, call.startedAt, emptyNotes)) : [];
}

async function foldRows(
  manager: EntityManager,
  callSids: readonly string[],
  facts: ReadonlyMap<string, Parameters<typeof foldNotes>[1][]>,
  calls: ReadonlyMap<string, CallLog>,
  now: number,
): Promise<{ changed: CallFigure[]; due: Due[] }> {
  if (callSids.length === 0) return { changed: [], due: [] };
  const found = await manager.findBy(CallFigureEntity, { callSid: In([...callSids]) });
  const known = new Map(found.map((row) => [row.callSid, row]));
  const changed: CallFigure[] = [];
  const due: Due[] = [];
  for (const callSid of callSids) {
    const before = known.get(callSid);
    const call = calls.get(callSid);
    if (!call) continue;
    const notes = (facts.get(callSid) ?? []).reduce((all, fact) => foldNotes(all, fact), before?.notes ?? emptyNotes);
    const next = figureOf(callSid, call.startedAt, notes);
    due.push({ callSid, minutes: minutesDue(before, next, now) });
    if (!isSame(before, next)) changed.push(next);
  }
  return { changed, due };
}

/** The outcome stands in the call's own row: its minute is due whatever the notes say, those of its wait when that changed. */
function minutesDue(before: CallFigure | undefined, next: CallFigure, now: number): Date[] {
  if (!before) return minutesOf(next);
  const isWaitSame = isAt(before.waitFrom, next.waitFrom) && isAt(before.waitUntil, next.waitUntil);
  if (isWaitSame) return [before.minute, next.minute];
  return [...minutesOf(next), ...minutesBefore(before, next, now)];
}

const isAt = (one: Date | null, other: Date | null): boolean => one?.getTime() === other?.getTime();

/** Minutes in which the call counted as it was: an open wait counted in every one up to now. */
function minutesBefore(before: CallFigure, next: CallFigure, now: number): Date[] {
  const wasOpen = before.waitFrom !== null && before.waitUntil === null && next.waitUntil !== null;
  return minutesOf(wasOpen ? { ...before, waitUntil: new Date(now) } : before);
}

/** Has the minutes of these calls counted anew. One row a call: whoever projects has its calls alone. */
async function markDue(manager: EntityManager, due: readonly Due[]): Promise<void> {
  const minutes = new Map<string, Set<string>>();
  for (const each of due) {
    const own = minutes.get(each.callSid) ?? new Set<string>();
    minutes.set(each.callSid, own);
    for (const minute of each.minutes) own.add(minute.toISOString());
  }
  const rows = [...minutes].flatMap(([callSid, own]) => [...own].map((minute) => ({ callSid, minute })));
  if (rows.length === 0) return;
  await manager.query(
    `INSERT INTO figure_due (call_sid, minutes)
     SELECT call_sid, array_agg(minute ORDER BY minute) FROM unnest($1::text[], $2::timestamptz[]) AS due (call_sid, minute)
     GROUP BY call_sid ORDER BY call_sid
     ON CONFLICT (call_sid) DO UPDATE SET minutes =
       ARRAY(SELECT DISTINCT unnest(figure_due.minutes || excluded.minutes) ORDER BY 1)`,
    [rows.map(({ callSid }) => callSid), rows.map(({ minute }) => minute)],
  );
}

/**
 * Keeps what each call adds to a promotion's figures, and which minutes are to be counted anew; `rollFigures` counts
 * them. A rebuild has every minute counted that has a call.
 */
export const figures: Projection = {
  name: 'figures',
  writes: ['call_figure', 'figure_due'],
  apply,
};
