import { enqueueActions, setup } from 'xstate';
import { type CallContext, initialContext, isDue, Step } from './call-context.ts';
import {
  type CallEffect,
  type CallEvent,
  type CallInput,
  finalStatuses,
  type Intent,
  limits,
  personKeys,
  type Rung,
  type WaitEnd,
} from './call-events.ts';
import * as steps from './call-steps.ts';
import { runningTool } from './call-steps.ts';

/** Dial results after which the caller has talked to staff. */
const bridged: ReadonlySet<string> = new Set(['completed', 'answered']);

const setups = setup({
  types: { context: {} as CallContext, events: {} as CallEvent, emitted: {} as CallEffect, input: {} as CallInput },
  guards: {
    isFinal: ({ event }) => event.type === 'carrier.statusReported' && finalStatuses.has(event.status),
    isDue: ({ context, event }) => event.type === 'deadline.passed' && isDue(context, event),
    isRetry: ({ context, event }) =>
      event.type === 'deadline.passed' && event.name === 'retry' && isDue(context, event),
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
    isFarewellHeard: ({ context }) =>
      context.leaving?.delivered === true && context.silent && context.lastResponse?.spoke === true,
    waits: ({ event }) => 'queued' in event && event.queued === true,
    beginsAt: ({ event }, rung: Rung) => event.type === 'carrier.arrived' && event.rung === rung,
    waitEnds: ({ event }, ends: WaitEnd[]) => event.type === 'carrier.waitEnded' && ends.includes(event.how),
    isUrgent: ({ event }) => event.type === 'node.draining' && event.urgent,
    isHandover: ({ context, event }) =>
      event.type === 'deadline.passed' && event.name === 'handover' && isDue(context, event),
    isDraining: ({ context }) => context.draining,
    mayHandOver: ({ context }) => context.draining && steps.isBetweenTurns(context),
    isModelGone: ({ context }) => context.modelGone,
    isHangup: ({ context }) => context.leaving?.intent.kind === 'hangup',
    presses: ({ event }, digits: string[]) => event.type === 'carrier.menuChosen' && digits.includes(event.digits),
    isIgnored: ({ context, event }) =>
      event.type === 'carrier.menuChosen' && event.digits === '' && context.menuRounds + 1 >= limits.menuRoundsMax,
    isBridged: ({ event }) => event.type === 'carrier.dialEnded' && bridged.has(event.result),
    cameByMenu: ({ context }) => context.outcome === 'menu',
    hasMessage: ({ event }) => event.type === 'carrier.recordEnded' && event.durationS > 0,
  },
  actions: {
    apply: enqueueActions(({ enqueue }, step: Step) => {
      enqueue.assign(() => step.context);
      for (const effect of step.effects) enqueue.emit(effect);
    }),
  },
});

/** A stream is attached; a model session is being opened, or waits for a tool that the last one asked for. */
const opening = setups.createStateConfig({
  always: {
    guard: 'isDraining',
    target: 'left',
    actions: { type: 'apply', params: ({ context, event }) => steps.handOver(context, event.at) },
  },
  on: {
    // Nobody speaks yet.
    'node.draining': {
      target: 'left',
      actions: { type: 'apply', params: ({ context, event }) => steps.handOver(context, event.at) },
    },
    'model.ready': {
      target: 'talking',
      actions: { type: 'apply', params: ({ context }) => steps.modelIsReady(context) },
    },
    'model.lost': [
      {
        guard: 'noModelLeft',
        target: 'left',
        actions: { type: 'apply', params: ({ context, event }) => steps.giveUpModel(context, event.code, event.at) },
      },
      { actions: { type: 'apply', params: ({ context, event }) => steps.reopenModel(context, event.at) } },
    ],
    'deadline.passed': [
      {
        guard: 'isRetry',
        actions: { type: 'apply', params: ({ context, event }) => steps.openModel(new Step(context), event.at) },
      },
      {
        guard: 'isDue',
        target: 'left',
        actions: { type: 'apply', params: ({ context, event }) => steps.giveUpModel(context, 'model late', event.at) },
      },
    ],
    'tool.answered': [
      {
        // Asked before the session was lost: there is nobody left to say a farewell.
        guard: 'leaves',
        target: 'left',
        actions: { type: 'apply', params: ({ context, event }) => steps.leaveAtOnce(context, event) },
      },
      {
        guard: 'isRunning',
        actions: {
          type: 'apply',
          params: ({ context, event }) => steps.openModel(steps.withAnswer(context, event), event.at),
        },
      },
    ],
  },
});

const talking = setups.createStateConfig({
  always: {
    guard: 'mayHandOver',
    target: 'left',
    actions: { type: 'apply', params: ({ context, event }) => steps.handOver(context, event.at) },
  },
  on: {
    'node.draining': [
      {
        guard: 'isUrgent',
        target: 'left',
        actions: { type: 'apply', params: ({ context, event }) => steps.handOver(context, event.at) },
      },
      { actions: { type: 'apply', params: ({ context, event }) => steps.drain(context, event.at) } },
    ],
    'deadline.passed': {
      guard: 'isHandover',
      target: 'left',
      actions: { type: 'apply', params: ({ context, event }) => steps.handOver(context, event.at) },
    },
    'tool.answered': {
      guard: 'leaves',
      target: 'leaving',
      actions: { type: 'apply', params: ({ context, event }) => steps.startLeaving(context, event) },
    },
    'model.lost': [
      {
        guard: 'noModelLeft',
        target: 'left',
        actions: { type: 'apply', params: ({ context, event }) => steps.giveUpModel(context, event.code, event.at) },
      },
      {
        target: 'opening',
        actions: { type: 'apply', params: ({ context, event }) => steps.reopenModel(context, event.at) },
      },
    ],
  },
});

/** The farewell is being said; what comes after it is decided. */
const leaving = setups.createStateConfig({
  always: {
    guard: 'isFarewellHeard',
    target: 'left',
    actions: { type: 'apply', params: ({ context, event }) => steps.leave(context, event.at) },
  },
  on: {
    // "Oh, one more thing": who speaks into the goodbye is not hung up on.
    'caller.speechStarted': {
      guard: 'isHangup',
      target: 'talking',
      actions: { type: 'apply', params: ({ context, event }) => steps.talkOn(context, event.at) },
    },
    'node.draining': [
      {
        guard: 'isUrgent',
        target: 'left',
        actions: { type: 'apply', params: ({ context, event }) => steps.leave(context, event.at) },
      },
      { actions: { type: 'apply', params: ({ context }) => new Step(context).set({ draining: true }) } },
    ],
    'model.lost': {
      target: 'left',
      actions: { type: 'apply', params: ({ context, event }) => steps.leave(context, event.at) },
    },
    'deadline.passed': {
      guard: 'isDue',
      target: 'left',
      actions: { type: 'apply', params: ({ context, event }) => steps.leave(context, event.at) },
    },
  },
});

/** The intent is being committed and the stream closed: the carrier's next question is awaited. */
const left = setups.createStateConfig({
  on: {
    'carrier.dtmf': {},
    'model.lost': { actions: { type: 'apply', params: ({ context }) => new Step(context).set({ modelGone: true }) } },
    'intent.withdrawn': [
      {
        guard: 'isModelGone',
        target: 'opening',
        actions: { type: 'apply', params: ({ context, event }) => steps.withdraw(context, event.at) },
      },
      {
        target: 'talking',
        actions: { type: 'apply', params: ({ context, event }) => steps.withdraw(context, event.at) },
      },
    ],
  },
});

const conversation = setups.createStateConfig({
  initial: 'opening',
  states: { opening, talking, leaving, left },
  on: {
    'assistant.fellSilent': {
      actions: { type: 'apply', params: ({ context }) => steps.fallSilent(context) },
    },
    'caller.speechStarted': {
      actions: { type: 'apply', params: ({ context }) => steps.withSpeech(context, true) },
    },
    'caller.speechStopped': {
      actions: { type: 'apply', params: ({ context }) => steps.withSpeech(context, false) },
    },
    'model.responded': {
      actions: {
        type: 'apply',
        params: ({ context, event }) => steps.deliverFarewell(steps.withResponse(context, event)),
      },
    },
    'tool.asked': {
      guard: 'isNewTool',
      actions: { type: 'apply', params: ({ context, event }) => steps.withAsk(context, event) },
    },
    'tool.answered': {
      guard: 'isRunning',
      actions: { type: 'apply', params: ({ context, event }) => steps.deliverAnswer(context, event) },
    },
    'carrier.dtmf': {
      guard: 'asksPerson',
      target: '.left',
      actions: {
        type: 'apply',
        params: ({ context, event }) => steps.toLeft(context, { kind: 'transfer', reason: 'key pressed' }, event.at),
      },
    },
    'carrier.streamStopped': {
      guard: 'isThisStream',
      target: 'detached',
      actions: { type: 'apply', params: ({ context, event }) => steps.toDetached(context, event.at) },
    },
  },
});

/** Every state but the end: the call may be streamed again, be asked about, or be over. */
export const callMachine = setups.createMachine({
  id: 'call',
  context: ({ input }) => initialContext(input),
  initial: 'ringing',
  states: {
    ringing: {
      on: {
        'carrier.arrived': [
          {
            guard: 'waits',
            target: 'waiting',
            actions: { type: 'apply', params: ({ context, event }) => steps.arriveWaiting(context, event) },
          },
          {
            guard: { type: 'beginsAt', params: 'menu' },
            target: 'menu',
            actions: { type: 'apply', params: ({ context, event }) => steps.arriveAtRung(context, event, 'menu') },
          },
          {
            guard: { type: 'beginsAt', params: 'voicemail' },
            target: 'recording',
            actions: { type: 'apply', params: ({ context, event }) => steps.arriveAtRung(context, event, 'voicemail') },
          },
          {
            guard: { type: 'beginsAt', params: 'staff' },
            target: 'dialing',
            actions: { type: 'apply', params: ({ context, event }) => steps.arriveAtRung(context, event, 'staff') },
          },
          { actions: { type: 'apply', params: ({ context, event }) => steps.arrive(context, event) } },
        ],
      },
    },
    /** No node has a place: the caller hears music and asks again and again. */
    waiting: {
      on: {
        'carrier.waitEnded': [
          {
            guard: { type: 'waitEnds', params: ['placed'] },
            target: 'ringing',
            actions: { type: 'apply', params: ({ context, event }) => steps.endWait(context, event) },
          },
          {
            guard: { type: 'waitEnds', params: ['voicemail'] },
            target: 'recording',
            actions: { type: 'apply', params: ({ context, event }) => steps.endWait(context, event) },
          },
          {
            guard: { type: 'waitEnds', params: ['person'] },
            target: 'dialing',
            actions: { type: 'apply', params: ({ context, event }) => steps.endWait(context, event) },
          },
          {
            target: 'hangingUp',
            actions: { type: 'apply', params: ({ context, event }) => steps.endWait(context, event) },
          },
        ],
      },
    },
    conversation,
    detached: {},
    dialing: {
      on: {
        'carrier.nextAsked': {
          guard: 'asksAgain',
          actions: {
            type: 'apply',
            params: ({ context, event }) => steps.toDialing(context, event.at, context.about),
          },
        },
        'carrier.dialEnded': [
          {
            guard: 'isBridged',
            target: 'hangingUp',
            actions: {
              type: 'apply',
              params: ({ context, event }) => steps.toHangingUp(context, event.at).set({ outcome: 'transferred' }),
            },
          },
          {
            guard: 'cameByMenu',
            target: 'menu',
            actions: {
              type: 'apply',
              params: ({ context, event }) => steps.toMenu(context, event.at, 'staff unavailable'),
            },
          },
          {
            guard: 'waits',
            target: 'waiting',
            actions: {
              type: 'apply',
              params: ({ context, event }) => steps.toWaiting(context, event.at, 'staffUnavailable'),
            },
          },
          {
            target: 'ringing',
            actions: {
              type: 'apply',
              params: ({ context, event }) => steps.toRinging(context, event.at, 'staffUnavailable'),
            },
          },
        ],
      },
    },
    recording: {
      on: {
        'carrier.nextAsked': {
          guard: 'asksAgain',
          actions: {
            type: 'apply',
            params: ({ context, event }) => steps.toRecording(context, event.at, context.about),
          },
        },
        'carrier.recordEnded': {
          target: 'hangingUp',
          actions: { type: 'apply', params: ({ context, event }) => steps.withRecording(context, event) },
        },
      },
    },
    menu: {
      on: {
        'carrier.nextAsked': {
          guard: 'asksAgain',
          actions: { type: 'apply', params: ({ context, event }) => steps.toMenu(context, event.at, context.about) },
        },
        'carrier.menuChosen': [
          {
            guard: { type: 'presses', params: ['2', '0', '*'] },
            target: 'dialing',
            actions: {
              type: 'apply',
              params: ({ context, event }) => steps.toDialing(context, event.at, 'keypad menu'),
            },
          },
          {
            guard: { type: 'presses', params: ['3'] },
            target: 'recording',
            actions: {
              type: 'apply',
              params: ({ context, event }) => steps.toRecording(context, event.at, 'keypad menu'),
            },
          },
          {
            guard: 'isIgnored',
            target: 'hangingUp',
            actions: { type: 'apply', params: ({ context, event }) => steps.toHangingUp(context, event.at) },
          },
          { actions: { type: 'apply', params: ({ context, event }) => steps.stayInMenu(context, event) } },
        ],
      },
    },
    hangingUp: {
      on: {
        'carrier.nextAsked': {
          guard: 'asksAgain',
          actions: { type: 'apply', params: ({ context, event }) => steps.toHangingUp(context, event.at) },
        },
      },
    },
    ended: { type: 'final' },
  },
  on: {
    'carrier.streamStarted': {
      target: '.conversation',
      actions: { type: 'apply', params: ({ context, event }) => steps.toConversation(context, event) },
    },
    'carrier.nextAsked': [
      {
        guard: { type: 'intends', params: 'transfer' },
        target: '.dialing',
        actions: {
          type: 'apply',
          params: ({ context, event }) => steps.toDialing(context, event.at, steps.aboutOf(event)),
        },
      },
      {
        guard: { type: 'intends', params: 'voicemail' },
        target: '.recording',
        actions: {
          type: 'apply',
          params: ({ context, event }) => steps.toRecording(context, event.at, steps.aboutOf(event)),
        },
      },
      {
        guard: { type: 'intends', params: 'hangup' },
        target: '.hangingUp',
        actions: { type: 'apply', params: ({ context, event }) => steps.toHangingUp(context, event.at) },
      },
      {
        guard: { type: 'intends', params: 'menu' },
        target: '.menu',
        actions: {
          type: 'apply',
          params: ({ context, event }) => steps.toMenu(context, event.at, steps.aboutOf(event)),
        },
      },
      {
        guard: 'loops',
        target: '.menu',
        actions: {
          type: 'apply',
          params: ({ context, event }) => steps.toMenu(context, event.at, 'stream broke too often'),
        },
      },
      {
        guard: 'waits',
        target: '.waiting',
        actions: { type: 'apply', params: ({ context, event }) => steps.toWaiting(context, event.at) },
      },
      {
        guard: { type: 'intends', params: 'handover' },
        target: '.ringing',
        actions: { type: 'apply', params: ({ context, event }) => steps.goOn(context, event.at) },
      },
      {
        target: '.ringing',
        actions: { type: 'apply', params: ({ context, event }) => steps.toRinging(context, event.at) },
      },
    ],
    'carrier.statusReported': {
      guard: 'isFinal',
      target: '.ended',
      actions: { type: 'apply', params: ({ context }) => steps.toEnded(context) },
    },
    'carrier.gone': {
      target: '.ended',
      actions: { type: 'apply', params: ({ context }) => steps.toEnded(context) },
    },
    'carrier.stillLive': { actions: { type: 'apply', params: ({ context }) => steps.isLive(context) } },
    'deadline.passed': {
      guard: 'isDue',
      actions: { type: 'apply', params: ({ context, event }) => steps.toChecked(context, event.at) },
    },
    // What was said and answered may become known after the stream: the next one must remember it.
    'caller.said': { actions: { type: 'apply', params: ({ context, event }) => steps.withCaller(context, event) } },
    'assistant.said': { actions: { type: 'apply', params: ({ context, event }) => steps.withSaid(context, event) } },
    'assistant.heard': { actions: { type: 'apply', params: ({ context, event }) => steps.withHeard(context, event) } },
    'tool.answered': {
      guard: 'isRunning',
      actions: { type: 'apply', params: ({ context, event }) => steps.withAnswer(context, event) },
    },
    'journal.redacted': {
      actions: { type: 'apply', params: ({ context, event }) => steps.withRedacted(context, event) },
    },
  },
});

/** The states as the directory and the webhooks name them. */
export type CallState = keyof typeof callMachine.config.states & string;
