import { setTimeout as wait } from 'node:timers/promises';
import { ownerOf } from './claims.ts';
import { type FleetNode, readFleet } from './fleet.ts';
import { writeInbox } from './inbox.ts';
import { commandKey, type NodeName } from './keys.ts';
import { directoryLimits } from './limits.ts';
import type { RedisLink } from './redis.ts';
import { repeated } from './repeat.ts';

/** What a supervisor has done to a call. Numbers are E.164. */
export type Deed =
  /** A note for the assistant's next answer. */
  | { kind: 'whisper'; text: string }
  | { kind: 'takeOver'; to: string }
  | { kind: 'giveBack' }
  | { kind: 'transfer' }
  | { kind: 'hangUp' };

export interface Command {
  /** Names it: what is written twice is done once. */
  id: string;
  callSid: string;
  /** Who wants it, by name. */
  by: string;
  deed: Deed;
  /** Redis-clock ms after which it is not begun any more. */
  expiresAt: number;
}

/** Why nothing was done. */
export const commandRefusals = [
  /** Nobody knows the call. */
  'unknown',
  /** It ended before. */
  'ended',
  /** It is between two places: a moment later it can be done. */
  'moving',
  /** The assistant has the call: there is nothing to give back. */
  'withAssistant',
  /** The assistant does not have the call, and will not. */
  'withoutAssistant',
  /** The call is with the staff, or rings there. */
  'withStaff',
  /** Everybody on the staff is on another call, and too many wait. */
  'allBusy',
  /** Nobody on the staff takes calls at this hour. */
  'staffAway',
  /** The carrier did not do it. */
  'carrier',
  /** Redis did not answer, or too much is under way. */
  'unavailable',
  /** It came too late to be begun. */
  'late',
] as const;
export type CommandRefusal = (typeof commandRefusals)[number];

/** `place`: the call waits for the staff there while it goes on. */
export type CommandAnswer = { kind: 'done'; place?: number } | { kind: 'refused'; why: CommandRefusal };

/** `noNode`: nobody runs who could do it; `silent`: whoever was asked says nothing, a release before this one perhaps. */
export type CommandResult = CommandAnswer | { kind: 'refused'; why: 'noNode' | 'silent' };

const deedKinds: ReadonlySet<string> = new Set<Deed['kind']>(['whisper', 'takeOver', 'giveBack', 'transfer', 'hangUp']);
const pollMs = [25, 50, 100] as const;
/** A node that was heard of this recently is asked about a call that nobody holds. */
const heardOfMs = 2_500;
const triesMax = 3;

/** A command as a message words it; null for anything that is none. */
export function readCommand(value: object): Command | null {
  const { id, callSid, by, deed, expiresAt } = value as Partial<Record<keyof Command, unknown>>;
  const isWhole =
    typeof id === 'string' && typeof callSid === 'string' && typeof by === 'string' && typeof expiresAt === 'number';
  if (!isWhole || typeof deed !== 'object' || deed === null || !('kind' in deed)) return null;
  if (typeof deed.kind !== 'string' || !deedKinds.has(deed.kind)) return null;
  if (deed.kind === 'whisper' && !('text' in deed && typeof deed.text === 'string')) return null;
  if (deed.kind === 'takeOver' && !('to' in deed && typeof deed.to === 'string')) return null;
  return { id, callSid, by, deed: deed as Deed, expiresAt };
}

/** The message that carries it. */
export const commandMessage = (command: Command): string => JSON.stringify({ kind: 'command', ...command });

/** Tells whoever waits for it. */
export async function answerCommand(link: RedisLink, id: string, answer: CommandAnswer): Promise<void> {
  await link.command('set', commandKey(id), JSON.stringify(answer), 'PX', directoryLimits.commandAnswerLifeMs);
}

/**
 * Has a command carried out by the process that holds the call, by any other where nobody does, and resolves with what
 * came of it. `now` is Redis-clock ms.
 * @throws DirectoryError when Redis did not answer
 */
export async function command(link: RedisLink, order: Command, now: () => number): Promise<CommandResult> {
  const sent = await send(link, order, now());
  if (sent !== 'sent') return { kind: 'refused', why: sent };
  // Begun in time it is carried out within some seconds more.
  const until = order.expiresAt + directoryLimits.commandLifeMs;
  for (let asked = 0; now() < until; asked += 1) {
    const answer = await link.command('get', commandKey(order.id));
    if (typeof answer === 'string') return JSON.parse(answer) as CommandAnswer;
    await wait(pollMs[Math.min(asked, pollMs.length - 1)]);
  }
  return { kind: 'refused', why: 'silent' };
}

async function send(
  link: RedisLink,
  order: Command,
  now: number,
): Promise<'sent' | 'unknown' | 'ended' | 'moving' | 'noNode'> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const call = await repeated(() => ownerOf(link, order.callSid));
    if (call === null) return 'unknown';
    if (call.ended !== null) return 'ended';
    const living = await alive(link, now);
    const { owner } = call;
    const to = living.find((node) => node.node === owner?.node && node.incarnation === owner.incarnation) ?? living[0];
    if (to === undefined) return 'noNode';
    if ((await repeated(() => writeInbox(link, to, commandMessage(order)))) === 'sent') return 'sent';
  }
  return 'moving';
}

const rank = ({ capacity, load }: FleetNode): number => (capacity === 0 ? Number.MAX_SAFE_INTEGER : load);

/** Nodes that live, those with the least to do first, and those that are to end last. */
async function alive(link: RedisLink, now: number): Promise<NodeName[]> {
  const nodes = await readFleet(link);
  return nodes.filter(({ heartbeatAt }) => now - heartbeatAt < heardOfMs).toSorted((a, b) => rank(a) - rank(b));
}
