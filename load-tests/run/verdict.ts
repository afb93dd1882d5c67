import type { LoadSummary, ThresholdResult, TrendName } from '../lib/summary.ts';
import { type MergedSummary, samplesNeeded } from './merge.ts';
import { figureOf, parseThreshold } from './threshold.ts';

/** More of the rig in a result, and the result is void. */
export const interferenceMax = 0.15;
/** A rig that is this busy keeps its times no longer. */
export const saturatedAt = 0.9;
/** A mean of fewer samples is an anecdote. */
const meanSamplesMin = 5;

export const exitCodes = { ok: 0, failed: 1, void: 2 } as const;
export type Verdict = keyof typeof exitCodes;

/** What is known of the rig itself. */
export interface RigReport {
  /** The same callers and model without a node between them; null where it was not run. */
  calibration: LoadSummary | null;
  /** What the model waits on purpose, ms, by trend: no part of it is the rig's. */
  deliberateMs: Partial<Record<TrendName, number>>;
  /** How much of its cores the rig used: generators, fakes, Redis, database. */
  rigBusy: number;
  /** Share of the time in which a node had something to do and its core was taken; null where nodes are elsewhere. */
  nodesWaited: number | null;
  /** What went wrong with the rig: a generator that ended without a summary, was stopped by the watchdog, … */
  troubles: readonly string[];
}

export interface JudgedThreshold extends ThresholdResult {
  /** Samples of its metric; null for what is no time. */
  samples: number | null;
  /** Too few of them for this figure. */
  isThin: boolean;
  /** What the rig alone measured beyond the deliberate, ms; null where that is not known. */
  ownMs: number | null;
}

export interface Judgement {
  verdict: Verdict;
  /** The largest share of the rig in anything that is judged; null where nothing is known of it. */
  interference: number | null;
  reasons: string[];
  thresholds: JudgedThreshold[];
}

/**
 * Void: the rig had too large a part in the result (15 % of a limit is its own time, or nodes waited for their cores for 15 %
 * of the time), could not keep its times, or has too few samples for a figure that would be judged. Otherwise failed: a
 * threshold was not kept.
 */
export function judge(summary: MergedSummary, rig: RigReport): Judgement {
  const thresholds = summary.thresholds.map((threshold) => judged(threshold, summary, rig));
  const own = thresholds.flatMap(({ ownMs, limit }) => (ownMs === null ? [] : [ownMs / limit]));
  const shares = [...own, ...(rig.nodesWaited === null ? [] : [rig.nodesWaited])];
  const interference = shares.length === 0 ? null : Math.max(...shares);
  const voids = [
    ...rig.troubles,
    ...thresholds
      .filter(isDisturbed)
      .map(({ name, ownMs }) => `${name}: ${Math.round(ownMs ?? 0)} ms of it are the rig's own`),
    ...(rig.nodesWaited !== null && rig.nodesWaited > interferenceMax
      ? [`nodes waited for their cores ${percent(rig.nodesWaited)} of the time`]
      : []),
    ...(rig.rigBusy > saturatedAt ? [`generators and fakes used ${percent(rig.rigBusy)} of their cores`] : []),
  ];
  const missed = thresholds.filter(({ ok, isThin }) => !ok && !isThin);
  const thin = thresholds.filter(({ isThin }) => isThin);
  const words = {
    missed: missed.map(({ name, value }) => `${name}: ${value === null ? 'nothing measured' : rounded(value)}`),
    thin: thin.map(({ name, samples }) => `${name}: ${samples ?? 0} samples are too few`),
  };
  if (voids.length > 0) return { verdict: 'void', interference, reasons: [...voids, ...words.missed], thresholds };
  if (missed.length > 0) return { verdict: 'failed', interference, reasons: words.missed, thresholds };
  if (thin.length > 0) return { verdict: 'void', interference, reasons: words.thin, thresholds };
  return { verdict: 'ok', interference, reasons: [], thresholds };
}

/** Whether more calls would be felt by the rig before the nodes feel them: as far as the rule of the knee looks at it. */
export function isBottleneck({ thresholds }: Judgement, rig: RigReport): boolean {
  const isSlow = thresholds.some((one) => one.name.startsWith('aida_silence p(95)') && isDisturbed(one));
  return isSlow || rig.rigBusy > saturatedAt || (rig.nodesWaited ?? 0) > interferenceMax || rig.troubles.length > 0;
}

const isDisturbed = ({ ownMs, limit }: JudgedThreshold): boolean => ownMs !== null && ownMs / limit > interferenceMax;

function judged(result: ThresholdResult, summary: MergedSummary, rig: RigReport): JudgedThreshold {
  const threshold = parseThreshold(result.name);
  const trend = threshold ? summary.trends[threshold.metric as TrendName] : undefined;
  if (!threshold || !trend || threshold.figure === 'count')
    return { ...result, samples: null, isThin: false, ownMs: null };
  // Of nothing there is no least and no greatest: a bound on them is kept.
  const needed =
    threshold.share !== null ? samplesNeeded(threshold.share) : threshold.figure === 'avg' ? meanSamplesMin : 0;
  const alone = rig.calibration ? figureOf(rig.calibration, threshold) : null;
  const ownMs = alone === null ? null : Math.max(0, alone - (rig.deliberateMs[threshold.metric as TrendName] ?? 0));
  return { ...result, samples: trend.count, isThin: trend.count < needed, ownMs };
}

export const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
const rounded = (value: number): string => (Number.isInteger(value) ? String(value) : value.toPrecision(3));
