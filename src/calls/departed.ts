import { resendAgeMs } from './journal-writer.ts';
import type { Resident } from './resident.ts';

/** Calls that left with all their facts in the journal: a failover may lose the last of them, and nobody else has them. */
export class Departed {
  private calls: { call: Resident; atMs: number }[] = [];

  /** `nowMs`: Redis-clock. */
  add(call: Resident, nowMs: number): void {
    this.forget(nowMs);
    this.calls.push({ call, atMs: nowMs });
  }

  /** Redis reconnected or changed its primary. */
  resend(nowMs: number): void {
    this.forget(nowMs);
    for (const { call } of this.calls) void call.resend();
  }

  /** None of them writes any more. */
  close(): void {
    for (const { call } of this.calls) call.closeJournal();
    this.calls = [];
  }

  private forget(nowMs: number): void {
    const young = this.calls.findIndex(({ atMs }) => nowMs - atMs < resendAgeMs);
    for (const { call } of this.calls.splice(0, young < 0 ? this.calls.length : young)) call.closeJournal();
  }
}
