import { type CallContext, type Leaving, Step } from './call-context.ts';
import { type CallEvent, type Line, limits } from './call-events.ts';
import { isBetweenTurns, runsTool, seedOf } from './call-turns.ts';

/** The clocks of a conversation: what happens when nobody says anything, a session grows old or the call too long. Pure. */

type Of<T extends CallEvent['type']> = Extract<CallEvent, { type: T }>;

export const play = (step: Step, line: Line) => step.want({ type: 'line.play', line, language: step.context.language });

/** The clocks that go on through the whole conversation; who disarmed all deadlines in it arms them again. */
export function armLong(step: Step): Step {
  const { rotateAt, lengthAt } = step.context;
  if (rotateAt !== null) step.arm('rotate', rotateAt);
  return lengthAt === null ? step : step.arm('length', lengthAt);
}

/** The conversation begins, or goes on with another stream. */
export function startLength(step: Step, at: number): Step {
  const { lastsMsMax, lengthAt } = step.context;
  if (lastsMsMax === null || lengthAt !== null) return step;
  return step.set({ lengthAt: at + Math.max(0, lastsMsMax - limits.nearlyOverMs) });
}

/** Who could not be hung up on at the end of the time is told so again after a while, not at once. */
export function putOffLength(step: Step, at: number): Step {
  const { lengthAt } = step.context;
  return lengthAt === null || lengthAt > at ? step : step.set({ lengthAt: at + limits.nearlyOverMs });
}

/** What was said until now is no answer to the caller's turn, not even where it ended only now. */
function unanswered(step: Step): Step {
  const { lastResponse } = step.context;
  return lastResponse === null ? step : step.set({ lastResponse: { ...lastResponse, spoke: false } });
}

/** The caller waits for a word from here on. */
export function armAnswer(step: Step, at: number): Step {
  return step
    .set({ waits: 0 })
    .disarm('quiet')
    .arm('answer', at + limits.answerMs[0]);
}

/** It is the caller's turn. */
export function armQuiet(step: Step, at: number): Step {
  const quietMs = step.context.inLine ? limits.inLineQuietMs : limits.quietMs;
  return step.disarm('answer').arm('quiet', at + quietMs);
}

export function withSpeech(context: CallContext, { type, itemId }: Of<`caller.speech${'Started' | 'Stopped'}`>) {
  return new Step(context).set({ speaking: type === 'caller.speechStarted', turnOpen: true, soundId: itemId });
}

/** The caller speaks. */
export function beginTurn(step: Step): Step {
  return unanswered(step.disarm('quiet').disarm('answer'));
}

/** The caller has spoken: a response that was broken off meanwhile may have ended after the turn began. */
export function endTurn(step: Step, at: number): Step {
  return armAnswer(unanswered(step), at);
}

/** The last sound was a noise: nobody owes anybody an answer. An earlier one says nothing of the turn that is open. */
export function withoutTurn(context: CallContext, { itemId, at }: Of<'caller.said'>) {
  const step = new Step(context);
  if (context.speaking || context.soundId !== itemId) return step;
  return settle(step.disarm('answer').set({ turnOpen: false }), at);
}

/** A tool runs: until its result is there the caller waits for nothing else. */
export function awaitTool(step: Step, at: number): Step {
  return step
    .disarm('answer')
    .disarm('quiet')
    .arm('filler', at + limits.fillerMs);
}

/** A tool, or a model that is being opened, takes its time. */
export function fill(context: CallContext) {
  const step = new Step(context).disarm('filler');
  return context.speaking ? step : play(step, 'moment');
}

/** The caller hears nothing: first a sentence, then the model is asked again, then it is given up. */
export function waitOn(context: CallContext, at: number) {
  const step = new Step(context).disarm('answer');
  // A tool has a filler and a deadline of its own.
  if (context.speaking || !context.turnOpen || runsTool(context)) return step;
  const waits = context.waits + 1;
  // Nothing may come of the last one either, where a sentence of ours was just being heard.
  const againMs = limits.answerMs[waits] ?? limits.answerMs[2];
  step.set({ waits }).arm('answer', at + againMs);
  if (waits === 1) return play(step, 'moment');
  return step.want(waits === 2 ? { type: 'model.nudge' } : { type: 'model.drop' });
}

export function askWhoIsThere(context: CallContext, at: number) {
  if (context.inLine) return play(armQuiet(new Step(context), at), 'stillInLine');
  const step = new Step(context).set({ quietRounds: context.quietRounds + 1 });
  return play(armQuiet(step, at), 'stillThere');
}

/** Nobody speaks any more. */
export function goodbye(context: CallContext, at: number) {
  return sayAndLeave(context, at, 'goodbye', { kind: 'hangup', reason: 'nobody speaks' });
}

export function sayNearlyOver(context: CallContext, at: number) {
  const { speaking, lengthAt } = context;
  // Not into the caller's sentence, unless that takes too long.
  if (speaking && lengthAt !== null && at < lengthAt + limits.finishMs)
    return new Step(context).arm('length', at + limits.finishCheckMs);
  const step = new Step(context).set({ isNearlyOver: true, lengthAt: at + limits.nearlyOverMs });
  return play(armLong(step), 'nearlyOver');
}

export function endInTime(context: CallContext, at: number) {
  return sayAndLeave(context, at, 'timeIsUp', { kind: 'hangup', reason: 'longest conversation' });
}

/** Somebody on the staff is free for this caller. */
export function connect(context: CallContext, at: number) {
  const { offer } = context;
  return offer === null
    ? new Step(context)
    : sayAndLeave(context, at, 'connecting', { kind: 'transfer', reason: offer.reason, to: offer.to });
}

/** One sentence of ours, and the call leaves for something else when it was heard. */
export function sayAndLeave(context: CallContext, at: number, line: Line, intent: Leaving['intent']) {
  const leaving: Leaving = { intent, toolCallId: '', responseId: '', output: '', delivered: true, line };
  const step = new Step(context).disarm().set({ leaving, offer: null, silent: false });
  return play(step.arm('farewell', at + limits.farewellMs), line);
}

/** Another model session is made ready, told what was said so far. */
export function rotate(context: CallContext) {
  return new Step(context).set({ rotation: 'asked' }).want({ type: 'model.rotate', seed: seedOf(context.turns) });
}

export function rotated(context: CallContext, { sessionId, rotateMs, at }: Of<'model.rotated'>) {
  const rotateAt = at + Math.max(limits.rotateAgainMs, sessionId === null ? 0 : rotateMs);
  return new Step(context).set({ rotation: null, rotateAt }).arm('rotate', rotateAt);
}

/** Whether the caller hears something from here on, or must be asked after a while. */
export function settle(step: Step, at: number): Step {
  return isBetweenTurns(step.context) ? armQuiet(step, at) : step;
}
