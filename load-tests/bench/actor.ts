import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { assign, createActor, setup } from 'xstate';
import type { CallEvent } from '../../machines/call-events.ts';
import { CallActor } from '../../src/calls/actor.ts';
import { type Beside, inTurns, nsEach } from './beside.ts';
import { figure, type Figure, type Measure, type Outcome } from './figure.ts';
import { measureRuns, type Runs } from './measure-runs.ts';
import { factsOf } from './ten-minutes.ts';

const runs = { wanted: 2, triesMax: 4 };
const rounds = 9;
const journalFacts = 60;
const perRound = { made: 2_000, told: 40, folded: 100 };
/** Actors alive at once while their memory is read. */
const heldActors = 2_000;
const callSid = `CA${'0'.repeat(32)}`;

/** The least that XState can be asked for: one state, one event, one assigned number. */
const bareMachine = setup({ types: { context: {} as { told: number }, events: {} as { type: 'told' } } }).createMachine(
  {
    context: { told: 0 },
    initial: 'on',
    states: { on: { on: { told: { actions: assign({ told: ({ context }) => context.told + 1 }) } } } },
  },
);

function bareActor(events: number): ReturnType<typeof createActor<typeof bareMachine>> {
  const actor = createActor(bareMachine);
  actor.start();
  for (let i = 0; i < events; i++) actor.send({ type: 'told' });
  return actor;
}

interface Story {
  /** Until the greeting was heard. */
  opening: CallEvent[];
  /** What comes after it: questions, tools, answers. */
  talk: CallEvent[];
  journal: CallEvent[];
}

function story(): Story {
  const facts = factsOf(1_760_000_000_000);
  const greeted = facts.findIndex(({ type }) => type === 'assistant.fellSilent') + 1;
  return {
    opening: facts.slice(0, greeted),
    talk: facts.slice(greeted),
    journal: facts.slice(0, journalFacts),
  };
}

interface Costs {
  made: Beside;
  told: Beside;
  folded: Beside;
}

async function costs({ opening, talk, journal }: Story): Promise<Costs> {
  const made = await inTurns(
    rounds,
    () => nsEach(perRound.made, () => CallActor.fold(callSid, []).state.length),
    () => nsEach(perRound.made, () => bareActor(0).getSnapshot().context.told),
  );
  const told = await inTurns(
    rounds,
    () => {
      const actors = Array.from({ length: perRound.told }, () => CallActor.fold(callSid, opening));
      return nsEach(perRound.told, (index) => tell(actors[index], talk)) / talk.length;
    },
    () => {
      const actors = Array.from({ length: perRound.told }, () => bareActor(0));
      return nsEach(perRound.told, (index) => tellBare(actors[index], talk.length)) / talk.length;
    },
  );
  const folded = await inTurns(
    rounds,
    () => nsEach(perRound.folded, () => CallActor.fold(callSid, journal).state.length),
    () => nsEach(perRound.folded, () => bareActor(journal.length).getSnapshot().context.told),
  );
  return { made, told, folded };
}

/** As a live call is told: one fact at a time, its effects taken. */
function tell(actor: CallActor | undefined, facts: readonly CallEvent[]): number {
  let effects = 0;
  for (const fact of facts) effects += actor?.step(fact).length ?? Number.NaN;
  return effects;
}

function tellBare(actor: ReturnType<typeof bareActor> | undefined, times: number): number {
  for (let i = 0; i < times; i++) actor?.send({ type: 'told' });
  return actor?.getSnapshot().context.told ?? Number.NaN;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of V8's heap for each of many that are held at once. */
function bytesEach(make: () => unknown): number {
  // What is made once, such as compiled code, is not any actor's.
  make();
  collect();
  const before = process.memoryUsage().heapUsed;
  const held = Array.from({ length: heldActors }, make);
  collect();
  return (process.memoryUsage().heapUsed - before) / held.length;
}

interface Bytes {
  fresh: number;
  folded: number;
  bare: number;
}

function bytes(journal: readonly CallEvent[]): Bytes {
  // Read anew for each, as from Redis: actors that share their texts would seem smaller.
  const text = JSON.stringify(journal);
  return {
    fresh: bytesEach(() => CallActor.fold(callSid, [])),
    folded: bytesEach(() => CallActor.fold(callSid, JSON.parse(text) as CallEvent[])),
    bare: bytesEach(() => bareActor(0)),
  };
}

interface Measured {
  costs: Costs;
  bytes: Bytes;
}

function figuresOf({ of, isTrusted }: Runs<Measured>): Figure[] {
  const us = (name: string, part: keyof Costs): Figure[] => {
    const beside = `a bare machine of XState: ${(of((one) => one.costs[part].referenceNs) / 1e3).toFixed(2)} µs`;
    return [
      figure({ name, value: of((one) => one.costs[part].oursNs) / 1e3, unit: 'µs', beside }, isTrusted),
      figure({ name: `${name}, beside a bare machine`, value: of((one) => one.costs[part].ratio), unit: '×' }, true),
    ];
  };
  const kib = (name: string, part: keyof Bytes): Figure =>
    figure({ name, value: of((one) => one.bytes[part]) / 1024, unit: 'KiB' }, true);
  return [
    ...us('an actor made and started', 'made'),
    ...us('a fact that a live call is told', 'told'),
    ...us(`${journalFacts} facts of a journal folded`, 'folded'),
    kib('heap for an actor that was just made', 'fresh'),
    kib(`heap for an actor that holds ${journalFacts} facts of a conversation`, 'folded'),
    kib('heap for a bare machine of XState', 'bare'),
  ];
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const facts = story();
  const measured = await measureRuns<Measured>({
    runs,
    pids: [process.pid],
    work: async () => ({ costs: await costs(facts), bytes: bytes(facts.journal) }),
    tell: ({ costs: { made, told, folded } }) =>
      [made, told, folded].map(({ oursNs }) => `${(oursNs / 1e3).toFixed(1)} µs`).join(', '),
    say,
  });
  return measured.outcome(figuresOf(measured));
}

export const actor: Measure = {
  name: 'actor',
  title: 'what the machine of a call costs: making it, telling it a fact, folding its journal, and its memory',
  run,
};
