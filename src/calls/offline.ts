import type { Log } from '../telemetry/log.ts';
import { CallActor } from './actor.ts';
import type { DoorRefusal, TwimlRequest } from './call-door.ts';
import type { Hold, Resident, ResidentStream } from './resident.ts';
import type { AttachRequest, Told } from './stream-port.ts';

/** As long as a stream's token: a call whose TwiML is older was answered anew, and a used token has expired. */
const rememberedMs = 60_000;
/** Breaks count so long, as in the directory. */
const breakLifeMs = 60_000;
const rememberedMax = 10_000;

export interface OfflineDeps {
  node: string;
  /** Redis-clock ms, also while Redis is away. */
  now(): number;
  find(callSid: string): Resident | undefined;
  host(hold: Hold, actor: CallActor, stream: ResidentStream | null): Resident;
  log: Log;
}

/** What this process did for a call without Redis. */
interface Remembered {
  at: number;
  answered: { kind: TwimlRequest['kind']; idempotencyToken: string | null; twiml: string } | null;
  /** Epochs of tokens up to it were used. */
  usedEpoch: number;
  breaks: number[];
}

/**
 * The calls of this process while Redis is away: new ones under provisional epochs, and those that it has in memory.
 * Everything is journaled when Redis is back; until then another process may have done the same for a call, and the one
 * that hears the caller keeps it.
 */
export class Offline {
  private readonly deps: OfflineDeps;
  /** By CallSid, oldest first. */
  private readonly remembered = new Map<string, Remembered>();

  constructor(deps: OfflineDeps) {
    this.deps = deps;
  }

  /** Answers from memory; a call that this process does not know is refused unless it arrives. */
  answer(request: TwimlRequest): { twiml: string } | { refused: DoorRefusal } {
    const { callSid, kind, idempotencyToken } = request;
    const known = this.remember(callSid);
    if (isRepeat(known.answered, request)) return { twiml: known.answered.twiml };
    const here = this.deps.find(callSid);
    // A call that has gone on does not arrive again.
    if ((kind === 'arrive') === (here !== undefined)) return { refused: 'unavailable' };
    const resident = here ?? this.arrive(callSid);
    if (resident.hasEnded) return { refused: 'ended' };
    if (!resident.goOnAlone(() => this.completed(request.fact, known, resident))) return { refused: 'unavailable' };
    const twiml = request.render(resident.view);
    known.answered = { kind, idempotencyToken, twiml };
    this.deps.log.warn({ callSid, kind, state: resident.state }, 'webhook answered without Redis');
    return { twiml };
  }

  /** The stream of a call that Redis cannot give away, or does not know. */
  attach({ callSid, epoch: tokenEpoch, streamSid, port }: AttachRequest): Resident | 'refused' {
    const { node, now, find, host, log } = this.deps;
    const known = this.remember(callSid);
    if (tokenEpoch <= known.usedEpoch) return 'refused';
    const stream = { streamSid, node, port };
    const resident = find(callSid);
    if (resident && !resident.adopt(stream, tokenEpoch)) return 'refused';
    known.usedEpoch = tokenEpoch;
    log.warn({ callSid, isKnown: resident !== undefined }, 'stream attached without Redis');
    if (resident) return resident;
    // All that is known of it is that the token is genuine; who answered for it has journaled what came before.
    const epoch = Math.max(Math.floor(now()), tokenEpoch + 1);
    return host({ callSid, epoch, claimedAt: null, earlier: [] }, CallActor.fold(callSid, []), stream);
  }

  private arrive(callSid: string): Resident {
    const epoch = Math.floor(this.deps.now());
    return this.deps.host({ callSid, epoch, claimedAt: null, earlier: [] }, CallActor.fold(callSid, []), null);
  }

  /** Fills in what otherwise the claim knows. */
  private completed(fact: Told, known: Remembered, resident: Resident): Told {
    if (fact.type === 'carrier.arrived') return { ...fact, node: this.deps.node };
    if (fact.type !== 'carrier.nextAsked') return fact;
    const now = this.deps.now();
    const intent = resident.takeIntent();
    known.breaks = known.breaks.filter((at) => now - at < breakLifeMs);
    if (intent === null) known.breaks.push(now);
    return { ...fact, intent, breaks: known.breaks.length };
  }

  private remember(callSid: string): Remembered {
    const at = this.deps.now();
    const known = this.remembered.get(callSid) ?? { at, answered: null, usedEpoch: 0, breaks: [] };
    this.remembered.delete(callSid);
    this.remembered.set(callSid, known);
    known.at = at;
    for (const [oldest, { at: last }] of this.remembered) {
      if (this.remembered.size <= rememberedMax && at - last < rememberedMs) break;
      this.remembered.delete(oldest);
    }
    return known;
  }
}

/** The first answer to an arrival stands until the call has gone on. */
function isRepeat(
  answered: Remembered['answered'],
  { kind, idempotencyToken }: TwimlRequest,
): answered is NonNullable<Remembered['answered']> {
  if (answered === null || answered.kind !== kind) return false;
  return kind === 'arrive' || (idempotencyToken !== null && idempotencyToken === answered.idempotencyToken);
}
