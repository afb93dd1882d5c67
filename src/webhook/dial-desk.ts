import type { CallView, TwimlRequest } from '../calls/call-door.ts';
import type { Told } from '../calls/stream-port.ts';
import type { DialResult, Ring, StaffDesk, StaffFound } from '../services/staff-desk.ts';
import type { Bounded } from './bounded.ts';
import { CALL_SID, type CarrierRequest, isOver } from './request.ts';

export type StaffPort = Pick<StaffDesk, 'ring' | 'ringNext' | 'accepted' | 'ended' | 'hungUp' | 'leave'>;

/** Of the time for an answer, what may pass until it is known who is rung. */
const STAFF_SHARE = 0.3;
const HOLD = /^\d{1,15}$/;
/** In place of a hold: a supervisor's phone is rung, who is nobody of the staff. */
const SUPERVISOR = 'supervisor';
const SUPERVISOR_RING_S = 25;
const talked: ReadonlySet<string> = new Set(['completed', 'answered']);
const results: ReadonlySet<string> = new Set<DialResult>(['completed', 'busy', 'no-answer', 'failed', 'canceled']);
/** A call that has come here will not be put through by itself any more. */
const elsewhere: ReadonlySet<CallView['state']> = new Set(['recording', 'reviewing', 'menu', 'hangingUp']);

/** Goes with the question what is next of a call that waits for the staff. */
export const inLineQuery = 'w=1';
const isInLine = (request: CarrierRequest): boolean => request.query.get('w') === '1';

/** What the hold is called in the URLs that the carrier asks. */
export const holdOf = (request: CarrierRequest): string | null => {
  const hold = request.query.get('h') ?? '';
  return HOLD.test(hold) ? hold : null;
};

/** The line to a supervisor who takes a call over. */
export const isSupervisorLine = (request: CarrierRequest): boolean => request.query.get('h') === SUPERVISOR;

/** The caller's call, as the line to a member of the staff names it. */
export const callerOf = (request: CarrierRequest): string | null => {
  const parent = request.value('ParentCallSid');
  return CALL_SID.test(parent) ? parent : null;
};

/** It is about the line to a member of the staff, not about the caller's. */
export const isStaffLine = (request: CarrierRequest): boolean => request.value('Direction') === 'outbound-dial';

/** `declined`: the phone was answered, and the call not accepted; the carrier words that as it likes. */
function resultOf(request: CarrierRequest): DialResult {
  const status = request.value('DialCallStatus');
  if (talked.has(status)) return request.value('DialBridged') === 'false' ? 'declined' : 'completed';
  // Without a result nobody was rung.
  return results.has(status) ? (status as DialResult) : 'failed';
}

/** What a dial came to, and who is rung next. */
export interface Dialed {
  fact: Told;
  ring: Ring | null;
}

/** Whom a call rings, and what came of it. */
export class DialDesk {
  private readonly staff: StaffPort;
  private readonly bounded: Bounded;
  private readonly shareMs: number;

  constructor(deps: { staff: StaffPort; bounded: Bounded; answerTimeoutMs: number }) {
    this.staff = deps.staff;
    this.bounded = deps.bounded;
    this.shareMs = deps.answerTimeoutMs * STAFF_SHARE;
  }

  /** `/voice/dial-result`: the next member of the staff is rung unless somebody talked, or the caller is gone. */
  async dialed(request: CarrierRequest): Promise<Dialed> {
    const result = resultOf(request);
    const fact = { type: 'carrier.dialEnded', result, durationS: request.count('DialCallDuration') ?? 0 } as const;
    const hold = holdOf(request);
    const { callSid } = request;
    if (hold === null) {
      if (isInLine(request)) return { fact: { ...fact, waits: true }, ring: null };
      // Redis did not answer in time when somebody was sought, and may have kept one all the same.
      this.leave(callSid);
      return { fact, ring: null };
    }
    if (talked.has(result) || isOver(request.callStatus)) {
      const how = talked.has(result) ? result : 'canceled';
      void this.bounded(
        callSid,
        () => this.staff.ended(callSid, hold, how),
        () => undefined,
      );
      return { fact, ring: null };
    }
    const asked = this.staff.ringNext(callSid, hold, result);
    const ring = await this.bounded(
      callSid,
      () => asked,
      () => null,
      this.shareMs,
    );
    // Whoever is found too late is not rung, and must not stay kept.
    if (ring === null) this.leave(callSid, asked);
    return { fact: ring === null ? fact : { ...fact, next: ring.number }, ring };
  }

  /**
   * Finds somebody for a call that is to be put through, for `found`. One that can go on talking gets in line where
   * nobody is free; one that goes elsewhere leaves it.
   */
  preparing(
    callSid: string,
    kind: TwimlRequest['kind'],
    found: { staff?: StaffFound },
  ): (view: CallView) => Promise<void> {
    return async (view) => {
      if (view.state !== 'dialing') {
        if (elsewhere.has(view.state)) this.leave(callSid);
        return;
      }
      if (view.supervisor !== null && view.ringing !== null) {
        // Whoever of the staff was kept for the call is not needed any more.
        this.leave(callSid);
        const ring = { number: view.ringing, hold: SUPERVISOR, ringS: SUPERVISOR_RING_S, isWarm: true };
        found.staff = { kind: 'ring', ring };
        return;
      }
      const waitsFor = kind === 'next' ? view.about : null;
      found.staff ??= await this.bounded<StaffFound>(
        callSid,
        () => this.staff.ring(callSid, view.ringing, waitsFor),
        () => ({ kind: 'away' }),
        this.shareMs,
      );
    };
  }

  /** The line to a member of the staff is over. How it came out where nobody took it is the dial's to tell. */
  async lineEnded(request: CarrierRequest): Promise<void> {
    const [callSid, hold] = [callerOf(request), holdOf(request)];
    if (callSid === null || hold === null || request.callStatus !== 'completed') return;
    await this.bounded(
      callSid,
      () => this.staff.hungUp(callSid, hold),
      () => undefined,
    );
  }

  private leave(callSid: string, after: Promise<unknown> = Promise.resolve()): void {
    void this.bounded(
      callSid,
      () => after.then(() => this.staff.leave(callSid)),
      () => undefined,
    );
  }
}
