import type { Random } from './random.ts';
import type { Web, WebhookRecord } from './web.ts';
import type { TwilioFaults } from './world.ts';

type Params = readonly (readonly [string, string])[];

interface CallbackAsk {
  url: string;
  method: 'GET' | 'POST';
  params: Params;
  /** The call it belongs to; a dialed phone's are its caller's. */
  callSid: string;
  /** Not before so long. */
  afterMs?: number;
  record: (record: WebhookRecord) => void;
}

/** Requests whose answer is not TwiML: status, stream and recording callbacks. Shuffled and doubled as the faults say. */
export class Callbacks {
  private readonly web: Web;
  private readonly random: Random;
  private readonly faults: TwilioFaults;
  private readonly complain: (text: string) => void;
  private readonly warn: (code: number, text: string) => void;
  private readonly underWay = new Map<Promise<void>, string>();

  constructor(
    web: Web,
    random: Random,
    faults: TwilioFaults,
    complain: (text: string) => void,
    warn: (code: number, text: string) => void,
  ) {
    this.web = web;
    this.random = random;
    this.faults = faults;
    this.complain = complain;
    this.warn = warn;
  }

  /** Never waits; {@link settled} does. */
  send(ask: CallbackAsk): void {
    const times = this.random.chance(this.faults.callbackTwice) ? 2 : 1;
    for (let time = 0; time < times; time++) {
      const delayMs = (ask.afterMs ?? 0) + this.random.between(0, this.faults.callbackDelayMsMax + 1);
      const sent = this.deliver(ask, delayMs).finally(() => this.underWay.delete(sent));
      this.underWay.set(sent, ask.callSid);
    }
  }

  /** Resolves when nothing of this call, or of any, is under way. */
  async settled(callSid?: string): Promise<void> {
    for (;;) {
      const open = [...this.underWay].filter(([, owner]) => callSid === undefined || owner === callSid);
      if (open.length === 0) return;
      await Promise.all(open.map(([sent]) => sent));
    }
  }

  private async deliver(ask: CallbackAsk, delayMs: number): Promise<void> {
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    const { record } = await this.web.ask(ask);
    ask.record(record);
    if (record.errorCode === null) return;
    const text = `callback ${record.method} ${record.url}: ${record.status ?? record.tries.at(-1)?.failure}`;
    if (record.status === null) this.warn(record.errorCode, text);
    else this.complain(text);
  }
}
