import { finalStatuses } from '../../../machines/call-events.ts';
import type { CallEvent } from '../../../machines/call-events.ts';
import { judgedGaps } from './gaps.ts';
import { replayFaults } from './replays.ts';
import type { Arrival, CallRow, History, PlacementNode, RecordedCall, Remainder, Span, TurnRow } from './history.ts';

/** What a history shows that must never be so. */
export interface Violation {
  /** Of the eight. */
  invariant: keyof typeof invariants;
  /** The call or node that it is about, '' for the whole run. */
  about: string;
  what: string;
}

type Found = Omit<Violation, 'invariant'>;

/** The eight invariants; each gives what breaks it. */
export const invariants = {
  journalOrder: ({ calls, faults }: History) => {
    const losesTail = faults.some(({ kind }) => kind === 'redisFailover');
    return calls.flatMap((call) => journalOrder(call, losesTail));
  },
  sinkIsJournal: ({ calls, turns }: History) => sinkIsJournal(calls, turns),
  loadWithinCap: ({ placements }: History) => loadWithinCap(placements),
  oneEndNothingLeft: (history: History) => [...oneEnd(history), ...nothingLeft(history.remainder)],
  noGapBeyondBound: (history: History, patience: number) => noGapBeyondBound(history, patience),
  effectsOnce: (history: History) => effectsOnce(history),
  oneSocketSpeaks: ({ calls }: History) => calls.flatMap(oneSocketSpeaks),
  replayIsTheCall: ({ calls, rows }: History) => replayIsTheCall(calls, rows),
} as const satisfies Record<string, (history: History, patience: number) => Found[]>;

/** Judges a history by all of them; gaps may last `patience` times as long as their faults explain. */
export function violationsOf(history: History, patience = 1): Violation[] {
  return Object.entries(invariants).flatMap(([invariant, find]) =>
    find(history, patience).map((found) => ({ invariant: invariant as Violation['invariant'], ...found })),
  );
}

const isBefore = (one: Arrival, other: Arrival): boolean =>
  one.epoch < other.epoch || (one.epoch === other.epoch && one.seq < other.seq);
const placeOf = ({ epoch, seq }: Arrival): string => `${epoch}-${seq}`;

/**
 * (1) Entries stand in order without a hole, each epoch begins with its marker, nothing of an epoch came after a later
 * one, and everything that ever came is still there; where a failover loses the tail, everything that a node held.
 */
function journalOrder({ callSid, journal, arrivals }: RecordedCall, losesTail: boolean): Found[] {
  const found: string[] = [];
  for (const [index, entry] of journal.entries()) {
    if (entry.kind === 'corrupt') found.push(`${placeOf(entry)} is corrupt`);
    const before = journal[index - 1];
    if (before && !isBefore(before, entry)) found.push(`${placeOf(entry)} stands behind ${placeOf(before)}`);
    const begins = before?.epoch !== entry.epoch;
    if (begins && (entry.kind !== 'claim' || entry.seq !== 0)) found.push(`${placeOf(entry)} has no marker before it`);
    // A restored journal has its marker where the lost facts were.
    if (before && !begins && (entry.seq !== before.seq + 1 || entry.kind === 'claim'))
      found.push(`facts are missing between ${placeOf(before)} and ${placeOf(entry)}`);
  }
  const kept = new Set(journal.map(placeOf));
  const came = new Set<string>();
  let newest: Arrival = { epoch: 0, seq: 0 };
  for (const arrival of arrivals) {
    const place = placeOf(arrival);
    // A holder that brings back what a failover lost tells it a second time.
    if (!came.has(place) && isBefore(arrival, newest)) found.push(`${place} came after ${placeOf(newest)}`);
    if (!kept.has(place) && !(losesTail && isHeldByNobody(arrival, journal)))
      found.push(`${place} was taken in and is gone`);
    came.add(place);
    if (isBefore(newest, arrival)) newest = arrival;
  }
  return found.map((what) => ({ about: callSid, what }));
}

/** A webhook wrote it that was answered where it landed, or after the call's end: no node has it to bring it back. */
function isHeldByNobody({ epoch, seq }: Arrival, journal: RecordedCall['journal']): boolean {
  const own = journal.filter((entry) => entry.epoch === epoch);
  const [marker] = own;
  const isOfStream = marker?.kind === 'claim' && (marker.by === 'stream' || marker.by === 'restore');
  const last = own.at(-1);
  const hasEnded =
    last?.kind === 'fact' && last.fact.type === 'carrier.statusReported' && finalStatuses.has(last.fact.status);
  return !isOfStream || (hasEnded && seq > last.seq);
}

type TurnFact = Extract<CallEvent, { itemId: string; text: string }>;

function turnFactsOf({ journal }: RecordedCall): TurnFact[] {
  return journal.flatMap((entry) => {
    if (entry.kind !== 'fact') return [];
    const { fact } = entry;
    const isTurn = fact.type === 'caller.said' || fact.type === 'assistant.said' || fact.type === 'assistant.heard';
    return isTurn && (fact.text !== '' || fact.type === 'assistant.heard') ? [fact] : [];
  });
}

/** (2) Every final turn of the journal is one row, word for word, and there are no others. */
function sinkIsJournal(calls: readonly RecordedCall[], turns: readonly TurnRow[]): Found[] {
  const rowsOf = Map.groupBy(turns, ({ callSid }) => callSid);
  const found: Found[] = [];
  for (const call of calls) {
    const rows = Map.groupBy(rowsOf.get(call.callSid) ?? [], ({ itemId }) => itemId);
    const facts = Map.groupBy(turnFactsOf(call), ({ itemId }) => itemId);
    const tell = (what: string) => found.push({ about: call.callSid, what });
    for (const [itemId, own] of facts) {
      const [row, ...more] = rows.get(itemId) ?? [];
      if (!row) tell(`turn ${itemId} has no row`);
      if (more.length > 0) tell(`turn ${itemId} has ${more.length + 1} rows`);
      const said = own.find(({ type }) => type !== 'assistant.heard');
      const masked = said && /\[[a-z ]+\]/.test(row?.text ?? '');
      if (row && said && !masked && row.text !== said.text)
        tell(`turn ${itemId} was "${said.text}", its row "${row.text}"`);
    }
    for (const itemId of rows.keys()) if (!facts.has(itemId)) tell(`row ${itemId} is of no turn`);
    rowsOf.delete(call.callSid);
  }
  return [...found, ...[...rowsOf.keys()].map((about) => ({ about, what: 'has rows and is no call of this run' }))];
}

/** (3) A load is never below nothing, never grows above its room, and is always made of calls and reservations. */
function loadWithinCap(placements: History['placements']): Found[] {
  const found: Found[] = [];
  let before = new Map<string, PlacementNode>();
  for (const { atMs, nodes } of placements) {
    for (const now of nodes) {
      const was = before.get(now.node);
      // Room that shrank by itself is no placement too many.
      const room = Math.max(now.capacity, was?.capacity ?? 0);
      const tell = (what: string) => found.push({ about: now.node, what: `${what} at ${Math.round(atMs)} ms` });
      if (now.load < 0) tell(`load ${now.load}`);
      if (now.load > room && now.load > (was?.load ?? 0)) tell(`load ${now.load} of ${room}`);
      if (now.load !== now.live + now.reserved) tell(`load ${now.load} = ${now.live} calls + ${now.reserved} reserved`);
    }
    before = new Map(nodes.map((node) => [node.node, node]));
  }
  return found;
}

/** (4a) Carrier, journal, hash and row agree on how each call ended. */
function oneEnd({ calls, rows }: History): Found[] {
  const rowOf = new Map(rows.map((row) => [row.callSid, row]));
  return calls.flatMap(({ callSid, status, state, endedAs, journal }): Found[] => {
    // A call that ended before anybody answered for it is nobody's.
    if (journal.length === 0 && endedAs === null && !rowOf.has(callSid)) return [];
    const row = rowOf.get(callSid);
    const found: string[] = [];
    if (!finalStatuses.has(status)) found.push(`the carrier says ${status}`);
    if (state !== 'ended') found.push(`its journal folds to ${state}`);
    if (endedAs !== status) found.push(`it ended as ${status} and is kept as ${endedAs ?? 'living'}`);
    if (!row?.isEnded || row.status !== status.toUpperCase())
      found.push(`it ended as ${status}, its row says ${row?.status ?? 'nothing'}`);
    return found.map((what) => ({ about: callSid, what }));
  });
}

/** (4b) Nothing outlives the calls. */
function nothingLeft({ callSets, lasting, handles, ...counts }: Remainder): Found[] {
  const left = [
    ...Object.entries(counts).flatMap(([name, count]) => (count === 0 ? [] : [`${name}: ${count}`])),
    ...callSets.map((key) => `set ${key}`),
    ...lasting.map((key) => `key ${key} without an expiry`),
    ...handles.flatMap(({ host, sockets, timers }) =>
      sockets + timers === 0 ? [] : [`${host} holds ${sockets} sockets and ${timers} timers more than before`],
    ),
  ];
  return left.map((what) => ({ about: '', what }));
}

/** (5) Nobody waits longer than the fault explains, and nobody for ever. */
function noGapBeyondBound(history: History, patience: number): Found[] {
  const lost = history.calls.flatMap(({ callSid, lost: why, endedBy }) =>
    // What the carrier itself lets fall is not the service's to hold.
    why === null || endedBy === 'network' ? [] : [{ about: callSid, what: `the call was lost: ${why}` }],
  );
  return [...lost, ...gapsBeyondBound(history, patience)];
}

function gapsBeyondBound(history: History, patience: number): Found[] {
  return judgedGaps(history, patience)
    .filter(({ ms, allowedMs }) => ms > allowedMs)
    .map(({ callSid, cause, ms, allowedMs, fault, fromMs }) => ({
      about: callSid,
      what: `${cause}: silence of ${Math.round(ms)} ms from ${Math.round(fromMs)} on, ${Math.round(allowedMs)} allowed${fault ? ` by ${fault.kind}` : ''}`,
    }));
}

/** (6) */
function effectsOnce({ calls, effects }: History): Found[] {
  const found: Found[] = [];
  const doneOf = Map.groupBy(effects, ({ callSid }) => callSid);
  for (const call of calls) {
    const tell = (what: string) => found.push({ about: call.callSid, what });
    const done = Map.groupBy(doneOf.get(call.callSid) ?? [], ({ key }) => key);
    for (const [key, own] of done) if (own.length > 1) tell(`${key} was done ${own.length} times`);
    const answers = call.journal.flatMap((entry) =>
      entry.kind === 'fact' && entry.fact.type === 'tool.answered' ? [entry.fact.toolCallId] : [],
    );
    const asks = call.journal.flatMap((entry) =>
      entry.kind === 'fact' && entry.fact.type === 'tool.asked' ? [entry.fact.toolCallId] : [],
    );
    for (const [id, own] of Map.groupBy(answers, (one) => one)) {
      if (own.length > 1) tell(`tool ${id} was answered ${own.length} times`);
      if (!asks.includes(id)) tell(`tool ${id} was answered and never asked`);
      if (!done.has(`tool ${id}`)) tell(`tool ${id} was answered and is written down nowhere`);
    }
    for (const recordingSid of messagesOf(call))
      if (!done.has(`voicemail ${recordingSid}`)) tell(`message ${recordingSid} was recorded and is not kept`);
    tellForeign(call, doneOf.get(call.callSid) ?? [], tell);
  }
  return found;
}

/** Messages that the carrier says are there. */
const messagesOf = ({ journal }: RecordedCall): string[] =>
  journal.flatMap((entry) =>
    entry.kind === 'fact' && entry.fact.type === 'carrier.recordingReady' && entry.fact.status === 'completed'
      ? [entry.fact.recordingSid]
      : [],
  );

/** An effect is of an epoch that the call really had. */
function tellForeign(call: RecordedCall, effects: History['effects'], tell: (what: string) => void): void {
  const epochs = new Set(call.journal.map(({ epoch }) => epoch));
  for (const { key, epoch } of effects)
    if (epoch !== null && !epochs.has(epoch)) tell(`${key} was done by epoch ${epoch}, which the call never had`);
}

/** (7) */
function oneSocketSpeaks({ callSid, streams }: RecordedCall): Found[] {
  const spoke = streams.flatMap(({ host, audio }) => (audio ? [{ host, audio }] : []));
  return spoke.flatMap((one, index) =>
    spoke
      .slice(index + 1)
      .filter((other) => overlaps(one.audio, other.audio))
      .map((other) => ({ about: callSid, what: `${one.host} and ${other.host} spoke at the same time` })),
  );
}

const overlaps = (one: Span, other: Span): boolean => one.fromMs < other.toMs && other.fromMs < one.toMs;

/** (8) Folded again, each journal comes to the state and the transcript that the call had. */
function replayIsTheCall(calls: readonly RecordedCall[], rows: readonly CallRow[]): Found[] {
  const rowOf = new Map(rows.map((row) => [row.callSid, row]));
  return calls.flatMap((call) =>
    call.journal.length === 0
      ? []
      : replayFaults(call, rowOf.get(call.callSid)).map((what) => ({ about: call.callSid, what })),
  );
}
