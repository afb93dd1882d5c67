import { keepToOtherCores, pinToOwnCore, useAllCores } from './cores.ts';
import type { Measure, Outcome } from './figure.ts';
import { pathFigures } from './path-figures.ts';
import { type AtLatencyCalls, latencyCalls, lateOpeningMs, type PathResult, type Standing } from './path-result.ts';
import { describe } from './quiet.ts';
import { median, percentiles, type Percentiles } from './statistics.ts';
import {
  type Certificate,
  type Contestant,
  makeCertificate,
  startAgentsSdk,
  startAida,
  startBareSplice,
  startGoSplice,
  startWsJson,
} from './turns/contestants.ts';
import { findKnee, levelMax } from './turns/knee.ts';
import { addLost, type Lost, type Measured, Rig } from './turns/rig.ts';

const lateCalls = 50;
const calibrationCalls = 200;
const warmMs = 3_000;
const windowMs = 6_000;
const lateWindowMs = 3_000;
/** Rounds in which each is measured once, in turns. */
const rounds = { wanted: 3, triesMax: 5 };
const secureRounds = { wanted: 2, triesMax: 3 };

interface Entry {
  key: string;
  contestant: Contestant;
  /** Calls with which the search for its knee begins. */
  start: number;
  /** Silence is gathered on purpose: how late it comes says nothing. */
  withSilence: boolean;
}

type Say = (line: string) => void;

const none: Lost = { missing: 0, disordered: 0, foreign: 0, closed: 0 };

const aida = (key: string, contestant: Contestant): Entry => ({
  key,
  contestant,
  start: 200,
  withSilence: contestant.name.includes('20ms'),
});
const reference = (key: string, contestant: Contestant, start: number): Entry => ({
  key,
  contestant,
  start,
  withSilence: true,
});

/** Starts them one after the other, each on the core that is measured; one that cannot be had is told and left out. */
async function field(
  makers: readonly (() => Promise<Entry>)[],
  say: Say,
): Promise<{ entries: Entry[]; isPinned: boolean }> {
  const entries: Entry[] = [];
  let isPinned = true;
  for (const make of makers) {
    const entry = await make().catch((error: unknown) => say(`LEFT OUT: ${String(error)}`));
    if (!entry) continue;
    isPinned = (await pinToOwnCore(entry.contestant.pid)) && isPinned;
    entries.push(entry);
  }
  return { entries, isPinned };
}

async function knees(rig: Rig, entries: readonly Entry[], say: Say): Promise<Standing[]> {
  const standings: Standing[] = [];
  for (const { key, contestant, start, withSilence } of entries) {
    const knee = await findKnee(rig, contestant, { start, withSilence });
    const calls = Math.floor(knee.calls / 2);
    say(`${contestant.name}: carries ${knee.isOpen ? 'at least ' : ''}${knee.calls} calls`);
    standings.push({ name: contestant.name, key, knee, calls, rounds: [], lost: { ...none } });
  }
  return standings;
}

/** Each at half of its own knee, in turns, until enough rounds were quiet. */
async function compete(
  rig: Rig,
  entries: readonly Entry[],
  standings: readonly Standing[],
  { wanted, triesMax }: { wanted: number; triesMax: number },
  say: Say,
): Promise<void> {
  let quiet = 0;
  for (let round = 1; round <= triesMax && quiet < wanted; round++) {
    const measured: Measured[] = [];
    for (const [i, { contestant, withSilence }] of entries.entries()) {
      const standing = standings[i] as Standing;
      if (standing.calls === 0) continue;
      await rig.grow(contestant, standing.calls);
      const one = await rig.measure(contestant, warmMs, windowMs, withSilence);
      standing.lost = addLost(standing.lost, await rig.end(contestant));
      standing.rounds.push(one);
      measured.push(one);
      say(`round ${round}, ${contestant.name} at ${standing.calls} calls: ${short(one)}`);
    }
    if (measured.every((one) => one.isQuiet && one.isClear)) quiet++;
  }
}

function short({ perCallMs, cores, result, ...rest }: Measured): string {
  const { toModel, toCaller } = result;
  const ms = ({ p50, p99, p999 }: Percentiles): string => [p50, p99, p999].map((one) => one.toFixed(2)).join(' / ');
  return (
    `${perCallMs.toFixed(2)} ms of CPU for a call-second, ${cores.contestant.toFixed(2)} of a core; to the model ` +
    `${ms(toModel)}, to the caller ${ms(toCaller)} ms (p50 / p99 / p99.9); rig ${cores.rig.toFixed(2)}` +
    `${rest.isClear ? '' : ' TOO MUCH'}, ${describe(rest)}`
  );
}

async function atLatencyCalls(rig: Rig, entry: Entry, say: Say): Promise<AtLatencyCalls> {
  const { key, contestant, withSilence } = entry;
  await rig.grow(contestant, latencyCalls);
  await contestant.pauses();
  const measured = await rig.measure(contestant, warmMs, windowMs, withSilence);
  const pauses = percentiles(await contestant.pauses());
  const lost = await rig.end(contestant);
  say(`${contestant.name} at ${latencyCalls} calls: ${short(measured)}`);
  return { key, measured, pauses, lost };
}

/** The callers talk from their first moment on, and the model is not there yet. */
async function openedLate(rig: Rig, { contestant }: Entry, say: Say): Promise<Lost> {
  rig.openLate(lateOpeningMs);
  try {
    await rig.grow(contestant, lateCalls);
    await rig.measure(contestant, 0, lateWindowMs, true);
    const lost = await rig.end(contestant);
    say(`${contestant.name}, the model ${lateOpeningMs} ms late: ${lost.missing} frames lost`);
    return lost;
  } finally {
    rig.openLate(0);
  }
}

async function calibrate(rig: Rig, say: Say): Promise<Measured> {
  const direct = rig.direct();
  await rig.grow(direct, calibrationCalls);
  const measured = await rig.measure(direct, warmMs, windowMs, true);
  await rig.end(direct);
  say(`rig alone at ${calibrationCalls} calls: ${short(measured)}`);
  return measured;
}

async function withField<T>(
  makers: readonly (() => Promise<Entry>)[],
  say: Say,
  work: (one: Awaited<ReturnType<typeof field>>) => Promise<T>,
): Promise<T> {
  const made = await field(makers, say);
  try {
    return await work(made);
  } finally {
    for (const { contestant } of made.entries) await contestant.stop();
  }
}

async function measurePath(rig: Rig, certificate: Certificate, say: Say): Promise<PathResult> {
  const { plainUrl, secureUrl } = rig;
  const { file } = certificate;
  const rigAlone = await calibrate(rig, say);
  const plainMakers = [
    async () => reference('bare', await startBareSplice(plainUrl), 200),
    async () => aida('aida20', await startAida('20ms', plainUrl)),
    async () => aida('aidaAdaptive', await startAida('adaptive', plainUrl)),
    async () => reference('go', await startGoSplice(plainUrl), 200),
    async () => reference('ws', await startWsJson(plainUrl), 150),
    async () => reference('sdk', await startAgentsSdk(plainUrl), 75),
  ];
  const plain = await withField(plainMakers, say, async ({ entries, isPinned }) => {
    const standings = await knees(rig, entries, say);
    await compete(rig, entries, standings, rounds, say);
    const nodes = entries.filter(({ key }) => key.startsWith('aida'));
    const latency: AtLatencyCalls[] = [];
    for (let i = 0; i < rounds.wanted; i++)
      for (const entry of nodes) latency.push(await atLatencyCalls(rig, entry, say));
    const late: PathResult['late'] = [];
    for (const entry of nodes) late.push({ key: entry.key, lost: await openedLate(rig, entry, say) });
    return { standings, latency, late, isPinned };
  });
  const secureMakers = [
    async () => reference('bareTls', await startBareSplice(secureUrl, file), 200),
    async () => aida('aida20Tls', await startAida('20ms', secureUrl, file)),
    async () => aida('aidaAdaptiveTls', await startAida('adaptive', secureUrl, file)),
  ];
  const secure = await withField(
    secureMakers,
    (line) => say(`TLS: ${line}`),
    async ({ entries }) => {
      const standings = await knees(rig, entries, (line) => say(`TLS: ${line}`));
      await compete(rig, entries, standings, secureRounds, (line) => say(`TLS: ${line}`));
      return standings;
    },
  );
  const { standings, latency, late, isPinned } = plain;
  return { plain: standings, secure, latency, late, rig: rigAlone, isPinned };
}

async function run(say: Say): Promise<Outcome> {
  const isApart = await keepToOtherCores();
  const certificate = await makeCertificate();
  const rig = await Rig.start(levelMax, certificate);
  try {
    const result = await measurePath(rig, certificate, say);
    if (!isApart || !result.isPinned) say('nothing can be pinned to a core here: what is missed is void');
    const all = result.plain.flatMap((one) => one.rounds);
    return {
      figures: pathFigures({ ...result, isPinned: isApart && result.isPinned }),
      runs: { measured: all.length, quiet: all.filter((one) => one.isQuiet && one.isClear).length },
      details: detailsOf(result),
    };
  } finally {
    rig.close();
    await certificate.remove();
    await useAllCores();
  }
}

function detailsOf({ plain, secure, latency, late, rig }: PathResult): unknown {
  const one = ({ result, cores, perCallMs, isClear, isQuiet, noise }: Measured): object => ({
    ...result,
    cores,
    perCallMs,
    isClear,
    isQuiet,
    noise,
  });
  const standing = ({ rounds: measured, ...rest }: Standing): object => ({
    ...rest,
    perCallMs: median(measured.map(({ perCallMs }) => perCallMs)),
    rounds: measured.map(one),
  });
  return {
    plain: plain.map(standing),
    secure: secure.map(standing),
    latency: latency.map(({ measured, ...rest }) => ({ ...rest, ...one(measured) })),
    late,
    rig: one(rig),
  };
}

export const path: Measure = {
  name: 'path',
  title: 'CPU of the audio path beside references that it starts itself, turn-taking calls, on one core',
  run,
};
