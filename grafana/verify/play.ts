import { setTimeout as wait } from 'node:timers/promises';
import type { FiringAlert } from '../../src/sim/parts/prometheus.ts';
import { eventually } from '../../src/sim/eventually.ts';
import { Crowd } from './crowd.ts';
import type { Ground } from './ground.ts';
import type { Act, Plan } from './plan.ts';

const seed = 7;
const lookMs = 500;
const lateMsMax = 15_000;

export interface Played {
  fromMs: number;
  toMs: number;
  /** `alert severity` → what it said when it first fired. */
  fired: Map<string, string>;
  /** Calls that are over, the oldest first. */
  calls: string[];
}

/** Plays the plan; whoever is told hears of each act and of each alert that begins to fire. */
export async function play(ground: Ground, plan: Plan, say: (line: string) => void): Promise<Played> {
  const fromMs = Date.now();
  const startedMs = performance.now();
  const elapsed = (): number => (performance.now() - startedMs) / 1000;
  const told = (line: string): void => say(`${elapsed().toFixed(0).padStart(4)} s  ${line}`);
  const fired = new Map<string, string>();
  const crowd = new Crowd(ground.stack, seed);
  const calling = crowd.run();
  let isOver = false;
  const watching = (async (): Promise<void> => {
    while (!isOver) {
      for (const alert of await ground.prometheus.alerts()) note(alert, fired, told);
      await wait(lookMs);
    }
  })();
  try {
    for (const [atS, act] of plan.acts) {
      await wait(Math.max(0, (atS - elapsed()) * 1000));
      told(wordsOf(act));
      await perform(act, ground, crowd);
    }
    await wait(Math.max(0, (plan.lastsS - elapsed()) * 1000));
    // On a machine that has much else to do alerts come later, and only then.
    await eventually(
      () => plan.alerts.every((alert) => fired.has(alert)),
      (all) => all,
      lateMsMax,
    );
    told('callers hang up');
    crowd.leave();
    await calling;
    await wait(plan.settlesS * 1000);
  } finally {
    isOver = true;
    crowd.leave();
    await watching;
  }
  return { fromMs, toMs: Date.now(), fired, calls: crowd.over };
}

function note(
  { labels, annotations, state }: FiringAlert,
  fired: Map<string, string>,
  told: (line: string) => void,
): void {
  const key = `${labels['alertname']} ${labels['severity']}`;
  if (state !== 'firing' || fired.has(key)) return;
  fired.set(key, annotations['summary'] ?? '');
  told(`  alert ${key}: ${annotations['summary']}`);
}

async function perform(act: Act, ground: Ground, crowd: Crowd): Promise<void> {
  const { stack, prometheus, kafka, targets } = ground;
  if ('callers' in act) crowd.size = act.callers;
  else if ('modelSlowMs' in act) {
    if (stack.model) stack.model.slowMs = act.modelSlowMs;
  } else if ('mutedMs' in act) await mute(stack, act.mutedMs);
  else if ('kill' in act) {
    stack.twilio.faults.brokenStream = act.silent ? 'silence' : 'action';
    stack.nodes[act.kill]?.kill('SIGKILL');
    await stack.nodes[act.kill]?.exited;
  } else if ('revive' in act) {
    await stack.startNode(act.revive);
    await prometheus.scrape(targets());
  } else await (act.kafka === 'stop' ? kafka?.halt() : kafka?.start());
}

async function mute({ twilio }: Ground['stack'], ms: number): Promise<void> {
  const lines = twilio.calls.flatMap(({ stream }) => (stream ? [stream.line] : []));
  for (const line of lines) line.muted = true;
  await wait(ms);
  for (const line of lines) line.muted = false;
}

function wordsOf(act: Act): string {
  if ('callers' in act) return `${act.callers} callers at the same time`;
  if ('modelSlowMs' in act) return `the model thinks ${act.modelSlowMs} ms longer`;
  if ('mutedMs' in act) return `no frames from callers for ${act.mutedMs} ms`;
  if ('kill' in act) return `node-${act.kill + 1} is killed`;
  if ('revive' in act) return `node-${act.revive + 1} is started again`;
  return `Kafka ${act.kafka === 'stop' ? 'stops' : 'is started again'}`;
}
