import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { carryOut, Refusal, say, when, withRedis } from './command.ts';
import { readRedisUrl } from './config.ts';
import { blockCaller, readBlocks, unblockCaller } from './directory/callers.ts';
import type { RedisLink } from './directory/redis.ts';
import { readAudit, readSwitches, setSwitch } from './directory/switches.ts';
import { callerKey } from './services/caller-number.ts';
import { isSwitch, switchedTool, switchFault, switchRules } from './directory/switch-states.ts';
import { toolNames } from './tools/registry.ts';

/** Switches for the whole fleet, and the block list: every node follows within two seconds. Needs REDIS_URL alone. */

const HOUR_MS = 3_600_000;
const BLOCK_HOURS_DEFAULT = 30 * 24;
const BLOCK_HOURS_MAX = 10 * 365 * 24;
const LOG_DEFAULT = 20;
const LOG_MAX = 1_000;

const USAGE = `npm run switch -- COMMAND
  set NAME VALUE --reason WHY     ${Object.entries(switchRules)
    .map(([name, rule]) => `${name} ${rule}`)
    .join(`\n${' '.repeat(34)}`)}
  clear NAME --reason WHY
  block NUMBER --reason WHY       [--hours N], ${BLOCK_HOURS_DEFAULT} unless given
  unblock NUMBER --reason WHY
  list                            what is set, and who is blocked
  log [N]                         what was done, newest first, ${LOG_DEFAULT} entries unless given
  --by WHO                        instead of the name of this system's user`;

interface Order {
  words: readonly string[];
  by: string;
  reason: string | undefined;
  hours: string | undefined;
}

function readOrder(): Order {
  const text = { type: 'string' } as const;
  try {
    const { positionals, values } = parseArgs({
      options: { by: text, reason: text, hours: text },
      allowPositionals: true,
    });
    const { by, reason, hours } = values;
    return { words: positionals, by: by || userInfo().username, reason, hours };
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

function reasonOf({ reason = '' }: Order): string {
  if (reason.trim() === '') throw new Refusal('say why, for the log: --reason "…"');
  return reason.trim();
}

function numberIn(text: string, most: number, what: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) throw new Refusal(`${what} is ${JSON.stringify(text)}: must be 1 to ${most}`);
  return value;
}

function callerOf(number: string): string {
  const caller = callerKey(number);
  if (caller === null) throw new Refusal(`${JSON.stringify(number)} is no number of a caller: +, country, number`);
  return caller;
}

async function set(link: RedisLink, order: Order, name: string, value: string): Promise<void> {
  const fault = switchFault(name, value);
  if (fault !== null) throw new Refusal(fault);
  const tool = switchedTool(name);
  if (tool !== null && !toolNames.includes(tool))
    throw new Refusal(`there is no tool ${tool}: ${toolNames.join(', ')}`);
  const done = await setSwitch(link, { name, value, by: order.by, reason: reasonOf(order) });
  if (done === 'full') throw new Refusal('too many switches are set: clear some first');
  say(`${name} is ${value}`);
}

async function clear(link: RedisLink, order: Order, name: string): Promise<void> {
  const reason = reasonOf(order);
  const states = await readSwitches(link);
  // One that a newer release set can be cleared as well.
  if (!isSwitch(name) && !Object.hasOwn(states, name)) throw new Refusal(switchFault(name, '') ?? name);
  await setSwitch(link, { name, value: null, by: order.by, reason });
  say(Object.hasOwn(states, name) ? `${name} is cleared` : `${name} was not set`);
}

async function block(link: RedisLink, order: Order, number: string): Promise<void> {
  const caller = callerOf(number);
  const hours = order.hours === undefined ? BLOCK_HOURS_DEFAULT : numberIn(order.hours, BLOCK_HOURS_MAX, '--hours');
  const request = { caller, lifeMs: hours * HOUR_MS, by: order.by, reason: reasonOf(order) };
  if ((await blockCaller(link, request)) === 'full')
    throw new Refusal('too many numbers are blocked: unblock some first');
  say(`${caller} is blocked for ${hours} hours`);
}

async function unblock(link: RedisLink, order: Order, number: string): Promise<void> {
  const caller = callerOf(number);
  const was = await unblockCaller(link, { caller, by: order.by, reason: reasonOf(order) });
  say(was ? `${caller} is unblocked` : `${caller} was not blocked`);
}

async function list(link: RedisLink): Promise<void> {
  const [states, blocks] = await Promise.all([readSwitches(link), readBlocks(link)]);
  const names = Object.entries(states).toSorted(([a], [b]) => a.localeCompare(b));
  for (const [name, { value, by, reason, at }] of names) say(`${name} ${value}  ${when(at)} ${by}: ${reason}`);
  const blocked = blocks.toSorted((a, b) => a.caller.localeCompare(b.caller));
  for (const { caller, untilMs, by, reason } of blocked)
    say(`blocked ${caller}  until ${when(untilMs)} ${by}: ${reason}`);
  if (names.length === 0 && blocked.length === 0) say('nothing is switched, nobody is blocked');
}

async function log(link: RedisLink, count: string): Promise<void> {
  for (const { at, name, value, by, reason } of await readAudit(
    link,
    numberIn(count, LOG_MAX, 'the number of entries'),
  ))
    say(`${when(at)} ${by}: ${name} ${value === '' ? 'cleared' : value}: ${reason}`);
}

function run(link: RedisLink, order: Order): Promise<void> {
  const [command, first, second, ...more] = order.words;
  const isExact = (count: number) => order.words.length === count && more.length === 0;
  if (command === 'set' && isExact(3)) return set(link, order, first ?? '', second ?? '');
  if (command === 'clear' && isExact(2)) return clear(link, order, first ?? '');
  if (command === 'block' && isExact(2)) return block(link, order, first ?? '');
  if (command === 'unblock' && isExact(2)) return unblock(link, order, first ?? '');
  if (command === 'list' && isExact(1)) return list(link);
  if (command === 'log' && (isExact(1) || isExact(2))) return log(link, first ?? String(LOG_DEFAULT));
  throw new Refusal(`usage: ${USAGE}`);
}

await carryOut(() => {
  const order = readOrder();
  return withRedis(readRedisUrl(process.env), (link) => run(link, order));
});
