import { keepToOtherCores, pinToOwnCore, useAllCores } from './cores.ts';
import { figure, type Figure, type Measure, type Outcome } from './figure.ts';
import { describe } from './quiet.ts';
import { median, type Percentiles } from './statistics.ts';
import { type Contestant, makeCertificate, startAida } from './turns/contestants.ts';
import { type Lost, type Measured, Rig } from './turns/rig.ts';

const calls = 100;
const p99MsTarget = 5;
/** Of its own the rig may add so much of the target before a missed one is void. */
const rigShareMax = 0.15;
const warmMs = 3_000;
/** Before the first window: code is compiled, heaps have grown. */
const firstWarmMs = 15_000;
const windowMs = 6_000;
const windows = { wanted: 3, triesMax: 8 };

interface Conversation {
  measured: Measured[];
  quiet: Measured[];
  lost: Lost;
}

/** All calls take turns; windows are measured until enough of them were quiet. */
async function converse(rig: Rig, contestant: Contestant, say: (line: string) => void): Promise<Conversation> {
  await rig.grow(contestant, calls);
  const measured: Measured[] = [];
  const quiet: Measured[] = [];
  while (measured.length < windows.triesMax && quiet.length < windows.wanted) {
    const one = await rig.measure(contestant, measured.length === 0 ? firstWarmMs : warmMs, windowMs, true);
    measured.push(one);
    if (one.isQuiet && one.isClear) quiet.push(one);
    say(`${contestant.name}: ${short(one)}`);
  }
  return { measured, quiet, lost: await rig.end(contestant) };
}

function short({ result: { toModel, toCaller }, cores, ...rest }: Measured): string {
  const one = ({ p50, p99, p999 }: Percentiles): string => [p50, p99, p999].map((ms) => ms.toFixed(2)).join(' / ');
  return (
    `to the model ${one(toModel)}, to the caller ${one(toCaller)} ms (p50 / p99 / p99.9), ` +
    `${cores.contestant.toFixed(2)} of a core; ${describe(rest)}`
  );
}

const bestOf = ({ measured, quiet }: Conversation): Measured[] => (quiet.length > 0 ? quiet : measured);

function figuresOf(node: Conversation, rigAlone: Conversation, isPinned: boolean): Figure[] {
  const of = (one: Conversation, side: 'toModel' | 'toCaller', name: 'p50' | 'p99' | 'p999'): number =>
    median(bestOf(one).map(({ result }) => result[side][name]));
  const isTrusted = node.quiet.length >= windows.wanted && isPinned;
  const figures: Figure[] = [];
  for (const [side, words] of [
    ['toModel', 'caller to model'],
    ['toCaller', 'model to caller'],
  ] as const) {
    for (const [name, label] of [
      ['p50', 'p50'],
      ['p99', 'p99'],
      ['p999', 'p99.9'],
    ] as const) {
      const rigMs = of(rigAlone, side, name);
      const beside = `rig alone ${rigMs.toFixed(2)} ms`;
      const target = name === 'p99' ? { target: { is: '<', value: p99MsTarget } as const } : {};
      const isClear = isTrusted && rigMs <= p99MsTarget * rigShareMax;
      figures.push(
        figure({ name: `${words}, ${label}`, value: of(node, side, name), unit: 'ms', beside, ...target }, isClear),
      );
    }
  }
  const { missing, disordered, foreign, closed } = node.lost;
  const none = { target: { is: '=', value: 0 } } as const;
  figures.push(figure({ name: 'frames lost', value: missing, unit: '', ...none }, true));
  figures.push(
    figure({ name: 'frames out of turn or changed', value: disordered + foreign, unit: '', ...none }, true),
    figure({ name: 'streams closed while they were measured', value: closed, unit: '', ...none }, true),
    figure(
      {
        name: 'CPU of the node for a second of one call',
        value: median(bestOf(node).map(({ perCallMs }) => perCallMs)),
        unit: 'ms',
      },
      true,
    ),
  );
  return figures;
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const isApart = await keepToOtherCores();
  const certificate = await makeCertificate();
  const rig = await Rig.start(calls, certificate);
  let contestant: Contestant | null = null;
  try {
    const rigAlone = await converse(rig, rig.direct(), say);
    contestant = await startAida('20ms', rig.plainUrl);
    const isPinned = isApart && (await pinToOwnCore(contestant.pid));
    if (!isPinned) say('the node cannot be pinned to a core here: what is missed is void');
    const node = await converse(rig, contestant, say);
    return {
      figures: figuresOf(node, rigAlone, isPinned),
      runs: { measured: node.measured.length, quiet: node.quiet.length },
      details: { calls, windowMs, isPinned, node, rig: rigAlone },
    };
  } finally {
    await contestant?.stop();
    rig.close();
    await certificate.remove();
    await useAllCores();
  }
}

export const latency: Measure = {
  name: 'latency',
  title: `what a node adds to a frame at ${calls} calls that take turns, on one core`,
  run,
};
