import { seed } from '../../entities/seed/index.ts';
import { startPglite } from '../../src/embedded/postgres.ts';
import { openDatabase } from '../../src/services/database.ts';
import { createServices, type Services } from '../../src/services/services.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createTools, toolNames, type ToolAsk, type Tools } from '../../src/tools/registry.ts';
import { type Beside, inTurns, nsEachAwaited } from './beside.ts';
import { newCallSid } from './claimed.ts';
import { figure, type Figure, type Measure, type Outcome } from './figure.ts';
import { measureRuns, type Runs } from './measure-runs.ts';
import { median } from './statistics.ts';

const runs = { wanted: 2, triesMax: 4 };
const rounds = 7;
const asksPerRound = 1_000;
/** This one asks the database each time. */
const databaseTool = 'search_knowledge_base';
const databaseAsksPerRound = 50;
const caller = '+15035550199';
const question = 'do you have free wifi and where can I park';

interface Subject {
  /** As the model writes them. */
  arguments: string;
  /** What the tool asks, without the tool. */
  direct(services: Services): unknown;
}

const subjects: Record<string, Subject> = {
  get_menu: { arguments: '{"category":"espresso"}', direct: (services) => services.menu('espresso') },
  get_product_details: { arguments: '{"productName":"latte"}', direct: (services) => services.product('latte') },
  get_store_hours: {
    arguments: '{"day":"tomorrow"}',
    direct: (services) => [services.openNow(), services.store(), services.hoursOn('tomorrow')],
  },
  get_subscription_info: { arguments: '{}', direct: (services) => services.subscriptions() },
  [databaseTool]: {
    arguments: JSON.stringify({ query: question }),
    direct: (services) => services.knowledge(question),
  },
  transfer_to_staff: { arguments: '{"reason":"wants a person"}', direct: (services) => services.onDuty() },
  leave_voicemail: { arguments: '{"topic":"catering"}', direct: () => null },
  end_call: { arguments: '{"reason":"said goodbye"}', direct: () => null },
  speak_language: { arguments: '{"language":"Spanish"}', direct: (services) => services.languages() },
  request_callback: { arguments: '{"reason":"catering"}', direct: (services) => services.callbackPromise() },
};

class Desk {
  readonly services: Services;
  private readonly tools: Tools;
  private asks = 0;

  constructor(services: Services, tools: Tools) {
    this.services = services;
    this.tools = tools;
  }

  ask(name: string, given: string, toolCallId = `call_${(this.asks += 1)}`): Promise<unknown> {
    return this.answerOf({ callSid, from: caller, epoch: 1, toolCallId, name, arguments: given });
  }

  private async answerOf(ask: ToolAsk): Promise<void> {
    const { result, output } = await this.tools.run(ask);
    if (result !== 'ok') throw new Error(`${ask.name} was ${result}: ${output}`);
  }
}

const callSid = newCallSid();

interface Costs {
  /** A dispatch beside what the tool asks of the services. */
  tools: Record<string, Beside>;
  /** Asked again under the same id. */
  againNs: number;
}

async function measure(desk: Desk): Promise<Costs> {
  const tools: Record<string, Beside> = {};
  for (const [name, { arguments: given, direct }] of Object.entries(subjects)) {
    const times = name === databaseTool ? databaseAsksPerRound : asksPerRound;
    tools[name] = await inTurns(
      rounds,
      () => nsEachAwaited(times, () => desk.ask(name, given)),
      () => nsEachAwaited(times, async () => direct(desk.services)),
    );
  }
  const again = await inTurns(
    rounds,
    () => nsEachAwaited(asksPerRound, () => desk.ask('get_menu', '{}', 'again')),
    () => 1,
  );
  return { tools, againNs: again.oursNs };
}

function figuresOf({ of, isTrusted }: Runs<Costs>): Figure[] {
  const each = Object.keys(subjects).flatMap((name) => {
    const us = (pick: (cost: Beside) => number): number =>
      of(({ tools }) => (tools[name] ? pick(tools[name]) : Number.NaN)) / 1e3;
    const value = us(({ oursNs }) => oursNs);
    const beside = `the service alone: ${us(({ referenceNs }) => referenceNs).toFixed(1)} µs`;
    return [figure({ name, value, unit: 'µs', beside }, isTrusted)];
  });
  const memory = Object.keys(subjects).filter((name) => name !== databaseTool);
  const added = of(({ tools }) =>
    median(memory.map((name) => (tools[name]?.oursNs ?? 0) - (tools[name]?.referenceNs ?? 0))),
  );
  return [
    ...each,
    figure(
      {
        name: 'what a dispatch adds: schema, deadline, repeats, JSON',
        value: added / 1e3,
        unit: 'µs',
        beside: 'median of the tools that answer from memory',
      },
      isTrusted,
    ),
    figure({ name: 'an ask that came before', value: of(({ againNs }) => againNs) / 1e3, unit: 'µs' }, isTrusted),
  ];
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const missing = toolNames.filter((name) => !subjects[name]);
  if (missing.length > 0) throw new Error(`nothing is said of ${missing.join(', ')}`);
  const database = await startPglite();
  const source = await openDatabase(database.url);
  await seed(source, Date.now());
  const log = createLog('error');
  const services = await createServices(source, { now: Date.now, log });
  const staff = { reserve: () => Promise.resolve({ kind: 'away' } as const), leave: () => Promise.resolve() };
  const desk = new Desk(services, createTools(services, { log, staff }));
  try {
    const measured = await measureRuns({
      runs,
      pids: [process.pid, database.pid],
      work: () => measure(desk),
      tell: ({ tools }) => `get_menu ${((tools['get_menu']?.oursNs ?? 0) / 1e3).toFixed(1)} µs`,
      say,
    });
    return measured.outcome(figuresOf(measured));
  } finally {
    services.close();
    await source.destroy();
    await database.stop();
  }
}

export const tools: Measure = {
  name: 'tools',
  title: 'what asking a tool costs, with its schema, deadline and memory of repeats, beside the service that it asks',
  run,
};
