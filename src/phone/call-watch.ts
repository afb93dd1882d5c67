import type { CallEvent } from '../../machines/call-events.ts';
import { readJournalAfter } from '../directory/journal.ts';
import { dropPhoneCall, holdPhoneCall, phoneLifeMs, takePhoneOrder } from '../directory/phone-calls.ts';
import type { RedisLink } from '../directory/redis.ts';
import { z } from 'zod';
import type { Order } from './line.ts';
import type { TranscriptSignal } from './signals.ts';

const LOOK_MS = 400;
const HOLD_LOOKS = Math.floor(phoneLifeMs / 3 / LOOK_MS);

const orders = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('end') }),
  z.strictObject({ kind: z.literal('ask'), url: z.string() }),
  z.strictObject({ kind: z.literal('run'), twiml: z.string() }),
]) satisfies z.ZodType<Order>;

export interface CallWatchOptions {
  link: RedisLink;
  callSid: string;
  tell(signal: TranscriptSignal): void;
  obey(order: Order): void;
}

/** Says in Redis that a browser holds the call, tells what its journal says of words, and takes orders for it. */
export class CallWatch {
  private readonly options: CallWatchOptions;
  private last: { epoch: number; seq: number } | null = null;
  private looks = 0;
  private timer: NodeJS.Timeout | null = null;
  private isOver = false;

  constructor(options: CallWatchOptions) {
    this.options = options;
    void this.look();
  }

  /** What was written until now is told once more. Never rejects. */
  async end(): Promise<void> {
    if (this.isOver) return;
    this.isOver = true;
    if (this.timer) clearTimeout(this.timer);
    const { link, callSid } = this.options;
    await this.read().catch(() => undefined);
    await dropPhoneCall(link, callSid).catch(() => undefined);
  }

  private async look(): Promise<void> {
    const { link, callSid, obey } = this.options;
    try {
      // Redis may be away: the conversation goes on without its words.
      if (link.ready) {
        if (this.looks % HOLD_LOOKS === 0) await holdPhoneCall(link, callSid);
        this.looks += 1;
        await this.read();
        const order = await takePhoneOrder(link, callSid);
        if (order !== null) obey(orders.parse(JSON.parse(order)));
      }
    } catch {
      // The next look tries again.
    }
    if (!this.isOver) this.timer = setTimeout(() => void this.look(), LOOK_MS);
  }

  private async read(): Promise<void> {
    const { link, callSid, tell } = this.options;
    for (const entry of await readJournalAfter(link, callSid, this.last)) {
      this.last = { epoch: entry.epoch, seq: entry.seq };
      const signal = entry.kind === 'fact' ? signalOf(entry.fact) : null;
      if (signal) tell(signal);
    }
  }
}

function signalOf(fact: CallEvent): TranscriptSignal | null {
  switch (fact.type) {
    case 'caller.said':
      return { line: 'said', who: 'caller', itemId: fact.itemId, text: fact.text };
    case 'assistant.said':
      return { line: 'said', who: 'assistant', itemId: fact.itemId, text: fact.text };
    case 'assistant.heard':
      return { line: 'heard', itemId: fact.itemId, text: fact.text, cut: fact.cut };
    case 'tool.asked':
      return { line: 'tool', name: fact.name };
    default:
      return null;
  }
}
