import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { deliberateMs, startDirect } from './calibration.ts';
import { type CallersPlan, type CallersStart, callersFor } from './callers.ts';
import { type Generated, Generator, type GeneratorStart } from './generator.ts';
import { Ground, startModel, type Target } from './ground.ts';
import { type MergedSummary, mergeSummaries } from './merge.ts';
import { type Agreement, agreementsOf } from './agreement.ts';
import { figuresOf, type NodeFigures, since } from './node-figures.ts';
import { Operator } from './operator.ts';
import type { LoadOptions } from './options.ts';
import { type Moment, Progress } from './progress.ts';
import { pushPages } from './prometheus.ts';
import { UsageWatch } from './usage.ts';
import { judge, type Judgement, type RigReport } from './verdict.ts';

/** Callers of the calibration begin within this, and talk so long. */
const calibrationMinutes = 0.05;
const calibrationTalkSeconds = 7;
/** The nodes fold the last callbacks. */
const settleMsMax = 5_000;
const settlePollMs = 100;

/** One load on one ground, from its first caller to its last. */
export interface Level {
  summary: MergedSummary;
  judgement: Judgement;
  rig: RigReport;
  timeline: readonly Moment[];
  /** What the nodes used, in cores; null where they are elsewhere. */
  nodeCores: number | null;
  /** What callers and nodes say of the same run; null where nodes are elsewhere, or came and went. */
  agreements: Agreement[] | null;
}

export class RunError extends Error {}

/** What a run is made of; stopped as a whole. */
export class Run {
  readonly #options: LoadOptions;
  readonly #say: (line: string) => void;
  readonly #folder: string;
  readonly #generators = new Set<Generator>();
  #ground: Ground | null = null;
  #operator: Operator | null = null;
  #isStopped = false;
  /** Why figures of the nodes are no longer sent. */
  #pushTrouble: string | null = null;

  private constructor(options: LoadOptions, say: (line: string) => void, folder: string) {
    this.#options = options;
    this.#say = say;
    this.#folder = folder;
  }

  static async begin(options: LoadOptions, say: (line: string) => void): Promise<Run> {
    return new Run(options, say, await mkdtemp(join(tmpdir(), 'aida-load-')));
  }

  get ground(): Ground | null {
    return this.#ground;
  }

  get operator(): Operator | null {
    return this.#operator;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Nothing where a staging is called. */
  async startGround(): Promise<void> {
    const { target, nodes, plan, cadence, nodeOptions, log } = this.#options;
    if (target) return;
    const lines = log === null ? null : createWriteStream(log);
    const env = {
      DRAIN_SECONDS: String(plan.drainS),
      ...(cadence === null ? {} : { MODEL_CADENCE: cadence }),
    };
    this.#ground = await Ground.start({
      nodes,
      callsMax: plan.callsMax,
      model: plan.model,
      redisWayMs: plan.redisWayMs,
      env,
      ...(nodeOptions === null ? {} : { nodeOptions }),
      ...(lines ? { onLog: (line: string, node: number) => void lines.write(`${node + 1} ${line}\n`) } : {}),
      onStep: (step) => this.#say(`starting ${step}`),
    });
    if (!plan.hooks) return;
    this.#operator = new Operator(this.#ground);
    await this.#operator.listen();
  }

  /** The same callers and the same model without a node between them, for a short while. */
  async calibrate(calls: number): Promise<MergedSummary | null> {
    if (!this.#options.calibrates || this.#isStopped) return null;
    this.#say(`measuring the rig alone: ${calls} calls`);
    const model = this.#ground ? null : await startModel(this.#options.plan.model);
    const modelUrl = this.#ground?.modelUrl ?? model?.url ?? '';
    const direct = await startDirect(modelUrl);
    // It stands where the nodes stand.
    await this.#ground?.pinning.node(0, direct.pid);
    try {
      const { starts } = await this.#callers(direct.target, {
        scenario: 'smoke',
        calls,
        minutes: calibrationMinutes,
        talkSeconds: calibrationTalkSeconds,
        remoteWrite: null,
      });
      const generated = await this.#generate(starts);
      return mergeSummaries(summariesOf(generated));
    } finally {
      await direct.stop();
      await model?.stop();
    }
  }

  /** Callers call, and are counted. Rejects when no generator says anything about it. */
  async level(calls: number, minutes: number, calibration: MergedSummary | null): Promise<Level> {
    const { scenario, target, remoteWrite } = this.#options;
    const at = target ? { ...target, hosts: {} } : this.#ground?.target;
    if (!at) throw new RunError('there is nobody to call');
    const { starts, ports } = await this.#callers(at, { scenario, calls, minutes, talkSeconds: null, remoteWrite });
    const usage = new UsageWatch(() => ({
      ...this.#ground?.parts,
      generators: [...this.#generators].map(({ pid }) => pid),
    }));
    const before = await this.#nodeFigures();
    await usage.begin();
    const progress = new Progress({
      opsPorts: () => this.#ground?.nodes.map(({ opsPort }) => opsPort) ?? [],
      generatorPorts: ports,
      onSecond: () => usage.sample(),
      onPages: (pages) => this.#push(pages),
      say: this.#say,
    });
    const startedAt = performance.now();
    let generated: Generated[];
    try {
      generated = await this.#generate(starts);
    } finally {
      await progress.stop();
    }
    const seconds = (performance.now() - startedAt) / 1000;
    const summary = { ...mergeSummaries(summariesOf(generated)), cpu: usage.coreSeconds };
    const rig = this.#rigReport(usage, seconds, calibration, generated);
    const judgement = judge(summary, rig);
    const nodeSeconds = usage.coreSeconds['nodes'];
    return {
      summary,
      judgement,
      rig,
      timeline: progress.moments,
      nodeCores: nodeSeconds === undefined ? null : nodeSeconds / seconds,
      agreements: before && (await this.#agreements(summary, before)),
    };
  }

  /** Callers hang up; what is running comes to its end. */
  interrupt(): void {
    this.#isStopped = true;
    for (const generator of this.#generators) generator.end();
  }

  async stop(): Promise<void> {
    this.interrupt();
    await Promise.all([...this.#generators].map(({ done }) => done));
    await this.#operator?.close();
    await this.#ground?.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Nodes and callers stand in one Prometheus. */
  async #push(pages: readonly string[]): Promise<void> {
    const { remoteWrite } = this.#options;
    if (remoteWrite === null || this.#pushTrouble !== null) return;
    const labelled = pages.map((text, index) => ({ text, labels: { job: 'aida', instance: `node-${index + 1}` } }));
    this.#pushTrouble = await pushPages(remoteWrite, labelled);
    if (this.#pushTrouble !== null) this.#say(`figures of the nodes are not sent: ${this.#pushTrouble}`);
  }

  /** Of nodes that are the same from the beginning to the end of the run. */
  async #nodeFigures(): Promise<NodeFigures | null> {
    return this.#ground && !this.#operator ? figuresOf(this.#ground.nodes.map(({ opsPort }) => opsPort)) : null;
  }

  /** Waits for the last calls to be ended. */
  async #agreements(summary: MergedSummary, before: NodeFigures): Promise<Agreement[] | null> {
    const untilMs = performance.now() + settleMsMax;
    for (;;) {
      const after = await this.#nodeFigures();
      if (!after) return null;
      const figures = since(before, after);
      const isSettled = figures.counts.calls_ended >= (summary.counters.aida_calls ?? 0);
      if (isSettled || performance.now() > untilMs) return agreementsOf(summary, figures);
      await new Promise((resolve) => setTimeout(resolve, settlePollMs));
    }
  }

  #callers(
    target: Target,
    run: Pick<CallersPlan, 'scenario' | 'calls' | 'minutes' | 'talkSeconds' | 'remoteWrite'>,
  ): Promise<CallersStart> {
    const { generators, k6CallsMax } = this.#options;
    const hooks = this.#operator?.url ?? null;
    const hearsGoodbye = this.#options.target !== null || this.#options.plan.model === 'strict';
    return callersFor({ ...run, target, generators, k6CallsMax, hearsGoodbye, hooks, folder: this.#folder });
  }

  async #generate(starts: readonly GeneratorStart[]): Promise<Generated[]> {
    if (this.#isStopped) throw new RunError('interrupted');
    const generators = starts.map((start) => new Generator(start));
    for (const generator of generators) this.#generators.add(generator);
    const generated = await Promise.all(generators.map(({ done }) => done));
    for (const generator of generators) this.#generators.delete(generator);
    return generated;
  }

  #rigReport(
    usage: UsageWatch,
    seconds: number,
    calibration: MergedSummary | null,
    generated: readonly Generated[],
  ): RigReport {
    const { nodes = [], pinning } = this.#ground ?? {};
    const { nodes: _, ...rig } = usage.coreSeconds;
    const rigSeconds = Object.values(rig).reduce((sum, spent) => sum + spent, 0);
    const rigCores = (pinning?.isPinned ? pinning.plan?.rig.length : null) ?? availableParallelism();
    return {
      calibration,
      deliberateMs: deliberateMs[this.#options.plan.model],
      rigBusy: rigSeconds / (seconds * rigCores),
      nodesWaited: nodes.length === 0 ? null : usage.waited('nodes') / (seconds * nodes.length),
      troubles: [
        ...generated.flatMap(({ trouble }) => trouble ?? []),
        ...(this.#operator?.troubles ?? []),
        ...(this.#ground?.deaths ?? []),
        ...(this.#isStopped ? ['it was interrupted'] : []),
      ],
    };
  }
}

function summariesOf(generated: readonly Generated[]) {
  const summaries = generated.flatMap(({ summary }) => summary ?? []);
  if (summaries.length > 0) return summaries;
  const told = generated.map(({ name, trouble, tail }) => [trouble ?? name, ...tail].join('\n  '));
  throw new RunError(`no generator left a summary:\n${told.join('\n')}`);
}
