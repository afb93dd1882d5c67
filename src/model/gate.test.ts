import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ResponseGate } from './gate.ts';

type Step = [call: (gate: ResponseGate) => boolean | string | void, expected?: boolean | string];

/** Scenario by scenario: each step with what the gate answers. */
const scenarios: Record<string, Step[]> = {
  'a single ask is sent at once, the next waits for the end of the first': [
    [(g) => g.ask(), true],
    [(g) => g.ask(), false],
    [(g) => g.created('resp_1'), 'go'],
    [(g) => g.done('resp_1'), false],
    [(g) => g.ask(), true],
  ],
  'two tools in one response: one create after both outputs and response.done': [
    [(g) => g.created('resp_1'), 'go'],
    [(g) => g.called('resp_1', 'a'), true],
    [(g) => g.called('resp_1', 'b'), true],
    [(g) => g.output('a', true), false],
    [(g) => g.done('resp_1'), false],
    [(g) => g.output('b', true), true],
    [(g) => g.created('resp_2'), 'go'],
    [(g) => g.done('resp_2'), false],
  ],
  'outputs first, response.done last': [
    [(g) => g.created('resp_1'), 'go'],
    [(g) => g.called('resp_1', 'a'), true],
    [(g) => g.output('a', true), false],
    [(g) => g.done('resp_1'), true],
  ],
  'an answer to a noise is cancelled, now or when it begins, and what is asked for then comes after it': [
    [(g) => g.speechStarted()],
    [(g) => g.speechStopped()],
    [(g) => g.refuseAnswer(), 'coming'],
    [(g) => g.ask(), false],
    [(g) => g.created('resp_1'), 'cancel'],
    [(g) => g.done('resp_1'), true],
    [(g) => g.created('resp_2'), 'go'],
    [(g) => g.refuseAnswer(), 'no'],
    [(g) => g.done('resp_2'), false],
    [(g) => g.speechStarted()],
    [(g) => g.speechStopped()],
    [(g) => g.created('resp_3'), 'go'],
    [(g) => g.refuseAnswer(), 'active'],
    [(g) => g.done('resp_3'), false],
    [(g) => g.refuseAnswer(), 'done'],
    [(g) => g.speechStarted()],
    [(g) => g.refuseAnswer(), 'no'],
  ],
  'an answer to a noise that also speaks about a result, or asks for a tool, is let': [
    [(g) => g.created('resp_1'), 'go'],
    [(g) => g.called('resp_1', 'a'), true],
    [(g) => g.done('resp_1'), false],
    [(g) => g.speechStarted()],
    [(g) => g.output('a', true), false],
    [(g) => g.speechStopped()],
    [(g) => g.refuseAnswer(), 'no'],
    [(g) => g.created('resp_2'), 'go'],
    [(g) => g.refuseAnswer(), 'no'],
    [(g) => g.done('resp_2'), false],
    [(g) => g.speechStarted()],
    [(g) => g.speechStopped()],
    [(g) => g.created('resp_3'), 'go'],
    [(g) => g.called('resp_3', 'b'), true],
    [(g) => g.refuseAnswer(), 'no'],
  ],
  'an answer that was refused and did not come in time is forgotten': [
    [(g) => g.speechStarted()],
    [(g) => g.speechStopped()],
    [(g) => g.refuseAnswer(), 'coming'],
    [(g) => g.overdue(), false],
    [(g) => g.created('resp_1'), 'go'],
  ],
  'a call reported twice counts once': [
    [(g) => g.created('resp_1'), 'go'],
    [(g) => g.called('resp_1', 'a'), true],
    [(g) => g.called('resp_1', 'a'), false],
    [(g) => g.done('resp_1'), false],
    [(g) => g.output('a', true), true],
  ],
  'an output that wants no answer gets none': [
    [(g) => g.created('resp_1'), 'go'],
    [(g) => g.called('resp_1', 'a'), true],
    [(g) => g.done('resp_1'), false],
    [(g) => g.output('a', false), false],
  ],
  'one of two outputs wants an answer': [
    [(g) => g.created('resp_1'), 'go'],
    [(g) => g.called('resp_1', 'a'), true],
    [(g) => g.called('resp_1', 'b'), true],
    [(g) => g.done('resp_1'), false],
    [(g) => g.output('a', true), false],
    [(g) => g.output('b', false), true],
  ],
  'the caller interrupted, a response runs that began before the output: one create when it is done': [
    [(g) => g.created('resp_1'), 'go'],
    [(g) => g.called('resp_1', 'a'), true],
    [(g) => g.done('resp_1'), false],
    [(g) => g.speechStarted()],
    [(g) => g.speechStopped()],
    [(g) => g.created('resp_2'), 'go'],
    [(g) => g.itemSent('out')],
    [(g) => g.output('a', true), false],
    [(g) => g.itemSettled('out')],
    [(g) => g.done('resp_2'), true],
  ],
  'a response that began after the output was added has answered it': [
    [(g) => g.created('resp_1'), 'go'],
    [(g) => g.called('resp_1', 'a'), true],
    [(g) => g.done('resp_1'), false],
    [(g) => g.speechStarted()],
    [(g) => g.itemSent('out')],
    [(g) => g.output('a', true), false],
    [(g) => g.itemSettled('out')],
    [(g) => g.speechStopped()],
    [(g) => g.created('resp_2'), 'go'],
    [(g) => g.done('resp_2'), false],
  ],
  'the output was still under way when the automatic response began: one more create': [
    [(g) => g.created('resp_1'), 'go'],
    [(g) => g.called('resp_1', 'a'), true],
    [(g) => g.done('resp_1'), false],
    [(g) => g.speechStarted()],
    [(g) => g.speechStopped()],
    [(g) => g.itemSent('out')],
    [(g) => g.output('a', true), false],
    [(g) => g.created('resp_2'), 'go'],
    [(g) => g.itemSettled('out')],
    [(g) => g.done('resp_2'), true],
  ],
  'nothing is asked while the caller speaks; the server that does not answer is asked when overdue': [
    [(g) => g.speechStarted()],
    [(g) => g.ask(), false],
    [(g) => g.speechStopped()],
    [(g) => g.overdue(), true],
    [(g) => g.created('resp_1'), 'go'],
  ],
  'our response began while the caller speaks: cancel it, the turn is answered by the server': [
    [(g) => g.itemSent('opening')],
    [(g) => g.ask(), true],
    [(g) => g.speechStarted()],
    [(g) => g.itemSettled('opening')],
    [(g) => g.created('resp_1'), 'cancel'],
    [(g) => g.done('resp_1'), false],
    [(g) => g.speechStopped()],
    [(g) => g.created('resp_2'), 'go'],
    [(g) => g.done('resp_2'), false],
  ],
  'already_has_active_response: pending until the active one is done': [
    [(g) => g.itemSent('out')],
    [(g) => g.ask(), true],
    [(g) => g.created('resp_auto'), 'go'],
    [(g) => g.itemSettled('out')],
    [(g) => g.refusedByActive('resp_auto'), false],
    [(g) => g.done('resp_auto'), true],
  ],
  'already_has_active_response, but that one began after our items: nothing is owed': [
    [(g) => g.itemSent('out')],
    [(g) => g.ask(), true],
    [(g) => g.itemSettled('out')],
    [(g) => g.created('resp_auto'), 'go'],
    [(g) => g.refusedByActive('resp_auto'), false],
    [(g) => g.done('resp_auto'), false],
  ],
  'already_has_active_response names one that is done: ask again': [
    [(g) => g.created('resp_1'), 'go'],
    [(g) => g.done('resp_1'), false],
    [(g) => g.ask(), true],
    [(g) => g.refusedByActive('resp_1'), true],
  ],
  'already_has_active_response names an unknown one: wait for it': [
    [(g) => g.ask(), true],
    [(g) => g.refusedByActive('resp_x'), false],
    [(g) => g.ask(), false],
    [(g) => g.done('resp_x'), true],
  ],
  'already_has_active_response names none: ask again when overdue': [
    [(g) => g.ask(), true],
    [(g) => g.refusedByActive(null), false],
    [(g) => g.overdue(), true],
  ],
  'another refusal of our create frees the gate': [
    [(g) => g.ask(), true],
    [(g) => g.refused()],
    [(g) => g.ask(), true],
  ],
  'the end of another response does not free the active one': [
    [(g) => g.created('resp_1'), 'go'],
    [(g) => g.ask(), false],
    [(g) => g.done('resp_0'), false],
    [(g) => g.done('resp_1'), true],
  ],
};

describe('the gate of response.create', () => {
  for (const [name, steps] of Object.entries(scenarios)) {
    test(name, () => {
      const gate = new ResponseGate();
      const answers = steps.map(([call]) => call(gate));
      expect(answers).toEqual(steps.map(([, expected]) => expected));
    });
  }

  /**
   * A server that serves one response at a time, delivers in order both ways and answers turns by itself. The gate
   * must never create twice, and everything that was asked for must be seen by some later response.
   */
  test('any interleaving: one response at a time, and no output stays unanswered', () => {
    const action = fc.constantFrom('call', 'output', 'deliver', 'finish', 'speak', 'stop', 'hear');
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
        const world = new World();
        for (const name of actions) world[name]();
        world.settle();
        expect(world.unanswered).toEqual([]);
        expect(world.collisions).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});

/** The gate's client side with its server, and two ordered lines between them. */
class World {
  readonly gate = new ResponseGate();
  unanswered: string[] = [];
  /** Creates sent while we knew of an active response. */
  collisions = 0;
  #toServer: (() => void)[] = [];
  #toClient: (() => void)[] = [];
  #known: string[] = [];
  #active: string | null = null;
  #speaking = false;
  #ids = 0;
  #open: string[] = [];

  call(): void {
    const active = this.#active;
    if (active === null) return;
    const callId = `call_${++this.#ids}`;
    this.#toClient.push(() => {
      if (this.gate.called(active, callId)) this.#open.push(callId);
    });
  }

  output(): void {
    const callId = this.#open.shift();
    if (callId === undefined) return;
    const itemId = `item_${callId}`;
    this.gate.itemSent(itemId);
    this.unanswered.push(itemId);
    this.#toServer.push(() => {
      this.#known.push(itemId);
      this.#toClient.push(() => this.gate.itemSettled(itemId));
    });
    this.#create(this.gate.output(callId, true));
  }

  deliver(): void {
    this.#toServer.shift()?.();
  }

  hear(): void {
    this.#toClient.shift()?.();
  }

  finish(): void {
    const active = this.#active;
    if (active === null) return;
    this.#active = null;
    this.#toClient.push(() => this.#create(this.gate.done(active)));
  }

  speak(): void {
    if (this.#speaking) return;
    this.#speaking = true;
    this.#toClient.push(() => this.gate.speechStarted());
    this.finish();
  }

  stop(): void {
    if (!this.#speaking) return;
    this.#speaking = false;
    this.#toClient.push(() => this.gate.speechStopped());
    if (this.#active === null) this.#begin();
  }

  settle(): void {
    this.stop();
    for (let round = 0; round < 200; round++) {
      while (this.#toServer.length > 0) this.deliver();
      while (this.#toClient.length > 0) this.hear();
      while (this.#open.length > 0) this.output();
      if (this.#toServer.length > 0 || this.#toClient.length > 0) continue;
      if (this.#active !== null) this.finish();
      else if (this.gate.owed) this.#create(this.gate.overdue());
      else break;
    }
  }

  #begin(): void {
    const id = `resp_${++this.#ids}`;
    this.#active = id;
    this.unanswered = this.unanswered.filter((item) => !this.#known.includes(item));
    this.#toClient.push(() => {
      if (this.gate.created(id) === 'cancel')
        this.#toServer.push(() => (this.#active === id ? this.finish() : undefined));
    });
  }

  #create(due: boolean): void {
    if (!due) return;
    if (this.gate.active !== null) this.collisions++;
    this.#toServer.push(() => {
      const active = this.#active;
      if (active === null) this.#begin();
      else this.#toClient.push(() => this.#create(this.gate.refusedByActive(active)));
    });
  }
}
