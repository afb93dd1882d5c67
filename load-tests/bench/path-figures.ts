import { type Figure, figure, type Target } from './figure.ts';
import { type AtLatencyCalls, latencyCalls, lateOpeningMs, type PathResult, type Standing } from './path-result.ts';
import { median, percentiles, type Percentiles } from './statistics.ts';
import { kneeP99Ms } from './turns/knee.ts';
import { addLost, type Lost, type Measured } from './turns/rig.ts';

/** CPU beside another's: what is promised, and what is hoped for. */
const ratios = {
  steadyToBare: { is: '≤', value: 1.15 },
  adaptiveToBare: { is: '≤', value: 0.95 },
  adaptiveToSdk: { is: '≤', value: 0.45 },
} as const satisfies Record<string, Target>;
const adaptiveGoal = 0.78;
const p99Ms: Target = { is: '<', value: 10 };
const p999Ms: Target = { is: '<', value: 25 };
/** An answer may begin so much later with an adaptive cadence: less than half a frame. */
const answerLater: Target = { is: '≤', value: 8 };
const none: Target = { is: '=', value: 0 };

const cadences = [
  ['aida20', 'cadence 20 ms'],
  ['aidaAdaptive', 'adaptive'],
] as const;

export function pathFigures(result: PathResult): Figure[] {
  return [
    ...ratioFigures(result),
    ...kneeFigures(result),
    ...latencyFigures(result),
    ...answerFigures(result),
    ...lossFigures(result),
    ...pauseFigures(result),
    figure(
      { name: 'share of a core that the rig alone takes at 200 calls', value: result.rig.cores.rig, unit: '' },
      true,
    ),
  ];
}

const find = (standings: readonly Standing[], key: string): Standing | undefined =>
  standings.find((one) => one.key === key);

/** Rounds in which both were measured on a quiet machine, the rig not at its end; without one all rounds, and no trust. */
function ratioOf(one: Standing, other: Standing): { value: number; isTrusted: boolean } {
  const pairs = one.rounds.flatMap((mine, i) => {
    const theirs = other.rounds[i];
    return theirs ? [{ mine, theirs }] : [];
  });
  const good = pairs.filter(({ mine, theirs }) => [mine, theirs].every((run) => run.isQuiet && run.isClear));
  const used = good.length > 0 ? good : pairs;
  return {
    value: median(used.map(({ mine, theirs }) => mine.perCallMs / theirs.perCallMs)),
    isTrusted: good.length > 0,
  };
}

const perCall = (standing: Standing): string =>
  `${median(standing.rounds.map(({ perCallMs }) => perCallMs)).toFixed(2)} ms at ${standing.calls} calls`;

function ratioFigures({ plain, secure, isPinned }: PathResult): Figure[] {
  const ratio = (standings: readonly Standing[], of: string, to: string, target?: Target, goal = ''): Figure[] => {
    const [one, other] = [find(standings, of), find(standings, to)];
    const name = `CPU of ${one?.name ?? of} beside ${other?.name ?? to}${standings === secure ? ', TLS to the model' : ''}`;
    const rest = { name, unit: '×', ...(target ? { target } : {}) };
    if (!one || !other)
      return target ? [figure({ ...rest, value: Number.NaN, beside: 'not to be had here' }, false)] : [];
    const { value, isTrusted } = ratioOf(one, other);
    return [figure({ ...rest, value, beside: `${perCall(one)}, ${perCall(other)}${goal}` }, isTrusted && isPinned)];
  };
  return [
    ...ratio(plain, 'aida20', 'bare', ratios.steadyToBare),
    ...ratio(plain, 'aidaAdaptive', 'bare', ratios.adaptiveToBare, `; goal ${adaptiveGoal}`),
    ...ratio(plain, 'aidaAdaptive', 'sdk', ratios.adaptiveToSdk),
    ...ratio(plain, 'aida20', 'sdk'),
    ...ratio(plain, 'aidaAdaptive', 'ws'),
    ...ratio(plain, 'aidaAdaptive', 'go'),
    ...ratio(plain, 'bare', 'go'),
    ...ratio(plain, 'ws', 'bare'),
    ...ratio(plain, 'sdk', 'bare'),
    ...ratio(secure, 'aida20Tls', 'bareTls'),
    ...ratio(secure, 'aidaAdaptiveTls', 'bareTls'),
  ];
}

function kneeFigures({ plain, secure }: PathResult): Figure[] {
  const of = (standings: readonly Standing[], words: string): Figure[] =>
    standings.map(({ name, knee }) => {
      const last = knee.tried.at(-1);
      const beside = knee.isOpen
        ? `at least: there callers and model took ${last?.rigCores.toFixed(2)} of their core`
        : '';
      return figure(
        { name: `calls on a core with p99 < ${kneeP99Ms} ms, ${name}${words}`, value: knee.calls, unit: '', beside },
        true,
      );
    });
  return [...of(plain, ''), ...of(secure, ', TLS')];
}

const of = (runs: readonly AtLatencyCalls[], key: string): AtLatencyCalls[] => runs.filter((run) => run.key === key);

/** The quiet runs of these, all where there is none. */
function kept(runs: readonly AtLatencyCalls[]): { runs: Measured[]; isTrusted: boolean } {
  const all = runs.map(({ measured }) => measured);
  const good = all.filter((run) => run.isQuiet && run.isClear);
  return { runs: good.length > 0 ? good : all, isTrusted: good.length > 0 };
}

function latencyFigures({ latency, rig, isPinned }: PathResult): Figure[] {
  const figures: Figure[] = [];
  for (const [key, words] of cadences) {
    const { runs, isTrusted } = kept(of(latency, key));
    for (const [side, way] of [
      ['toModel', key === 'aidaAdaptive' ? 'speech to the model' : 'to the model'],
      ['toCaller', 'to the caller'],
    ] as const) {
      for (const [name, label, target] of [
        ['p50', 'p50', null],
        ['p99', 'p99', p99Ms],
        ['p999', 'p99.9', p999Ms],
      ] as const) {
        const input = {
          name: `${way} at ${latencyCalls} calls, ${words}, ${label}`,
          value: median(runs.map(({ result }) => result[side][name])),
          unit: 'ms',
          beside: `rig alone ${rig.result[side][name].toFixed(2)} ms`,
          ...(target ? { target } : {}),
        };
        figures.push(figure(input, isTrusted && isPinned));
      }
    }
  }
  return figures;
}

function answerFigures({ latency, isPinned }: PathResult): Figure[] {
  const answer = (key: string, name: 'p50' | 'p95'): number =>
    median(kept(of(latency, key)).runs.map(({ result }) => result.answer[name]));
  return (['p50', 'p95'] as const).map((name) => {
    const [steady, adaptive] = [answer('aida20', name), answer('aidaAdaptive', name)];
    const beside = `${adaptive.toFixed(1)} ms adaptive, ${steady.toFixed(1)} ms at 20 ms, beyond the model's own`;
    const isTrusted = isPinned && cadences.every(([key]) => kept(of(latency, key)).isTrusted);
    const input = {
      name: `end of speech to the answer, adaptive − 20 ms, ${name}`,
      value: adaptive - steady,
      unit: 'ms',
    };
    return figure({ ...input, beside, target: answerLater }, isTrusted);
  });
}

function lossFigures({ plain, secure, latency, late }: PathResult): Figure[] {
  const nothing: Lost = { missing: 0, disordered: 0, foreign: 0, closed: 0 };
  const usual = [...plain, ...secure, ...latency].filter(({ key }) => key.startsWith('aida'));
  const sum = (losses: readonly { lost: Lost }[]): Lost =>
    losses.reduce((all, { lost }) => addLost(all, lost), nothing);
  const [lost, lateLost] = [sum(usual), sum(late)];
  return [
    figure({ name: 'frames lost by Aida in all runs', value: lost.missing, unit: '', target: none }, true),
    figure(
      { name: 'frames out of turn or changed', value: lost.disordered + lost.foreign, unit: '', target: none },
      true,
    ),
    figure({ name: 'streams closed', value: lost.closed + lateLost.closed, unit: '', target: none }, true),
    figure(
      {
        name: `frames lost or out of turn, the model ${lateOpeningMs} ms late`,
        value: lateLost.missing + lateLost.disordered + lateLost.foreign,
        unit: '',
        target: none,
      },
      true,
    ),
  ];
}

function pauseFigures({ latency }: PathResult): Figure[] {
  return cadences.flatMap(([key, words]) => {
    const runs = of(latency, key).map(({ pauses }) => pauses);
    const worst = (name: keyof Percentiles): number => Math.max(...runs.map((run) => run[name]));
    const count = runs.reduce((sum, { samples }) => sum + samples, 0);
    const beside = `${count} collections, p50 ${percentiles(runs.map(({ p50 }) => p50)).p50.toFixed(2)} ms`;
    return (
      [
        ['p999', 'p99.9'],
        ['max', 'longest'],
      ] as const
    ).map(([name, label]) =>
      figure(
        {
          name: `collection pauses at ${latencyCalls} calls, ${words}, ${label}`,
          value: worst(name),
          unit: 'ms',
          beside,
        },
        true,
      ),
    );
  });
}
