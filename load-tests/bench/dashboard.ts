import { setTimeout as wait } from 'node:timers/promises';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { startPglite } from '../../src/embedded/postgres.ts';
import { launchChromium } from '../../src/sim/parts/chromium.ts';
import { connectRedis } from '../../src/directory/redis.ts';
import { startRedis } from '../../src/embedded/redis.ts';
import { startChild } from './child.ts';
import { cpuMsOf } from './cores.ts';
import { figure, type Measure, type Outcome } from './figure.ts';
import { LiveActors } from './live-actors.ts';
import { measureRuns } from './measure-runs.ts';

const calls = 1_000;
const runs = { wanted: 2, triesMax: 3 };
const windowMs = 10_000;
/** Changes of all calls together: those that were promised, and what so many calls of the usual talk come to. */
const paces = { calm: 5, talk: 200 } as const;
const token = 'a-token-of-many-characters';
const shownMsMax = 60_000;

interface Reading {
  /** Of one core. */
  corePercent: number;
  updates: number;
  scriptMs: number;
  scriptMsMax: number;
  /** Script, style, layout. */
  taskMs: number;
}

type Readings = Record<keyof typeof paces, Reading>;

async function metricsOf(session: CDPSession): Promise<Map<string, number>> {
  const { metrics } = await session.send('Performance.getMetrics');
  return new Map(metrics.map(({ name, value }) => [name, value]));
}

/** Durations of the page's own updates, ms. */
const UPDATES = `(() => {
  const durations = performance.getEntriesByName('live-update').map(({ duration }) => duration);
  performance.clearMeasures('live-update');
  return durations;
})()`;

async function driven(actors: LiveActors, perSecond: number): Promise<void> {
  const from = performance.now();
  for (let done = 0; performance.now() - from < windowMs; done++) {
    await actors.change();
    const dueMs = ((done + 1) * 1_000) / perSecond - (performance.now() - from);
    if (dueMs > 0) await wait(dueMs);
  }
}

async function read(
  { pid, page, session, actors }: { pid: number; page: Page; session: CDPSession; actors: LiveActors },
  perSecond: number,
): Promise<Reading> {
  await page.evaluate(UPDATES);
  const before = await metricsOf(session);
  const cpuBefore = (await cpuMsOf([pid])) ?? Number.NaN;
  const from = performance.now();
  await driven(actors, perSecond);
  const tookMs = performance.now() - from;
  const cpuMs = ((await cpuMsOf([pid])) ?? Number.NaN) - cpuBefore;
  const after = await metricsOf(session);
  const durations = (await page.evaluate(UPDATES)) as number[];
  const grown = (name: string): number => 1_000 * ((after.get(name) ?? 0) - (before.get(name) ?? 0));
  const updates = durations.length;
  return {
    corePercent: (100 * cpuMs) / tookMs,
    updates,
    scriptMs: grown('ScriptDuration') / updates,
    scriptMsMax: Math.max(...durations),
    taskMs: grown('TaskDuration') / updates,
  };
}

async function open(browser: Browser, port: number): Promise<{ page: Page; session: CDPSession }> {
  const headers = { authorization: `Bearer ${token}` };
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, extraHTTPHeaders: headers });
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${port}/admin/dashboard`);
  await page.waitForFunction(`document.querySelectorAll('#live-list > li').length === ${calls}`, null, {
    timeout: shownMsMax,
  });
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable');
  return { page, session };
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const [redis, database] = await Promise.all([startRedis(), startPglite()]);
  const link = await connectRedis(redis.url);
  const actors = new LiveActors(link);
  const child = await startChild(new URL('dashboard-process.ts', import.meta.url).pathname, [
    redis.url,
    database.url,
    token,
  ]);
  const browser = await launchChromium();
  try {
    await actors.begin(calls);
    const { port } = child.ready as { port: number };
    const shown = await open(browser, port);
    const measured = await measureRuns<Readings>({
      runs,
      pids: [process.pid, child.pid, redis.pid, database.pid],
      async work() {
        const calm = await read({ pid: child.pid, actors, ...shown }, paces.calm);
        return { calm, talk: await read({ pid: child.pid, actors, ...shown }, paces.talk) };
      },
      tell: ({ calm, talk }) =>
        `${calm.corePercent.toFixed(1)} % of a core at ${paces.calm}/s, ${talk.corePercent.toFixed(1)} % at ${paces.talk}/s`,
      say,
    });
    const { of, isTrusted } = measured;
    const at = (pace: keyof typeof paces): string => `${calls} live actors, ${paces[pace]} changes a second`;
    return measured.outcome([
      figure(
        {
          name: `console: ${at('calm')}`,
          value: of(({ calm }) => calm.corePercent),
          unit: '% of a core',
          target: { is: '<', value: 3 },
        },
        isTrusted,
      ),
      figure(
        {
          name: `browser: scripting of an update, ${paces.calm} changes a second`,
          value: of(({ calm }) => calm.scriptMs),
          unit: 'ms',
          target: { is: '<', value: 50 },
          beside: `${of(({ calm }) => calm.scriptMsMax).toFixed(1)} ms at most, ${of(({ calm }) => calm.taskMs).toFixed(1)} ms with layout`,
        },
        isTrusted,
      ),
      figure(
        { name: `console: ${at('talk')}`, value: of(({ talk }) => talk.corePercent), unit: '% of a core' },
        isTrusted,
      ),
      figure(
        {
          name: `browser: scripting of an update, ${paces.talk} changes a second`,
          value: of(({ talk }) => talk.scriptMs),
          unit: 'ms',
          target: { is: '<', value: 50 },
          beside: `${of(({ talk }) => talk.updates / (windowMs / 1_000)).toFixed(1)} updates a second, ${of(({ talk }) => talk.scriptMsMax).toFixed(1)} ms at most`,
        },
        isTrusted,
      ),
    ]);
  } finally {
    await browser.close();
    await child.stop();
    await link.close();
    await Promise.all([redis.stop(), database.stop()]);
  }
}

export const dashboard: Measure = {
  name: 'dashboard',
  title: `the dashboard with ${calls} live actors driven by facts, without audio, in a Chromium`,
  run,
};
