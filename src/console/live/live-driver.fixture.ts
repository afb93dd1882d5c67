import type { CallEvent } from '../../../machines/call-events.ts';
import { claimed, newCallSid, streamed, webhook } from '../../directory/calls.fixture.ts';
import { append } from '../../directory/journal.ts';
import type { NodeName } from '../../directory/keys.ts';
import type { RedisLink } from '../../directory/redis.ts';

export const driverNode: NodeName = { node: 'node-1', incarnation: 'i1' };

interface Driven {
  epoch: number;
  seq: number;
  items: number;
}

/** Calls as nodes write them: claims and facts in Redis, no machine and no audio. */
export class LiveDriver {
  private readonly link: RedisLink;
  private readonly calls = new Map<string, Driven>();
  private readonly now: () => number;

  constructor(link: RedisLink, now: () => number = Date.now) {
    this.link = link;
    this.now = now;
  }

  /** A call that has arrived. */
  async arrive(from = '+12075550142', queued = false): Promise<string> {
    const callSid = newCallSid();
    const claim = await claimed(this.link, webhook(callSid, { from, to: '+12075550100' }));
    this.calls.set(callSid, { epoch: claim.epoch, seq: 0, items: 0 });
    const arrived = { type: 'carrier.arrived', at: this.now(), from, to: '+12075550100', node: 'node-1' } as const;
    await this.tell(callSid, queued ? 'waiting' : 'ringing', queued ? { ...arrived, queued: true } : arrived);
    return callSid;
  }

  /** … and talks with the assistant. */
  async connect(callSid: string): Promise<void> {
    const call = this.known(callSid);
    const claim = await streamed(this.link, callSid, call.epoch, { owner: driverNode });
    this.calls.set(callSid, { ...call, epoch: claim.epoch, seq: 0 });
    const at = this.now();
    await this.tell(
      callSid,
      'conversation',
      { type: 'carrier.streamStarted', at, streamSid: `MZ${callSid.slice(2)}`, node: 'node-1' },
      { type: 'model.ready', at, sessionId: 'sess_1', model: 'gpt-realtime' },
    );
  }

  async callerSays(callSid: string, text: string): Promise<string> {
    const itemId = this.item(callSid);
    await this.tell(
      callSid,
      '',
      { type: 'caller.speechStarted', at: this.now() - 900, itemId },
      { type: 'caller.speechStopped', at: this.now() - 100, itemId },
      { type: 'caller.said', at: this.now(), itemId, text, after: null },
    );
    return itemId;
  }

  async aidaSays(callSid: string, text: string, heard = text): Promise<string> {
    const itemId = this.item(callSid);
    const totalMs = text.length * 60;
    const heardMs = Math.round((totalMs * heard.length) / Math.max(1, text.length));
    const at = this.now();
    const cut = heard !== text;
    await this.tell(
      callSid,
      '',
      { type: 'assistant.said', at, itemId, responseId: `r-${itemId}`, text, totalMs },
      { type: 'assistant.heard', at: at + heardMs, itemId, text: heard, heardMs, totalMs, cut },
    );
    return itemId;
  }

  async end(callSid: string): Promise<void> {
    const call = this.known(callSid);
    const fact: CallEvent = {
      type: 'carrier.statusReported',
      at: this.now(),
      status: 'completed',
      durationS: 42,
      sequence: 3,
    };
    await append(this.link, {
      callSid,
      epoch: call.epoch,
      firstSeq: call.seq + 1,
      facts: [fact],
      state: 'ended',
      ended: 'completed',
    });
    this.calls.delete(callSid);
  }

  /** Facts, and the state that they lead to; '' leaves it. */
  async tell(callSid: string, state: string, ...facts: CallEvent[]): Promise<void> {
    const call = this.known(callSid);
    const { epoch, seq } = call;
    const wrote = await append(this.link, { callSid, epoch, firstSeq: seq + 1, facts, ...(state && { state }) });
    if (wrote.kind !== 'ok') throw new Error(`append came to ${wrote.kind}`);
    call.seq = wrote.lastSeq;
  }

  private item(callSid: string): string {
    const call = this.known(callSid);
    call.items += 1;
    return `item_${call.items}`;
  }

  private known(callSid: string): Driven {
    const call = this.calls.get(callSid);
    if (!call) throw new Error(`${callSid} is no call of this driver`);
    return call;
  }
}
