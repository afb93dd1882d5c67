import type { Intent } from '../../machines/call-events.ts';
import type { CarrierPort } from './carrier.ts';
import type { JournalWriter } from './journal-writer.ts';
import type { StreamPort } from './stream-port.ts';
import { within } from './within.ts';

/** So long the journal has for the intent before the caller hears why nothing happens. */
export const ackMs = 300;
/** Then the carrier is told what comes next without the journal. */
export const replaceAfterMs = 5_000;
/** Redis' last word before the carrier's REST interface is used. */
const lastWordMs = 350;
/** Of a line that lives something is heard this often: frames, or the echo of a probe. */
const lineAliveMs = 2_500;

export interface Leaving {
  callSid: string;
  intent: Intent;
  /** TwiML that carries out the intent; null where only the journal can. */
  twiml(): string | null;
  port: StreamPort;
  writer: JournalWriter;
  carrier: CarrierPort;
  /** The stream is over or the call is somebody else's. */
  isOver(): boolean;
}

/**
 * `committed`: the next epoch finds the intent; `replaced`: the carrier carries it out; `gone`: so is the caller;
 * `nowhere`: nobody could be told; `closed`: the journal takes nothing any more; `over`: there is nothing left to leave.
 */
export type Left = 'committed' | 'replaced' | 'gone' | 'nowhere' | 'closed' | 'over';

/**
 * The line stays open until somebody knows what is to come: one that closes before would be taken for a break. First
 * the journal, repeated for some seconds under a holding line, then the carrier itself.
 */
export async function leaveStream(leaving: Leaving): Promise<Left> {
  const { writer, intent, port, isOver } = leaving;
  await port.lastWords();
  if (isOver()) return 'over';
  const committing = writer.leave(intent);
  if (!(await within(ackMs, committing)) && !isOver()) {
    // A handover is nothing that the caller waits for.
    const held = intent.kind === 'handover' ? Promise.resolve() : port.say('holding');
    if (await within(replaceAfterMs - ackMs, committing)) await held;
  }
  if (isOver()) return 'over';
  const isAnswered = await within(0, committing);
  if (isAnswered && (await committing)) return 'committed';
  const replaced = await replace(leaving);
  if (replaced !== 'nowhere' || !(await within(0, committing))) return replaced;
  // Redis has come back meanwhile, or the journal never takes anything again.
  return (await committing) ? 'committed' : 'closed';
}

/** A node that was frozen finds its bounds passed as well: it hears Redis and the line first, the call may be another's. */
async function replace({ callSid, twiml: twimlOf, port, writer, carrier, isOver }: Leaving): Promise<Left> {
  const twiml = twimlOf();
  if (twiml === null) return 'nowhere';
  const isCommitted = await writer.confirmed(lastWordMs);
  if (isOver()) return 'over';
  if (isCommitted || port.heardMs() > lineAliveMs) return 'nowhere';
  const answer = await carrier.replace(callSid, twiml);
  if (answer === 'done') return 'replaced';
  return answer === 'gone' ? 'gone' : 'nowhere';
}
