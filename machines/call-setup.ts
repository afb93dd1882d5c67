import { enqueueActions, setup } from 'xstate';
import { type CallContext, isDue, type Step } from './call-context.ts';
import {
  type CallEffect,
  type CallEvent,
  type CallInput,
  type DeadlineName,
  finalStatuses,
  type Intent,
  type Line,
  limits,
  personKeys,
  type Rung,
  type WaitEnd,
} from './call-events.ts';
import { isWithoutAssistant } from './call-steps.ts';
import { runningTool } from './call-talk.ts';
import { isBetweenTurns } from './call-turns.ts';

/** Dial results after which the caller has talked to staff. */
const bridged: ReadonlySet<string> = new Set(['completed', 'answered']);

const isLastWord = (line: Line | null): boolean => line === 'timeIsUp' || line === 'farewell';

const passes = (context: CallContext, event: CallEvent, name: DeadlineName): boolean =>
  event.type === 'deadline.passed' && event.name === name && isDue(context, event);

/** What the call's states are built of: the types, every guard by name, and the one action. */
export const setups = setup({
  types: { context: {} as CallContext, events: {} as CallEvent, emitted: {} as CallEffect, input: {} as CallInput },
  guards: {
    isFinal: ({ event }) => event.type === 'carrier.statusReported' && finalStatuses.has(event.status),
    isDue: ({ context, event }) => event.type === 'deadline.passed' && isDue(context, event),
    isThisStream: ({ context, event }) =>
      event.type === 'carrier.streamStopped' && event.streamSid === context.streamSid,
    asksPerson: ({ event }) => event.type === 'carrier.dtmf' && personKeys.has(event.digit),
    intends: ({ event }, kind: Intent['kind']) => event.type === 'carrier.nextAsked' && event.intent?.kind === kind,
    loops: ({ event }) => event.type === 'carrier.nextAsked' && event.breaks >= limits.breaksMax,
    // The answer to the last question did not reach the carrier: nothing else asks it in a state that streams nothing.
    asksAgain: ({ event }) => event.type === 'carrier.nextAsked' && event.intent === null,
    noModelLeft: ({ context, event }) =>
      event.type === 'model.lost' && (event.fatal || context.modelAttempts + 1 >= limits.modelAttemptsMax),
    isNewTool: ({ context, event }) =>
      event.type === 'tool.asked' &&
      !context.turns.some((turn) => turn.who === 'tool' && turn.toolCallId === event.toolCallId),
    isRunning: ({ context, event }) =>
      event.type === 'tool.answered' && runningTool(context, event.toolCallId) !== undefined,
    leaves: ({ context, event }) =>
      event.type === 'tool.answered' && event.leave !== null && runningTool(context, event.toolCallId) !== undefined,
    // The farewell was heard when it was said and nothing is left to play.
    isFarewellHeard: ({ context: { leaving, silent, lastResponse } }) =>
      leaving?.delivered === true && silent && (leaving.line !== null || lastResponse?.spoke === true),
    waits: ({ event }) => 'queued' in event && event.queued === true,
    beginsAt: ({ event }, rung: Rung) => event.type === 'carrier.arrived' && event.rung === rung,
    waitEnds: ({ event }, ends: WaitEnd[]) => event.type === 'carrier.waitEnded' && ends.includes(event.how),
    isUrgent: ({ event }) => event.type === 'node.draining' && event.urgent,
    passes: ({ context, event }, name: DeadlineName) => passes(context, event, name),
    isQuietTooLong: ({ context, event }) =>
      passes(context, event, 'quiet') && !context.inLine && context.quietRounds >= limits.quietRoundsMax,
    isTimeUp: ({ context, event }) => passes(context, event, 'length') && context.isNearlyOver,
    saysNothing: ({ event }) => event.type === 'caller.said' && event.text === '',
    mayRotate: ({ context }) => context.rotation === 'due' && isBetweenTurns(context),
    mayConnect: ({ context }) => context.offer !== null && isBetweenTurns(context),
    isRungOn: ({ event }) => event.type === 'carrier.dialEnded' && event.next !== undefined,
    isReviewed: ({ event }) => event.type === 'carrier.recordEnded' && event.review === true,
    reviews: ({ event }, choice: 'again' | 'person') => event.type === 'carrier.reviewed' && event.choice === choice,
    // Nobody of the staff is free: the call goes on and waits.
    linesUp: ({ event }) => event.type === 'supervisor.transferred' && event.waits === true,
    isSupervised: ({ context }) => context.supervisor !== null,
    isDraining: ({ context }) => context.draining,
    mayHandOver: ({ context }) => context.draining && isBetweenTurns(context),
    isModelGone: ({ context }) => context.modelGone,
    // Who speaks into a goodbye is not hung up on, unless the time is over or a supervisor wants it so.
    mayTalkOn: ({ context: { leaving } }) => leaving?.intent.kind === 'hangup' && !isLastWord(leaving.line),
    presses: ({ event }, digits: string[]) => event.type === 'carrier.menuChosen' && digits.includes(event.digits),
    isIgnored: ({ context, event }) =>
      event.type === 'carrier.menuChosen' && event.digits === '' && context.menuRounds + 1 >= limits.menuRoundsMax,
    isBridged: ({ event }) => event.type === 'carrier.dialEnded' && bridged.has(event.result),
    isWithoutAssistant: ({ context }) => isWithoutAssistant(context),
    hasMessage: ({ event }) => event.type === 'carrier.recordEnded' && event.durationS > 0,
  },
  actions: {
    apply: enqueueActions(({ enqueue }, step: Step) => {
      enqueue.assign(() => step.context);
      for (const effect of step.effects) enqueue.emit(effect);
    }),
  },
});
