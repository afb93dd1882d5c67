import type { DataSource } from 'typeorm';
import { CATALOG_CHANNEL } from '../../services/catalog-keeper.ts';
import { openDatabase } from '../../services/database.ts';
import { CHARS_PER_SECOND } from '../account.ts';
import { matcherOf } from '../caller/words.ts';
import type { Plan, Script } from '../model/index.ts';
import { type Stack, type StackOptions, startStack } from '../stack.ts';
import { Stalls } from '../stalls.ts';
import type { Staff, StaffPhone } from '../twilio/index.ts';
import type { Scenario, ScenarioStack } from './scenario.ts';

/** How scenarios are lived: as they are, with actors rebuilt after each fact, with the model cut once, with a real model. */
export type Variant = 'plain' | 'amnesia' | 'cut' | 'real';

/** A stack on which scenarios are lived, and what is read of it. */
export interface Stage extends Stack {
  variant: Variant;
  rows: DataSource;
  /** What the nodes wrote. */
  lines: string[];
  stalls: Stalls;
  phones: Phones;
}

const LOG_LINES_MAX = 50_000;
const CALLS_MAX = 100;
/** As many of the staff as scenarios at the same time may ring, at any hour. */
const STAFF_MAX = 40;
const STAFF_NUMBERS = Array.from({ length: STAFF_MAX }, (_, index) => `+12075550${600 + index}`);
const STAFF_DAYS = JSON.stringify(Array.from({ length: 7 }, () => ({ openTime: '00:00', closeTime: '00:00' })));

/** `env`: settings that come before those of the scenarios. */
export async function startStage(
  scenarios: readonly Scenario[],
  variant: Variant,
  env: Record<string, string>,
): Promise<Stage> {
  const setup = scenarios[0]?.stack;
  const lines: string[] = [];
  const stalls = new Stalls();
  const phones = new Phones();
  const { door, ...model } = setup?.model ?? {};
  const stack = await startStack({
    ...optionsOf(setup),
    speech: setup?.speech ?? true,
    args: ['--faults', ...(variant === 'amnesia' ? ['--amnesia'] : [])],
    env: { CALLS_MAX: String(CALLS_MAX), LOG_LEVEL: 'debug', ...env, ...setup?.env },
    model:
      variant === 'real' ? null : { charsPerSecond: CHARS_PER_SECOND, script: scriptOf(scenarios), ...defined(model) },
    twilio: { staff: phones.staff },
    prepare: (url) => prepare(url, setup),
    onLog: (line) => {
      lines.push(line);
      if (lines.length > LOG_LINES_MAX) lines.shift();
    },
  });
  if (stack.model && door !== undefined) stack.model.door = door;
  const rows = await openDatabase(stack.database.url, { poolMax: 1, onError: () => undefined });
  return {
    ...stack,
    variant,
    rows,
    lines,
    stalls,
    phones,
    stop: async () => {
      stalls.stop();
      await rows.destroy();
      await stack.stop();
    },
  };
}

function optionsOf(setup: ScenarioStack | undefined): StackOptions {
  return {
    ...(setup?.nodes === undefined ? {} : { nodes: setup.nodes }),
    ...(setup?.database === undefined ? {} : { database: setup.database }),
  };
}

/** Without what is undefined. */
function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof defined<T>
  >;
}

/** What the scenarios want said; everything else follows from the model's own rules. */
function scriptOf(scenarios: readonly Scenario[]): Script {
  const answers = scenarios.flatMap(({ model }) =>
    model.map((one) => ({ matches: matcherOf(one.heard), plan: one.answers as Plan, left: one.times ?? Infinity })),
  );
  return (turn) => {
    if (turn.kind !== 'caller') return null;
    const answer = answers.find(({ matches, left }) => left > 0 && matches?.(turn.heard) === true);
    if (answer === undefined) return null;
    answer.left -= 1;
    return answer.plan;
  };
}

/** Each phone is what the scenario says whose caller is put through to it. */
class Phones {
  readonly staff: Record<string, StaffPhone>;
  private readonly left = new Map<string, Staff[]>();
  private readonly taken = new Map<string, Staff>();

  constructor() {
    this.staff = Object.fromEntries(
      STAFF_NUMBERS.map((number): [string, StaffPhone] => [number, (from) => this.phoneOf(number, from)]),
    );
  }

  /** The phones that ring for this caller, in their order. */
  expect(from: string, phones: readonly Staff[]): void {
    this.left.set(from, [...phones]);
  }

  private phoneOf(number: string, from: string): Staff {
    const key = `${from} ${number}`;
    const phone = this.taken.get(key) ?? this.left.get(from)?.shift() ?? { result: 'no-answer' };
    this.taken.set(key, phone);
    return phone;
  }
}

async function prepare(url: string, setup: ScenarioStack | undefined): Promise<void> {
  const source = await openDatabase(url, { poolMax: 1 });
  try {
    await source.query('DELETE FROM staff_member');
    for (const [index, number] of STAFF_NUMBERS.entries())
      await source.query('INSERT INTO staff_member (name, number, sort_order, hours) VALUES ($1, $2, $3, $4)', [
        `Bea ${index + 1}`,
        number,
        index,
        STAFF_DAYS,
      ]);
    if (setup !== undefined) await writeStore(source, setup.store);
  } finally {
    await source.destroy();
  }
}

/** Changes the store's data and tells the nodes. */
export async function changeStore(stage: Stage, store: ScenarioStack['store']): Promise<void> {
  await writeStore(stage.rows, store);
  await stage.link.command('publish', CATALOG_CHANNEL, '');
}

/** Table and column names were checked when the scenario was read. */
async function writeStore(source: DataSource, store: ScenarioStack['store']): Promise<void> {
  for (const [table, { keep = {}, set = {}, insert = [] }] of Object.entries(store)) {
    for (const [column, value] of Object.entries(keep))
      await source.query(`DELETE FROM "${table}" WHERE "${column}" IS DISTINCT FROM $1`, [value]);
    const columns = Object.entries(set);
    if (columns.length > 0) {
      const list = columns.map(([column], index) => `"${column}" = $${index + 1}`).join(', ');
      await source.query(
        `UPDATE "${table}" SET ${list}`,
        columns.map(([, value]) => cellOf(value)),
      );
    }
    for (const row of insert) {
      const names = Object.keys(row);
      await source.query(
        `INSERT INTO "${table}" (${names.map((name) => `"${name}"`).join(', ')}) VALUES (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
        Object.values(row).map(cellOf),
      );
    }
  }
}

const TIME = /^now(?:([+-])(\d+)s)?$/;
const TODAY = /^today$/;

/** `now-60s` is a time, `today` the date at the store's wall; anything else stands for itself. */
function cellOf(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (TODAY.test(value))
    return new Intl.DateTimeFormat('en-CA', { timeZone: 'America/New_York', dateStyle: 'short' }).format();
  const time = TIME.exec(value);
  if (!time) return value;
  const [, sign = '+', seconds = '0'] = time;
  return new Date(Date.now() + (sign === '-' ? -1 : 1) * Number(seconds) * 1000);
}
