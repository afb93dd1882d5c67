import type { Opening, Turn } from '../../machines/call-events.ts';
import { startFakeModel, type FakeModel, type FakeModelOptions } from '../sim/model/index.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { SessionProfile } from './profile.ts';
import type { ModelSession } from './session.ts';
import type { SessionListener } from './session-listener.ts';
import { listenerOf, profile } from './session.fixture.ts';
import { ModelSessions, type SessionsDeps } from './sessions.ts';

const pollMs = 5;
const boundMs = 8_000;

/** A caller's stream, as far as its model session is concerned, and everything that it is told. */
export class Ear {
  readonly told: [string, ...unknown[]][] = [];
  session: ModelSession | null = null;
  bytes = 0;

  readonly listener: SessionListener = {
    ...listenerOf((name) => this.#record(name)),
    onAudio: (delta, late) => {
      this.bytes += delta.bytes;
      this.told.push(['audio', late]);
    },
  };

  of(name: string): unknown[][] {
    return this.told.filter(([kind]) => kind === name);
  }

  /** What the assistant said in whole items. */
  get said(): unknown[] {
    return this.of('outputEnded').map(([, , , text]) => text);
  }

  #record(name: string): (...values: unknown[]) => void {
    return (...values) => void this.told.push([name, ...values]);
  }
}

/** Sessions against fake models, under clocks that the test moves. */
export class SessionsWorld {
  readonly models: FakeModel[];
  readonly metrics = createMetrics();
  readonly sessions: ModelSessions;
  /** Added to both clocks. */
  shiftMs = 0;
  /** Added to Redis' alone: sockets do not see it. */
  epochShiftMs = 0;
  greetingIsPrepared = false;
  profile: SessionProfile = profile;

  private constructor(models: FakeModel[], deps: Partial<SessionsDeps>) {
    this.models = models;
    this.sessions = new ModelSessions({
      endpoints: models.map(({ url }, index) => ({ url, apiKey: `sk-${index}`, model: 'gpt-realtime-2.1' })),
      lifeMs: 3_600_000,
      sessionsMax: 50,
      isGreetingPrepared: () => this.greetingIsPrepared,
      profile: () => Promise.resolve(this.profile),
      log: createLog('silent'),
      metrics: this.metrics,
      now: () => performance.now() + this.shiftMs,
      epochNow: () => this.now,
      ...deps,
    });
  }

  static async start(models: FakeModelOptions[], deps: Partial<SessionsDeps> = {}): Promise<SessionsWorld> {
    const fast = { charsPerSecond: 50, speed: 100, firstDeltaMs: 5, transcriptionMs: 40 };
    return new SessionsWorld(await Promise.all(models.map((each) => startFakeModel({ ...fast, ...each }))), deps);
  }

  /** Redis-clock ms. */
  get now(): number {
    return Date.now() + this.shiftMs + this.epochShiftMs;
  }

  model(index = 0): FakeModel {
    const model = this.models[index];
    if (!model) throw new Error(`no model ${index}`);
    return model;
  }

  /** Sessions that were ever opened at a model. */
  opened(index = 0): number {
    return this.model(index).sessions.length;
  }

  warm(callSid: string, isNew = true): void {
    this.sessions.warm({ callSid, at: this.now, isNew });
  }

  /** A stream begins, or its session was lost. */
  open(callSid: string, opening: Opening = 'greeting', turns: readonly Turn[] = [], ear = new Ear()): Ear {
    ear.session = this.sessions.open(callSid, ear.listener, opening, turns);
    ear.session.begin(opening, turns);
    return ear;
  }

  /** Time passes for everything that has no socket. */
  pass(ms: number): void {
    this.shiftMs += ms;
    this.sessions.tick(performance.now() + this.shiftMs);
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const deadline = performance.now() + boundMs;
    while (!holds()) {
      if (performance.now() > deadline) throw new Error(`not within ${boundMs} ms: ${what}`);
      this.sessions.tick(performance.now() + this.shiftMs);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /** What became of warm sessions, by result. */
  async warmed(): Promise<Record<string, number>> {
    const { values } = await this.metrics.warmSessions.get();
    return Object.fromEntries(values.map(({ labels, value }) => [String(labels['result']), value]));
  }

  async close(): Promise<void> {
    this.sessions.close();
    await Promise.all(this.models.map((model) => model.close()));
  }
}
