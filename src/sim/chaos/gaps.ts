import { faultKinds, untroubledGapMs } from './fault-kinds.ts';
import type { History, RecordedCall, RecordedFault, Span } from './history.ts';

/** Why a caller waits for a word. */
export type GapCause =
  /** The number was dialed. */
  | 'ringing'
  /** The caller has said something. */
  | 'question'
  /** A sentence broke off, and nobody had interrupted it. */
  | 'brokenOff'
  /** A sentence paused in its middle. */
  | 'stutter'
  /** The line broke, or its node went away. */
  | 'lineBroken';

export interface Gap extends Span {
  callSid: string;
  cause: GapCause;
}

/** Sound that ends so short before or after something belongs to it: the ticks of two clocks. */
const TICK_MS = 60;
/** Whoever is interrupted may have begun to stop before the other's sound was there. */
const INTERRUPTION_MS = 1_000;

/** Every stretch in which the caller waited for a word and heard nothing. `hits` are the faults that may have befallen the call. */
export function gapsOf(call: RecordedCall, hits: readonly RecordedFault[]): Gap[] {
  const debts: { atMs: number; cause: GapCause }[] = [
    { atMs: call.placedMs, cause: 'ringing' },
    ...call.said.filter((said) => said.whole && inStream(call, said)).map(({ toMs }) => owed(toMs, 'question')),
    ...call.heard.filter((heard) => brokeOff(call, heard)).map(({ toMs }) => owed(toMs, 'brokenOff')),
    ...breaksOf(call, hits).map((atMs) => owed(atMs, 'lineBroken')),
  ];
  const gaps = debts.map(({ atMs, cause }) => gap(call, atMs, cause));
  return [...gaps, ...stuttersOf(call)].filter((one) => one.toMs - one.fromMs > TICK_MS);
}

const owed = (atMs: number, cause: GapCause) => ({ atMs, cause });

/** From the debt to the next sound; a caller who speaks or hangs up meanwhile waits no longer, but for a first word. */
function gap(call: RecordedCall, atMs: number, cause: GapCause): Gap {
  const sound = call.sounds.find(({ toMs }) => toMs > atMs + TICK_MS);
  const speaks = cause === 'ringing' ? undefined : call.said.find(({ fromMs }) => fromMs > atMs);
  const ends = [sound?.fromMs, speaks?.fromMs, call.endedMs];
  const toMs = Math.min(...ends.filter((at) => at !== null && at !== undefined));
  return { callSid: call.callSid, cause, fromMs: atMs, toMs: Number.isFinite(toMs) ? Math.max(toMs, atMs) : atMs };
}

function inStream(call: RecordedCall, { fromMs, toMs }: Span): boolean {
  return call.streams.some(
    ({ openedMs, endedMs }) => openedMs !== null && openedMs <= fromMs && toMs <= (endedMs ?? Infinity),
  );
}

function brokeOff(call: RecordedCall, heard: RecordedCall['heard'][number]): boolean {
  if (heard.whole) return false;
  const near = (atMs: number | null) => atMs !== null && Math.abs(atMs - heard.toMs) <= INTERRUPTION_MS;
  const interrupted = call.said.some(({ fromMs, toMs }) => fromMs <= heard.toMs + TICK_MS && toMs >= heard.fromMs);
  return !interrupted && !near(call.endedMs) && !call.streams.some(({ clearsMs }) => clearsMs.some(near));
}

/** When the call lost its line: the carrier saw it break, or what held it was taken away. */
function breaksOf(call: RecordedCall, hits: readonly RecordedFault[]): number[] {
  const broken = call.streams.flatMap(({ endedBy, endedMs }) =>
    endedBy === 'broken' && endedMs !== null ? [endedMs] : [],
  );
  const taken = hits.filter(({ kind }) => takesLine.has(kind));
  return [...broken, ...taken.map(({ fromMs }) => fromMs)];
}

const takesLine: ReadonlySet<string> = new Set(['nodeKill', 'nodeKillSilent', 'nodeVanish']);

function stuttersOf({ callSid, sounds, heard }: RecordedCall): Gap[] {
  return sounds.slice(1).flatMap((next, index): Gap[] => {
    const [fromMs, toMs] = [sounds[index]?.toMs ?? next.fromMs, next.fromMs];
    const within = heard.some((said) => said.fromMs < fromMs - TICK_MS && said.toMs > toMs + TICK_MS);
    return within ? [{ callSid, cause: 'stutter', fromMs, toMs }] : [];
  });
}

/** The faults that befell a call: those of everybody, and those of the node that held its stream. */
export function hitsOn(call: RecordedCall, faults: readonly RecordedFault[]): RecordedFault[] {
  return faults.filter(
    (fault) =>
      fault.host === null ||
      call.streams.some(
        ({ host, openedMs, endedMs }) =>
          host === fault.host &&
          openedMs !== null &&
          openedMs <= fault.fromMs &&
          (endedMs ?? Infinity) >= fault.fromMs - TICK_MS,
      ),
  );
}

/** The faults that may explain a gap. */
export function explaining(gap_: Span, faults: readonly RecordedFault[]): RecordedFault[] {
  return faults.filter(
    ({ kind, fromMs, toMs }) => fromMs <= gap_.toMs && toMs + faultKinds[kind].aftermathMs >= gap_.fromMs,
  );
}

export interface JudgedGap extends Gap {
  ms: number;
  /** What explains it, null for nothing. */
  fault: RecordedFault | null;
  /** Of it the recorder, and the carrier in it, did nothing. */
  heldUpMs: number;
  allowedMs: number;
}

/** Requests whose answer says how the call goes on; the others tell of something. */
const ASKS = /\/voice(\/next|\/menu|\/wait|\/dial-result|\/voicemail)?([?#]|$)/;

/** What the carrier lost, while this gap lasted, on tries that a balancer had sent to where nobody is. */
const unansweredMs = ({ webhooks }: RecordedCall, { fromMs, toMs }: Span): number =>
  webhooks
    .filter(({ url, atMs }) => ASKS.test(url) && atMs >= fromMs - TICK_MS && atMs <= toMs)
    .reduce((sum, webhook) => sum + webhook.unansweredMs, 0);

/**
 * Every gap of a run with what it may last: the fault that allows most decides; hold-ups of the recorder come on top, and
 * what no node can do anything about. `patience` times as long is allowed on a machine that does other things beside.
 */
export function judgedGaps({ calls, faults, stalls }: History, patience = 1): JudgedGap[] {
  const befallen = new Map(
    faults.map((fault) => [fault, calls.filter((call) => hitsOn(call, [fault]).length > 0).length]),
  );
  return calls.flatMap((call) =>
    gapsOf(call, hitsOn(call, faults)).map((one): JudgedGap => {
      const allowances = explaining(one, faults).map((fault) => ({
        fault,
        gapMs: faultKinds[fault.kind].gapMs(befallen.get(fault) ?? 0),
      }));
      const most = allowances.toSorted((a, b) => b.gapMs - a.gapMs)[0];
      const heldUpMs = stalls.reduce((sum, stall) => sum + overlapMs(stall, one), 0);
      return {
        ...one,
        ms: one.toMs - one.fromMs,
        fault: most?.fault ?? null,
        heldUpMs,
        allowedMs: Math.max(untroubledGapMs, most?.gapMs ?? 0) * patience + heldUpMs + unansweredMs(call, one),
      };
    }),
  );
}

const overlapMs = (one: Span, other: Span): number =>
  Math.max(0, Math.min(one.toMs, other.toMs) - Math.max(one.fromMs, other.fromMs));
