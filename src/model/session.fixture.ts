import { expect } from 'vitest';
import type { Turn } from '../../machines/call-events.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { Endpoints } from './endpoints.ts';
import type { SessionProfile } from './profile.ts';
import { ModelSession } from './session.ts';
import type { SessionListener } from './session-listener.ts';
import { ModelStub } from './stub.fixture.ts';

export const profile: SessionProfile = {
  instructions: 'You answer the phone.',
  voice: 'marin',
  greeting: 'Hello, Mangy Dog Coffee.',
  tools: [{ type: 'function', name: 'get_menu', description: 'Menu', parameters: { type: 'object', properties: {} } }],
  language: 'en',
};

/** Of the fleet's clock, when the session's own stands at 0. */
export const epoch = 1_800_000_000_000;

/** A listener whose every method is what `record` makes for its name. */
export function listenerOf(record: (name: string) => (...values: unknown[]) => void): SessionListener {
  return {
    onReady: record('ready'),
    onAudio: record('audio'),
    onOutputStarted: record('outputStarted'),
    onWords: record('words'),
    onOutputEnded: record('outputEnded'),
    onSpeechStarted: record('speechStarted'),
    onSpeechStopped: record('speechStopped'),
    onCallerSaid: record('callerSaid'),
    onToolAsked: record('toolAsked'),
    onResponseEnded: record('responseEnded'),
    onLost: record('lost'),
    onFault: record('fault'),
  };
}

/** A session, the scripted server at its other end, and everything that the session told. */
export class Line {
  readonly stub: ModelStub;
  readonly metrics = createMetrics();
  /** The session's clock. */
  now = 0;
  session: ModelSession | null = null;
  /** Name of the method, then its values. */
  readonly told: unknown[][] = [];
  #wake: (() => void)[] = [];

  constructor(stub: ModelStub) {
    this.stub = stub;
  }

  static async open(): Promise<Line> {
    return new Line(await ModelStub.start());
  }

  connect(given: Promise<SessionProfile> = Promise.resolve(profile)): ModelSession {
    const account = { limitsTold: this.#record('limitsTold'), used: this.#record('used') };
    const common = { log: createLog('silent'), metrics: this.metrics, now: () => this.now };
    const settings = { url: this.stub.url, apiKey: 'sk-test', model: 'gpt-realtime-2.1' };
    const leave = new Endpoints({ ...common, endpoints: [settings] }).enter('CA1');
    const deps = { ...common, leave, lifeMs: 3_600_000, account, epochNow: () => epoch + this.now };
    this.session = new ModelSession(
      deps,
      given,
      listenerOf((name) => this.#record(name)),
    );
    return this.session;
  }

  /** A live session whose opening response is over. */
  async live(seed: Turn[] = []): Promise<ModelSession> {
    const made = this.connect();
    made.begin('greeting', seed);
    await this.stub.accept();
    await this.stub.event('response.create');
    this.stub.send({ type: 'response.created', response: { id: 'resp_0' } }, done('resp_0'));
    await this.tell('responseEnded');
    return made;
  }

  /** What was told the n-th time by a method, as soon as it is. */
  async tell(name: string, nth = 1): Promise<unknown[]> {
    const found = () => this.told.filter(([kind]) => kind === name);
    while (found().length < nth) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return found()[nth - 1] as unknown[];
  }

  /** Items created by the client, without their ids. */
  items(): unknown[] {
    return this.stub.received
      .filter((event) => event.type === 'conversation.item.create')
      .map((event) => {
        const { id, ...item } = event['item'] as Record<string, unknown>;
        expect(String(id).length).toBeLessThanOrEqual(32);
        return item;
      });
  }

  /** A round trip: everything sent before has been handled on both sides. */
  async settled(): Promise<void> {
    const pong = new Promise((resolve) => this.stub.socket?.once('pong', resolve));
    this.stub.socket?.ping();
    await pong;
  }

  async close(): Promise<void> {
    this.session?.close();
    await this.stub.close();
  }

  /** Objects are copied: the session overwrites its delta. */
  #record(name: string): (...values: unknown[]) => void {
    return (...values) => {
      const copies = values.map((value) => (typeof value === 'object' && value !== null ? { ...value } : value));
      this.told.push([name, ...copies]);
      for (const resolve of this.#wake.splice(0)) resolve();
    };
  }
}

export function done(id: string, more: object = {}): object {
  return { type: 'response.done', response: { id, status: 'completed', output: [], usage: null, ...more } };
}

export function call(responseId: string, callId: string, status = 'completed'): object {
  const item = { type: 'function_call', status, call_id: callId, name: 'get_menu', arguments: '{}' };
  return { type: 'response.output_item.done', response_id: responseId, item: { id: `item_${callId}`, ...item } };
}
