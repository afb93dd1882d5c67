import { type CallContext, Step } from './call-context.ts';
import { type CallEffect, type CallEvent, type Intent, limits, type Opening, type Rung } from './call-events.ts';
import { armAnswer, armLong, play, putOffLength, settle, startLength, withSpeech } from './call-clocks.ts';
import { runningTool, withAnswer } from './call-talk.ts';
import { isBetweenTurns, runsTool, seedOf } from './call-turns.ts';

/** What each fact does to the context, by the state that it leads to. Pure. */

type Of<T extends CallEvent['type']> = Extract<CallEvent, { type: T }>;

/** Whose phone rings, E.164, and the supervisor whose it is. */
type Dialed = Pick<CallContext, 'ringing' | 'supervisor'>;
const nobody: Dialed = { ringing: null, supervisor: null };

const ofStream = (effect: CallEffect) => effect.type === 'stream.leave' || effect.type === 'model.open';

export const aboutOf = (event: Of<'carrier.nextAsked'>) =>
  event.intent === null ? '' : event.intent.kind === 'voicemail' ? event.intent.topic : event.intent.reason;

/** Whom an intent has rung, and for which supervisor. */
export const staffOf = (event: Of<'carrier.nextAsked'>): Dialed =>
  event.intent?.kind === 'transfer'
    ? { ringing: event.intent.to ?? null, supervisor: event.intent.supervisor ?? null }
    : nobody;

/** Leaves what the last state waited for behind. */
const entering = (context: CallContext) =>
  new Step(context).disarm().answer(ofStream).set({
    leaving: null,
    draining: false,
    modelGone: false,
    waits: 0,
    quietRounds: 0,
    rotation: null,
    ringing: null,
    supervisor: null,
  });

function begin(context: CallContext, event: Of<'carrier.arrived'>): CallContext {
  const { from, to, at, previous: turns, lastsMsMax = null, language = context.language } = event;
  const arrived = { ...context, from, to, arrivedAt: at, lastsMsMax, language };
  return turns ? { ...arrived, turns, opening: 'redialed' } : arrived;
}

export function arrive(context: CallContext, event: Of<'carrier.arrived'>) {
  return toRinging(begin(context, event), event.at);
}

export function arriveWaiting(context: CallContext, event: Of<'carrier.arrived'>) {
  return toWaiting(begin(context, event), event.at);
}

const NO_ASSISTANT = 'no assistant';

/** It began without the assistant, and does not come to it for want of staff. */
export const isWithoutAssistant = ({ about, outcome }: CallContext): boolean =>
  outcome === 'menu' || about === NO_ASSISTANT;

export function arriveAtRung(context: CallContext, event: Of<'carrier.arrived'>, rung: Rung) {
  return toRung[rung](begin(context, event), event.at, NO_ASSISTANT);
}

/** Where the waiting room leads. */
export function endWait(context: CallContext, event: Of<'carrier.waitEnded'>) {
  const about = 'waiting room';
  switch (event.how) {
    case 'placed':
      return toRinging(context, event.at);
    case 'voicemail':
      return toRecording(context, event.at, about);
    case 'menu':
      return toMenu(context, event.at, about);
    case 'person':
      return toDialing(context, event.at, about);
    case 'callback':
      return toHangingUp(context, event.at).set({ outcome: 'callback' });
    case 'goodbye':
      return toHangingUp(context, event.at);
  }
}

/** The caller waits for a place; who hangs up meanwhile without having been answered gave up. */
export function toWaiting(context: CallContext, at: number, opening: Opening = context.opening) {
  const { outcome } = context;
  return entering(context)
    .set({ opening, streamSid: null, outcome: outcome === 'missed' ? 'abandoned' : outcome })
    .arm('check', at + limits.checkMs);
}

export function toRinging(context: CallContext, at: number, opening: Opening = context.opening) {
  return entering(context)
    .set({ opening, streamSid: null })
    .arm('stream', at + limits.streamMs);
}

export function toConversation(context: CallContext, event: Of<'carrier.streamStarted'>) {
  const step = entering(context).set({ streamSid: event.streamSid, modelAttempts: 0, outcome: 'answered' });
  return openModel(startLength(step, event.at), event.at);
}

/** Opens a session unless a tool of the last one still runs: its output must be in the seed. */
export function openModel(step: Step, at: number) {
  const { model: deadline } = step.context.pending.deadlines;
  step
    .set({ silent: true, lastResponse: null })
    .disarm('retry')
    .arm('model', deadline ?? at + limits.modelMs);
  // One sentence for one wait, however many sessions are tried in it.
  if (deadline === undefined) step.arm('filler', at + limits.fillerMs);
  const { opening, turns } = step.context;
  return runsTool(step.context) ? step : step.want({ type: 'model.open', opening, seed: seedOf(turns) });
}

/** The model session is gone: another one, told what was said so far; after some losses in a row not at once. */
export function reopenModel(context: CallContext, at: number) {
  const { model: deadline, filler } = context.pending.deadlines;
  const modelAttempts = context.modelAttempts + 1;
  const delayMs = limits.modelRetryMs[modelAttempts - 1] ?? 0;
  const step = new Step(context).disarm().answer((effect) => effect.type === 'model.open');
  step.set({ modelAttempts, leaving: null, rotation: null, rotateAt: null });
  step.arm('model', deadline ?? at + limits.modelMs);
  if (deadline === undefined) step.arm('filler', at + limits.fillerMs);
  else if (filler !== undefined) step.arm('filler', filler);
  return delayMs === 0 ? openModel(step, at) : step.arm('retry', at + delayMs);
}

/** From here on another session goes on with the conversation rather than beginning it. */
export function modelIsReady(context: CallContext, { at, rotateMs }: Of<'model.ready'>) {
  // A prepared greeting is said before the model is there.
  const isGreeted = context.opening === 'greeting' && context.turns.at(-1)?.who === 'assistant';
  const speaksFirst = !isGreeted && (context.opening !== 'resuming' || callerWaits(context));
  const step = new Step(context)
    .disarm()
    .answer((effect) => effect.type === 'model.open')
    .set({ opening: 'bridging', speaking: false, turnOpen: speaksFirst });
  step.set({ rotateAt: rotateMs === undefined ? null : at + rotateMs });
  return talks(step, at);
}

/** The clocks of a conversation that goes on. */
function talks(step: Step, at: number): Step {
  armLong(step);
  return step.context.turnOpen && !step.context.speaking ? armAnswer(step, at) : settle(step, at);
}

/** The caller spoke last. */
function callerWaits({ turns }: CallContext): boolean {
  return turns.findLast(({ who }) => who === 'caller' || who === 'assistant')?.who === 'caller';
}

/** The node is to end: the call leaves between two turns, or when this bound has passed. */
export function drain(context: CallContext, at: number) {
  return new Step(context).set({ draining: true }).arm('handover', at + limits.handoverMs);
}

export function handOver(context: CallContext, at: number) {
  return toLeft(context, { kind: 'handover', reason: 'drain' }, at);
}

/** The carrier asks where to go on after a handover: nothing was cut if nobody was in the middle of anything. */
export function goOn(context: CallContext, at: number) {
  const wasWhole = context.opening === 'bridging' && isBetweenTurns(context);
  return toRinging(context, at, wasWhole ? 'resuming' : context.opening);
}

/** The intent reached nobody: back to the conversation, with another session if the last one was lost meanwhile. */
export function withdraw(context: CallContext, at: number) {
  const step = putOffLength(entering(context), at);
  return context.modelGone ? openModel(step, at) : talks(step, at);
}

/** The turn is over unless what was said last was only the ask of a tool. */
export function fallSilent(context: CallContext) {
  const { lastResponse, turnOpen } = context;
  const isAnswered = lastResponse?.spoke === true && !lastResponse.asks;
  return new Step(context).set({ silent: true, turnOpen: turnOpen && !isAnswered });
}

/** No model can be had: the keypad menu takes over. */
export function giveUpModel(context: CallContext, reason: string, at: number) {
  return toLeft(context, { kind: 'menu', reason }, at);
}

export function toLeft(context: CallContext, intent: Intent, at: number) {
  return entering(context)
    .want({ type: 'stream.leave', intent })
    .arm('detached', at + limits.detachedMs);
}

/** Carries out the intent that the farewell was said for. */
export function leave(context: CallContext, at: number) {
  return context.leaving === null ? new Step(context) : toLeft(context, context.leaving.intent, at);
}

export function leaveAtOnce(context: CallContext, event: Of<'tool.answered'>) {
  const step = withAnswer(context, event);
  return event.leave === null ? step : toLeft(step.context, event.leave, event.at);
}

/** The tool wants to leave the conversation: a farewell first. */
export function startLeaving(context: CallContext, event: Of<'tool.answered'>) {
  const { toolCallId, output, leave: intent, at } = event;
  const step = withAnswer(context, event);
  if (intent === null) return step;
  const responseId = runningTool(context, toolCallId)?.responseId ?? '';
  step.disarm().set({ leaving: { intent, toolCallId, responseId, output, delivered: false, line: null } });
  return deliverFarewell(step.arm('farewell', at + limits.farewellMs));
}

/** The output goes to the model once it is known whether the asking response has said the farewell already. */
export function deliverFarewell(step: Step) {
  const { leaving, lastResponse } = step.context;
  if (leaving === null || leaving.delivered || lastResponse?.id !== leaving.responseId) return step;
  const { toolCallId, output } = leaving;
  step.set({ leaving: { ...leaving, delivered: true } });
  return step.want({ type: 'tool.deliver', toolCallId, output, respond: !lastResponse.spoke });
}

/** The goodbye is off. A model whose tool has no output yet would wait for one. */
export function talkOn(context: CallContext, event: Of<'caller.speechStarted'>) {
  const step = armLong(withSpeech(context, event).disarm().set({ leaving: null }));
  if (context.draining) step.arm('handover', event.at + limits.handoverMs);
  if (context.leaving === null || context.leaving.delivered) return step;
  const { toolCallId, output } = context.leaving;
  return step.want({ type: 'tool.deliver', toolCallId, output, respond: false });
}

export function deliverAnswer(context: CallContext, event: Of<'tool.answered'>) {
  const { toolCallId, output } = event;
  const respond = context.leaving === null;
  return withAnswer(context, event)
    .set({ turnOpen: context.turnOpen || respond })
    .want({ type: 'tool.deliver', toolCallId, output, respond });
}

export function toDetached(context: CallContext, at: number) {
  return entering(context).arm('detached', at + limits.detachedMs);
}

export function toDialing(context: CallContext, at: number, about: string, dialed: Dialed = nobody) {
  return entering(context)
    .set({ about, ...dialed, offer: null, inLine: false })
    .arm('ring', at + limits.ringMs);
}

/** The answer that has a phone rung did not reach the carrier; who of the staff it was is found anew. */
export function dialAgain(context: CallContext, at: number) {
  const { about, ringing, supervisor } = context;
  return toDialing(context, at, about, supervisor === null ? nobody : { ringing, supervisor });
}

/** Nobody could be had: back to the conversation, or to the wait for a place in it; perhaps in line. */
export function comeBack(context: CallContext, { at, waits, queued }: Of<'carrier.dialEnded'>) {
  const back = queued === true ? toWaiting : toRinging;
  return back(context, at, 'staffUnavailable').set({ inLine: waits === true });
}

/** Nobody answered, somebody else is rung. */
export function ringOn(context: CallContext, { at, next }: Of<'carrier.dialEnded'>) {
  return toDialing(context, at, context.about, { ringing: next ?? null, supervisor: null });
}

/** A key asks for a person, whatever else was on its way. */
export function personByKey({ leaving, offer }: CallContext): Intent {
  if (leaving?.intent.kind === 'transfer') return leaving.intent;
  const intent = { kind: 'transfer', reason: 'key pressed' } as const;
  return offer === null ? intent : { ...intent, to: offer.to };
}

/** The call waits for nobody any more, and nobody can be told now. */
export const outOfLine = (context: CallContext) => new Step(context).set({ inLine: false, offer: null });

/** The call waits for nobody any more; who talks with the assistant is told so. */
export function withoutStaff(context: CallContext) {
  return context.inLine ? play(new Step(context).set({ inLine: false }), 'staffAway') : new Step(context);
}

export const withOffer = (context: CallContext, { to, reason }: Of<'staff.offered'>) =>
  new Step(context).set({ offer: { to, reason }, inLine: false });

export function toRecording(context: CallContext, at: number, about: string) {
  return entering(context)
    .set({ about })
    .arm('record', at + limits.recordMs);
}

export function toMenu(context: CallContext, at: number, about: string) {
  return entering(context)
    .set({ about, menuRounds: 0, outcome: 'menu' })
    .arm('menu', at + limits.menuMs);
}

const toRung: Record<Rung, (context: CallContext, at: number, about: string) => Step> = {
  menu: toMenu,
  voicemail: toRecording,
  staff: toDialing,
};

export function stayInMenu(context: CallContext, event: Of<'carrier.menuChosen'>) {
  const menuRounds = event.digits === '' ? context.menuRounds + 1 : 0;
  return new Step(context).set({ menuRounds }).arm('menu', event.at + limits.menuMs);
}

export function toHangingUp(context: CallContext, at: number) {
  return entering(context).arm('ending', at + limits.endingMs);
}

export function toEnded(context: CallContext) {
  return new Step(context)
    .disarm()
    .answer(() => true)
    .set({ leaving: null });
}

/** A deadline passed and nothing else tells what became of the call: REST is asked, now and from time to time. */
export function toChecked(context: CallContext, at: number) {
  const step = new Step(context).disarm().answer((effect) => effect.type === 'carrier.ask');
  return step.want({ type: 'carrier.ask' }).arm('check', at + limits.checkMs);
}

export function isLive(context: CallContext) {
  return new Step(context).answer((effect) => effect.type === 'carrier.ask');
}

export function withRecording(context: CallContext, event: Of<'carrier.recordEnded'>) {
  const step = toHangingUp(context, event.at);
  return event.durationS > 0 ? step.set({ recordings: context.recordings + 1, outcome: 'voicemail' }) : step;
}

/** The message is there; what becomes of it is asked. */
export function toReviewing(context: CallContext, event: Of<'carrier.recordEnded'>) {
  const { recordings, outcome } = withRecording(context, event).context;
  return review({ ...context, recordings, outcome }, event.at);
}

export function review(context: CallContext, at: number) {
  return entering(context).arm('menu', at + limits.menuMs);
}
