import { PerformanceObserver } from 'node:perf_hooks';

// Loaded into a node that is measured (`--import`): on SIGUSR2 it says how long each collection since the last time took.

let pauses: number[] = [];

new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) pauses.push(duration);
}).observe({ entryTypes: ['gc'] });

process.on('SIGUSR2', () => {
  process.stdout.write(`${JSON.stringify({ pauses })}\n`);
  pauses = [];
});
