import { DirectoryError } from './errors.ts';
import { placementKeys } from './keys.ts';
import { directoryLimits } from './limits.ts';
import { runPlacement } from './placement-link.ts';
import type { RedisLink } from './redis.ts';
import { readReply, readStreamEntries, readTextMap, unknownKind } from './reply.ts';
import { noteAuditScript, setSwitchScript } from './scripts/switches.ts';

export interface SwitchRequest {
  name: string;
  /** Null clears it. */
  value: string | null;
  /** Who does it, and why. */
  by: string;
  reason: string;
}

export interface SwitchState {
  value: string;
  by: string;
  reason: string;
  /** Redis-clock ms. */
  at: number;
}

function checkLength(what: string, text: string, most: number): void {
  if (text.length > most) throw new DirectoryError('tooLarge', `${what} of ${text.length} characters, ${most} at most`);
}

function checkNote(by: string, reason: string): void {
  checkLength('a name', by, directoryLimits.reasonMax);
  checkLength('a reason', reason, directoryLimits.reasonMax);
}

/**
 * Sets a switch for the whole fleet and notes it in the audit; every node learns of it with its next heartbeat. `full`:
 * `switchesMax` others are set.
 * @throws DirectoryError `tooLarge` for a name, value or reason beyond `switchNameMax`, `switchValueMax`, `reasonMax`
 */
export async function setSwitch(link: RedisLink, request: SwitchRequest): Promise<'set' | 'cleared' | 'full'> {
  const { name, value, by, reason } = request;
  checkLength('a switch name', name, directoryLimits.switchNameMax);
  checkLength('a switch value', value ?? '', directoryLimits.switchValueMax);
  checkNote(by, reason);
  const args = [name, value === null ? '0' : '1', value ?? '', by, reason, JSON.stringify({ by, reason })];
  const reply = readReply(await runPlacement(link, setSwitchScript, args));
  if (reply.kind === 'set' || reply.kind === 'cleared' || reply.kind === 'full') return reply.kind;
  throw unknownKind(reply);
}

function toSwitchState(value: string, info: string): SwitchState {
  const space = info.indexOf(' ');
  const said = space < 0 ? {} : (JSON.parse(info.slice(space + 1)) as { by?: string; reason?: string });
  return { value, by: said.by ?? '', reason: said.reason ?? '', at: space < 0 ? 0 : Number(info.slice(0, space)) };
}

/** The switches that are set, by name. */
export async function readSwitches(link: RedisLink): Promise<Record<string, SwitchState>> {
  const [values, infos] = await Promise.all([
    link.command('hgetall', placementKeys.switches),
    link.command('hgetall', placementKeys.switchInfo),
  ]);
  const infoOf = readTextMap(infos);
  return Object.fromEntries(
    [...readTextMap(values)].map(([name, value]) => [name, toSwitchState(value, infoOf.get(name) ?? '')]),
  );
}

export interface AuditNote {
  /** What was acted on: a switch, or `block`. */
  name: string;
  /** '' for cleared. */
  value: string;
  by: string;
  reason: string;
}

export interface AuditEntry extends AuditNote {
  /** Redis-clock ms. */
  at: number;
}

/** Notes an act that is no switch, such as a caller blocked. */
export async function noteAudit(link: RedisLink, note: AuditNote): Promise<void> {
  checkNote(note.by, note.reason);
  await runPlacement(link, noteAuditScript, [note.name, note.value, note.by, note.reason]);
}

/** What was done to the fleet, newest first, at most `max`; about `auditEntriesMax` are kept. */
export async function readAudit(link: RedisLink, max: number): Promise<AuditEntry[]> {
  const entries = readStreamEntries(
    await link.command('xrevrange', placementKeys.audit, '+', '-', 'COUNT', Math.max(1, Math.floor(max))),
  );
  return entries.map(({ fields }) => ({
    at: Number(fields.get('t') ?? 0),
    name: fields.get('n') ?? '',
    value: fields.get('v') ?? '',
    by: fields.get('b') ?? '',
    reason: fields.get('r') ?? '',
  }));
}
