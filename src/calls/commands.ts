import { setTimeout as wait } from 'node:timers/promises';
import type { CallEvent, Intent } from '../../machines/call-events.ts';
import { type CallOwner, ownerOf } from '../directory/claims.ts';
import {
  answerCommand,
  type Command,
  type CommandAnswer,
  commandMessage,
  type CommandRefusal,
  type Deed,
} from '../directory/commands.ts';
import { writeInbox } from '../directory/inbox.ts';
import { appendLate } from '../directory/journal.ts';
import { type NodeName, ownerName } from '../directory/keys.ts';
import { repeated } from '../directory/repeat.ts';
import type { StaffFound } from '../services/staff-desk.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { CarrierPort } from './carrier.ts';
import { type DoorDeps, type Visit, visit } from './door.ts';
import type { FactRedactor } from './redact-fact.ts';
import type { Told } from './stream-port.ts';

/** A call that is on its way from one holder to the next is looked at again after this. */
const againMs = 150;
const triesMax = 12;
/** So long a fact may take to the journal; it is done either way. */
const journaledMs = 1_000;
/** Commands that are carried out at once. */
const underWayMax = 50;

/** The calls that a stream here makes this process's. */
export interface CommandedCall {
  /** The state with the one within it: `conversation.talking`. */
  readonly place: string;
  readonly isGone: boolean;
  tell(fact: Told): void;
  settledWithin(ms: number): Promise<boolean>;
}

export interface CommandsDeps {
  door: DoorDeps;
  carrier: Pick<CarrierPort, 'redirect'>;
  staff: { reserve(callSid: string, reason: string): Promise<StaffFound>; leave(callSid: string): Promise<void> };
  /** Where the carrier asks what is next; absolute. */
  nextUrl: string;
  resident(callSid: string): CommandedCall | undefined;
  isGone(owner: NodeName): boolean;
  /** The carrier says that the call is over. */
  over(callSid: string): Promise<unknown>;
  redact: FactRedactor;
  /** Redis-clock ms. */
  now(): number;
  log: Log;
  metrics: Pick<Metrics, 'supervisions'>;
}

type Outcome = CommandAnswer | 'again' | 'forwarded';

const refused = (why: CommandRefusal): CommandAnswer => ({ kind: 'refused', why });
const done: CommandAnswer = { kind: 'done' };

/** The assistant has the call, and can be taken it from. */
const talks: ReadonlySet<string> = new Set(['opening', 'talking', 'leaving'].map((inner) => `conversation.${inner}`));
/** A stream with the assistant is to come. */
const comesBack: ReadonlySet<string> = new Set(['ringing', 'waiting', 'detached', 'dialing']);
/** There the carrier is already told to end the call. */
const ends = 'hangingUp';

/** Carries out what supervisors want of calls: where the call is, or by claim and the carrier's REST interface. */
export class Commands {
  private readonly deps: CommandsDeps;
  private readonly underWay = new Set<Promise<void>>();

  constructor(deps: CommandsDeps) {
    this.deps = deps;
  }

  /** Begins; whoever wants it is told through Redis. Never throws. */
  take(command: Command): void {
    const running = this.run(command).finally(() => this.underWay.delete(running));
    this.underWay.add(running);
  }

  async settled(): Promise<void> {
    await Promise.all(this.underWay);
  }

  private async run(command: Command): Promise<void> {
    const { door, metrics, log } = this.deps;
    const { id, callSid, by, deed } = command;
    let outcome: Outcome = refused('unavailable');
    try {
      outcome = await this.carryOut(command);
    } catch (error) {
      log.error({ err: error, callSid, deed: deed.kind }, 'what a supervisor wants could not be done');
    }
    if (typeof outcome === 'string') return;
    const result = outcome.kind === 'done' ? 'done' : outcome.why;
    metrics.supervisions.inc({ deed: deed.kind, result });
    log.info({ callSid, deed: deed.kind, by, result }, 'a supervisor acts on a call');
    await answerCommand(door.link, id, outcome).catch((error: unknown) =>
      log.warn({ err: error, callSid }, 'a supervisor could not be told what was done'),
    );
  }

  private async carryOut(command: Command): Promise<CommandAnswer | 'forwarded'> {
    if (this.underWay.size > underWayMax) return refused('unavailable');
    for (let tries = 1; tries <= triesMax; tries += 1) {
      if (this.deps.now() >= command.expiresAt) return refused('late');
      const outcome = await this.tryOnce(command);
      if (outcome !== 'again') return outcome;
      await wait(againMs);
    }
    return refused('moving');
  }

  private async tryOnce(command: Command): Promise<Outcome> {
    const { callSid } = command;
    const { door, resident: residentOf, isGone } = this.deps;
    const resident = residentOf(callSid);
    if (resident && !resident.isGone) return this.atHome(command, resident);
    const call = await repeated(() => ownerOf(door.link, callSid));
    if (call === null) return refused('unknown');
    if (call.ended !== null) return refused('ended');
    const { owner } = call;
    const isElsewhere = owner !== null && ownerName(owner) !== ownerName(door.node) && !isGone(owner);
    if (!isElsewhere) return this.withoutHolder(command, call);
    return (await repeated(() => writeInbox(door.link, owner, commandMessage(command)))) === 'sent'
      ? 'forwarded'
      : 'again';
  }

  /** The call's stream is here, or was until a moment ago. */
  private async atHome(command: Command, call: CommandedCall): Promise<Outcome> {
    const { callSid, deed } = command;
    const takesIt = (): boolean =>
      !call.isGone && (talks.has(call.place) || (deed.kind === 'whisper' && call.place === 'detached'));
    if (!takesIt()) return 'again';
    if (deed.kind === 'giveBack') return refused('withAssistant');
    const wanted = await this.wantedOf(command);
    if ('refused' in wanted) return refused(wanted.refused);
    // Meanwhile it may have gone, or have left for something else: then somebody is kept for nobody.
    if (!takesIt()) {
      if (deed.kind === 'transfer') await this.deps.staff.leave(callSid);
      return 'again';
    }
    call.tell(wanted.fact);
    await call.settledWithin(journaledMs);
    return wanted.place === undefined ? done : { kind: 'done', place: wanted.place };
  }

  /** Nobody holds it: what is wanted stands in its journal, and the carrier is told to ask. */
  private async withoutHolder(command: Command, call: CallOwner): Promise<Outcome> {
    const { callSid, deed } = command;
    if (deed.kind === 'whisper') return this.note(command, deed, call);
    if (call.state === ends) return deed.kind === 'hangUp' ? done : refused('ended');
    if (deed.kind === 'giveBack') {
      if (call.state !== 'dialing') return refused(comesBack.has(call.state) ? 'withAssistant' : 'withoutAssistant');
    } else if (deed.kind === 'transfer' && call.state === 'dialing') return refused('withStaff');
    const wanted = await this.wantedOf(command);
    if ('refused' in wanted) return refused(wanted.refused);
    // Who is in line is put through from a conversation alone.
    if (wanted.intent === null) {
      await this.deps.staff.leave(callSid);
      return refused('allBusy');
    }
    const moved = await this.move(callSid, call.epoch, wanted.fact, wanted.intent);
    if (moved !== 'done' && deed.kind === 'transfer') await this.deps.staff.leave(callSid);
    return moved === 'done' ? done : moved === 'again' ? 'again' : refused(moved);
  }

  /** The fact, and the intent that it leads to where nobody is there to take it. */
  private async wantedOf({
    callSid,
    by,
    id,
    deed,
  }: Command): Promise<{ fact: Told; intent: Intent | null; place?: number } | { refused: CommandRefusal }> {
    const reason = 'supervisor';
    switch (deed.kind) {
      case 'whisper':
        return { fact: { type: 'supervisor.whispered', noteId: `note_${id}`, by, text: deed.text }, intent: null };
      case 'hangUp':
        return { fact: { type: 'supervisor.hungUp', by }, intent: { kind: 'hangup', reason } };
      case 'giveBack':
        return { fact: { type: 'supervisor.gaveBack', by }, intent: { kind: 'handover', reason } };
      case 'takeOver': {
        const { to } = deed;
        return {
          fact: { type: 'supervisor.tookOver', by, to },
          intent: { kind: 'transfer', reason, to, supervisor: by },
        };
      }
      case 'transfer':
        break;
    }
    const found = await this.deps.staff.reserve(callSid, reason);
    switch (found.kind) {
      case 'ring': {
        const to = found.ring.number;
        return { fact: { type: 'supervisor.transferred', by, to }, intent: { kind: 'transfer', reason, to } };
      }
      case 'away':
        return { fact: { type: 'supervisor.transferred', by }, intent: { kind: 'transfer', reason } };
      case 'busy':
        if (found.place === 0) return { refused: 'allBusy' };
        return { fact: { type: 'supervisor.transferred', by, waits: true }, intent: null, place: found.place };
      case 'closed':
        return { refused: 'staffAway' };
    }
  }

  private async note(command: Command, deed: Extract<Deed, { kind: 'whisper' }>, call: CallOwner): Promise<Outcome> {
    const { door, redact, now } = this.deps;
    const { callSid, id, by } = command;
    if (!comesBack.has(call.state)) return refused('withoutAssistant');
    const noteId = `note_${id}`;
    const [told] = redact({ type: 'supervisor.whispered', noteId, by, text: deed.text });
    if (told === undefined) return refused('unavailable');
    const fact: CallEvent = { ...told, at: now() };
    const late = await repeated(() => appendLate(door.link, { callSid, key: `${fact.type}:${noteId}`, fact }));
    if (late.kind === 'ok' || late.kind === 'repeated') return done;
    if (late.kind === 'unknown') return refused('unknown');
    return late.kind === 'full' ? refused('unavailable') : 'again';
  }

  private async move(
    callSid: string,
    epoch: number,
    told: Told,
    intent: Intent,
  ): Promise<'done' | 'again' | CommandRefusal> {
    const { door, carrier, nextUrl, over } = this.deps;
    let isWithStaff = false;
    const facts: Visit = async (actor, at) => {
      isWithStaff = told.type === 'supervisor.gaveBack' && actor !== null && actor.context.supervisor === null;
      if (isWithStaff) return [];
      const fact: CallEvent = { ...told, at };
      actor?.step(fact);
      return [fact];
    };
    const visited = await visit(door, callSid, epoch, facts, intent);
    if (isWithStaff) return 'withStaff';
    if (visited === 'ended' || visited === 'unknown') return visited;
    if (visited !== 'taken') return 'again';
    const answer = await carrier.redirect(callSid, nextUrl);
    if (answer === 'done') return 'done';
    if (answer === 'gone') {
      await over(callSid);
      return 'ended';
    }
    await this.withdraw(callSid);
    return 'carrier';
  }

  /** The carrier was not told: what it asks by itself later must not find the intent. */
  private async withdraw(callSid: string): Promise<void> {
    const { door } = this.deps;
    const call = await repeated(() => ownerOf(door.link, callSid));
    if (call === null || call.ended !== null || call.owner !== null) return;
    const facts: Visit = async (actor, at) => {
      const fact: CallEvent = { type: 'intent.withdrawn', at };
      actor?.step(fact);
      return [fact];
    };
    await visit(door, callSid, call.epoch, facts, 'none');
  }
}
