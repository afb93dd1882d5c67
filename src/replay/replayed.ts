import type { CallLog, TranscriptLine } from '../../entities/call-log.ts';
import type { ToolExecution } from '../../entities/tool-execution.ts';
import type { Turn } from '../../entities/turn.ts';
import type { CallContext } from '../../machines/call-context.ts';
import type { CallEffect, CallEvent, DeadlineName, Turn as KnownTurn } from '../../machines/call-events.ts';
import { emptyCall, foldCall } from '../analytics/call-row.ts';
import type { StoredFact } from '../analytics/stored-fact.ts';
import { foldToolRun } from '../analytics/tool-runs.ts';
import { transcriptOf } from '../analytics/transcript.ts';
import { foldTurn, turnFact } from '../analytics/turn-row.ts';
import { CallActor } from '../calls/actor.ts';
import type { JournalEntry } from '../directory/journal.ts';

/** Redis-clock ms, by name. */
export type Deadlines = Partial<Record<DeadlineName, number>>;

/** What the machine made of one fact. */
export interface Step {
  epoch: number;
  seq: number;
  fact: CallEvent;
  /** Where the call stood after it. */
  place: string;
  effects: CallEffect[];
  /** All that stood after it. */
  deadlines: Deadlines;
}

/** A deadline whose time had come when the next fact did, and that nobody let pass. */
export interface Missed {
  name: DeadlineName;
  at: number;
  /** When the call was told something again. */
  until: number;
}

/** How a call stands after all of its facts. */
export interface Ending {
  place: string;
  outcome: string;
  language: string;
  recordings: number;
  /** What a next model session would be told. */
  turns: KnownTurn[];
  /** Effects whose answer is still to come. */
  pending: number;
  transcript: TranscriptLine[];
  /** Of the call's row. */
  row: Pick<CallLog, 'status' | 'outcome' | 'duration'>;
}

/** A journal folded by this release's code, with all effects off and time as the facts tell it. */
export interface Replayed {
  callSid: string;
  claims: Extract<JournalEntry, { kind: 'claim' }>[];
  steps: Step[];
  missed: Missed[];
  /** Entries that are no facts. */
  corrupt: number;
  /** The call's row, as consumers would make it. */
  row: CallLog;
  /** In the order of their first facts. */
  turns: Turn[];
  tools: ToolExecution[];
  end: Ending;
}

/** A deadline is fired by a wheel, and told through a queue: not before so long is it missed. */
const LATE_MS_MAX = 1_000;

/** @throws whatever a handler of the machine throws at a fact */
export function replayed(callSid: string, journal: readonly JournalEntry[]): Replayed {
  const facts = journal.flatMap((entry): StoredFact[] => (entry.kind === 'fact' ? [{ callSid, ...entry }] : []));
  const actor = CallActor.fold(callSid, []);
  const steps: Step[] = [];
  const missed = new Map<string, Missed>();
  for (const { epoch, seq, fact } of facts) {
    for (const each of missedBefore(fact, actor.context)) missed.set(`${each.name} ${each.at}`, each);
    const effects = actor.step(fact);
    const deadlines = { ...actor.context.pending.deadlines };
    steps.push({ epoch, seq, fact, place: actor.place, effects, deadlines });
  }
  const { place, context } = actor;
  actor.stop();
  const turns = turnsOf(facts);
  const row = facts.reduce(foldCall, emptyCall(callSid, facts[0]?.fact.at ?? 0));
  const { outcome, language, recordings, turns: known, pending } = context;
  return {
    callSid,
    claims: journal.filter((entry) => entry.kind === 'claim'),
    steps,
    missed: [...missed.values()],
    corrupt: journal.filter(({ kind }) => kind === 'corrupt').length,
    row,
    turns,
    tools: toolsOf(facts),
    end: {
      place,
      outcome,
      language,
      recordings,
      turns: known,
      pending: Object.keys(pending.effects).length,
      transcript: transcriptOf(turns),
      row: { status: row.status, outcome: row.outcome, duration: row.duration },
    },
  };
}

function missedBefore(fact: CallEvent, { pending }: CallContext): Missed[] {
  return Object.entries(pending.deadlines).flatMap(([name, at]) => {
    const passes = fact.type === 'deadline.passed' && fact.name === name;
    return passes || at + LATE_MS_MAX > fact.at ? [] : [{ name: name as DeadlineName, at, until: fact.at }];
  });
}

function turnsOf(facts: readonly StoredFact[]): Turn[] {
  const turns = new Map<string, Turn>();
  for (const stored of facts) {
    const fact = turnFact(stored);
    if (fact) turns.set(fact.itemId, foldTurn(turns.get(fact.itemId) ?? null, stored, fact));
  }
  return [...turns.values()];
}

function toolsOf(facts: readonly StoredFact[]): ToolExecution[] {
  const tools = new Map<string, ToolExecution>();
  for (const stored of facts) {
    const { fact } = stored;
    if (fact.type === 'tool.asked' || fact.type === 'tool.answered')
      tools.set(fact.toolCallId, foldToolRun(tools.get(fact.toolCallId) ?? null, stored, fact));
  }
  return [...tools.values()];
}
