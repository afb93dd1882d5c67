import type { CallEvent } from '../../machines/call-events.ts';
import { CallActor } from '../../src/calls/actor.ts';
import { append } from '../../src/directory/journal.ts';
import type { NodeName } from '../../src/directory/keys.ts';
import type { RedisLink } from '../../src/directory/redis.ts';
import { claimArrival, claimStart, newCallSid } from './claimed.ts';

const self: NodeName = { node: 'node-1', incarnation: 'i1' };
const atOnce = 50;
const said = [
  'Do you have oat milk, and what would a large iced latte with it come to?',
  'When do you open on Sunday?',
  'I have been waiting, this is annoying',
  'Thanks, that is great',
];
const answered = 'We do! A large iced latte is five dollars and seventy-five cents, and oat milk adds ninety cents.';

interface LiveActor {
  callSid: string;
  actor: CallActor;
  epoch: number;
  seq: number;
  items: number;
}

/** Actors of calls that go on, driven by facts: no audio, no model, and everything journaled as nodes do. */
export class LiveActors {
  private readonly link: RedisLink;
  private readonly actors: LiveActor[] = [];
  private told = 0;

  constructor(link: RedisLink) {
    this.link = link;
  }

  get count(): number {
    return this.actors.length;
  }

  async begin(count: number): Promise<void> {
    for (let from = 0; from < count; from += atOnce)
      await Promise.all(Array.from({ length: Math.min(atOnce, count - from) }, () => this.beginOne()));
  }

  private async beginOne(): Promise<void> {
    const callSid = newCallSid();
    const from = `+1207555${String(1_000 + this.actors.length)}`;
    const arrival = await claimArrival(this.link, { callSid, node: self, from });
    const actor = CallActor.fold(callSid, []);
    const call: LiveActor = { callSid, actor, epoch: arrival.epoch, seq: 0, items: 0 };
    this.actors.push(call);
    await this.tell(call, [{ type: 'carrier.arrived', at: arrival.at, from, to: '+12075550142', node: self.node }]);
    const start = await claimStart(this.link, { callSid, tokenEpoch: arrival.epoch, owner: self });
    call.epoch = start.epoch;
    call.seq = 0;
    await this.tell(call, [
      { type: 'carrier.streamStarted', at: start.at, streamSid: `MZ${callSid.slice(2)}`, node: self.node },
      { type: 'model.ready', at: start.at, sessionId: 'sess_1', model: 'gpt-realtime-2.1' },
    ]);
  }

  /** Something new is said in one call, then in the next. */
  async change(): Promise<void> {
    const call = this.actors[(this.told * 7) % this.actors.length];
    if (!call) throw new Error('nobody calls');
    this.told += 1;
    call.items += 1;
    const itemId = `item_${call.items}`;
    const at = Date.now();
    const fact: CallEvent =
      call.items % 2 === 1
        ? { type: 'caller.said', at, itemId, text: said[this.told % said.length] ?? '', after: null }
        : { type: 'assistant.said', at, itemId, responseId: `r${call.items}`, text: answered, totalMs: 6_000 };
    await this.tell(call, [fact]);
  }

  private async tell(call: LiveActor, facts: CallEvent[]): Promise<void> {
    for (const fact of facts) call.actor.step(fact);
    const { callSid, epoch, seq } = call;
    const wrote = await append(this.link, { callSid, epoch, firstSeq: seq + 1, facts, state: call.actor.state });
    if (wrote.kind !== 'ok') throw new Error(`a journal was ${wrote.kind}`);
    call.seq = wrote.lastSeq;
  }
}
