import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

/**
 * When the event loop has no time for another call. A frame is due every 20 ms and the caller's ear holds some
 * hundred milliseconds of lead: admission closes while delays are still smaller than that.
 */
export const loopLimits = {
  sampleMs: 250,
  /** The delay of a timer is measured this often, ms. */
  resolutionMs: 10,
  /** Share of the time that the loop was busy. */
  busyShareMax: 0.9,
  /** A tenth of the timers came later than this. */
  delayMsMax: 80,
  /** Samples in a row above a limit before admission closes: two seconds. */
  overloadedSamples: 8,
  /** One stall of this length closes admission at once. */
  stallMs: 1_000,
  /** Below both, a sample counts as calm. The gap to the limits above keeps admission from flapping. */
  calmShareMax: 0.75,
  calmDelayMsMax: 40,
  /** Calm samples in a row before admission opens again: three seconds. */
  calmSamples: 12,
} as const;

/** What the loop did since the sample before. */
export interface LoopSample {
  /** 0–1. */
  busyShare: number;
  /** Nine in ten timers were late by no more than this. */
  delayMs: number;
  /** The longest that nothing ran. */
  stallMs: number;
}

export interface LoopState {
  open: boolean;
  /** Samples in a row that speak for the other state. */
  against: number;
}

/** Whether a node takes further calls, by its loop alone. */
export function nextLoopState(state: LoopState, sample: LoopSample): LoopState {
  if (state.open) {
    if (sample.stallMs >= loopLimits.stallMs) return { open: false, against: 0 };
    const isOver = sample.busyShare > loopLimits.busyShareMax || sample.delayMs > loopLimits.delayMsMax;
    const against = isOver ? state.against + 1 : 0;
    return against >= loopLimits.overloadedSamples ? { open: false, against: 0 } : { open: true, against };
  }
  const isCalm =
    sample.busyShare <= loopLimits.calmShareMax &&
    sample.delayMs <= loopLimits.calmDelayMsMax &&
    sample.stallMs < loopLimits.stallMs;
  const against = isCalm ? state.against + 1 : 0;
  return against >= loopLimits.calmSamples ? { open: true, against: 0 } : { open: false, against };
}

/** Watches this process' event loop, until what it returns is called. `changed`: admission opens or closes. */
export function watchLoop(changed: (isOpen: boolean, sample: LoopSample) => void): () => void {
  const delays = monitorEventLoopDelay({ resolution: loopLimits.resolutionMs });
  delays.enable();
  let state: LoopState = { open: true, against: 0 };
  let used = performance.eventLoopUtilization();
  let sampledAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const usage = performance.eventLoopUtilization();
    const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - loopLimits.resolutionMs);
    const sample: LoopSample = {
      busyShare: performance.eventLoopUtilization(usage, used).utilization,
      delayMs: delays.count > 0 ? late(delays.percentile(90)) : 0,
      // The histogram misses a stall that begins right after its reset; this timer's own lateness shows it.
      stallMs: Math.max(delays.count > 0 ? late(delays.max) : 0, now - sampledAt - loopLimits.sampleMs),
    };
    [used, sampledAt] = [usage, now];
    delays.reset();
    const wasOpen = state.open;
    state = nextLoopState(state, sample);
    if (state.open !== wasOpen) changed(state.open, sample);
  }, loopLimits.sampleMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    delays.disable();
  };
}
