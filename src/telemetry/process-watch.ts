import { readdir } from 'node:fs/promises';
import { constants, type NodeGCPerformanceDetail, performance, PerformanceObserver } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

/** A timer that comes so often tells how late timers are: as often as a caller's frames. */
const tickMs = 20;
/** The longest stall is that of the last one or two of these. */
const stallSpanMs = 30_000;
/** Files are counted at most so often: the system is asked. */
const filesMsMin = 10_000;
/** Shares over less than this say little. */
const busySpanMsMin = 1_000;

const gcKinds: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak',
};
const microsPerSecond = 1_000_000;

type Watched = Pick<
  Metrics,
  | 'onScrape'
  | 'loopDelaySeconds'
  | 'loopBusy'
  | 'loopStallSeconds'
  | 'gcSeconds'
  | 'cpuSeconds'
  | 'memoryBytes'
  | 'openFiles'
  | 'activeResources'
  | 'startTime'
>;

/** Event loop, memory, garbage collection and files of this process, until what it returns is called. */
export function watchProcess(metrics: Watched): () => void {
  metrics.startTime.set((Date.now() - performance.now()) / 1_000);
  const stopLoop = watchLoop(metrics);
  const stopGc = watchGc(metrics);
  watchFiles(metrics);
  metrics.onScrape(() => {
    const { user, system } = process.cpuUsage();
    metrics.cpuSeconds.reach({ mode: 'user' }, user / microsPerSecond);
    metrics.cpuSeconds.reach({ mode: 'system' }, system / microsPerSecond);
    const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage();
    metrics.memoryBytes.set({ kind: 'resident' }, rss);
    metrics.memoryBytes.set({ kind: 'heap_used' }, heapUsed);
    metrics.memoryBytes.set({ kind: 'heap_total' }, heapTotal);
    metrics.memoryBytes.set({ kind: 'external' }, external);
    metrics.memoryBytes.set({ kind: 'array_buffers' }, arrayBuffers);
    metrics.activeResources.reset();
    for (const type of process.getActiveResourcesInfo()) metrics.activeResources.inc({ type });
  });
  return () => {
    stopLoop();
    stopGc();
  };
}

function watchLoop({ onScrape, loopDelaySeconds, loopBusy, loopStallSeconds }: Watched): () => void {
  let dueAt = performance.now() + tickMs;
  let spanEndsAt = dueAt + stallSpanMs;
  let [stallMs, stallMsBefore] = [0, 0];
  const timer = setInterval(() => {
    const now = performance.now();
    const lateMs = Math.max(0, now - dueAt);
    dueAt = now + tickMs;
    loopDelaySeconds.observe(lateMs / 1_000);
    if (now >= spanEndsAt) {
      [stallMs, stallMsBefore] = [0, stallMs];
      spanEndsAt = now + stallSpanMs;
    }
    if (lateMs > stallMs) stallMs = lateMs;
  }, tickMs);
  timer.unref();
  let since = performance.eventLoopUtilization();
  let sinceAt = performance.now();
  onScrape(() => {
    loopStallSeconds.set(Math.max(stallMs, stallMsBefore) / 1_000);
    const now = performance.now();
    if (now - sinceAt < busySpanMsMin) return;
    const current = performance.eventLoopUtilization();
    loopBusy.set(performance.eventLoopUtilization(current, since).utilization);
    since = current;
    sinceAt = now;
  });
  return () => clearInterval(timer);
}

function watchGc({ gcSeconds }: Watched): () => void {
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind = -1 } = (entry as unknown as { detail?: NodeGCPerformanceDetail }).detail ?? {};
      gcSeconds.of({ kind: gcKinds[kind] ?? 'other' }).observe(entry.duration / 1_000);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}

/** Told by the next scrape: nobody waits for the system. */
function watchFiles({ onScrape, openFiles }: Watched): void {
  let askedAt = -Infinity;
  onScrape(() => {
    if (performance.now() - askedAt < filesMsMin) return;
    askedAt = performance.now();
    readdir('/proc/self/fd').then(
      (files) => openFiles.set(files.length),
      () => undefined,
    );
  });
}
