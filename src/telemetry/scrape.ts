import { setImmediate } from 'node:timers/promises';
import { Registry } from 'prom-client';
import type { Family, TextFormat } from './family.ts';

/** Whoever writes all metrics down lets frames pass after so long. */
const stretchMs = 0.5;

/** What is asked for, and how. */
export interface ScrapeAsk {
  families: readonly Family[];
  /** Called first, one by one. */
  listeners: readonly (() => void)[];
  /** The header `accept` of who asks. */
  accept: string;
  now?: () => number;
}

export interface Scraped {
  contentType: string;
  text: string;
  /** The longest that nothing else ran, ms. */
  stretchMs: number;
}

/** All metrics as text, as the registry of prom-client writes them, without keeping the event loop for the whole of it. */
export async function scrape({
  families,
  listeners,
  accept,
  now = () => performance.now(),
}: ScrapeAsk): Promise<Scraped> {
  const format: TextFormat = accept.includes('application/openmetrics-text') ? 'openmetrics' : 'prometheus';
  let since = now();
  let longestMs = 0;
  const pause = async (): Promise<void> => {
    const tookMs = now() - since;
    longestMs = Math.max(longestMs, tookMs);
    if (tookMs < stretchMs) return;
    await setImmediate();
    since = now();
  };
  for (const listener of listeners) {
    listener();
    await pause();
  }
  let text = '';
  const between = format === 'prometheus' ? '\n' : '';
  for (const family of families) {
    text += (text === '' ? '' : between) + family.expose(format);
    await pause();
  }
  return format === 'prometheus'
    ? { contentType: Registry.PROMETHEUS_CONTENT_TYPE, text, stretchMs: longestMs }
    : { contentType: Registry.OPENMETRICS_CONTENT_TYPE, text: `${text}# EOF\n`, stretchMs: longestMs };
}
