import { initialContext } from './call-context.ts';
import { conversation } from './call-conversation.ts';
import { setups } from './call-setup.ts';
import * as steps from './call-steps.ts';
import * as supervision from './call-supervision.ts';
import * as talk from './call-talk.ts';

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
        // Between two streams, or before the first one after a key was pressed for a person.
        'staff.offered': {
          actions: { type: 'apply', params: ({ context, event }) => steps.withOffer(context, event) },
        },
        'staff.wentHome': {
          actions: { type: 'apply', params: ({ context }) => steps.outOfLine(context) },
        },
      },
    },
    /** No node has a place: the caller hears music and asks again and again. */
    waiting: {
      on: {
        'staff.offered': {
          actions: { type: 'apply', params: ({ context, event }) => steps.withOffer(context, event) },
        },
        'staff.wentHome': {
          actions: { type: 'apply', params: ({ context }) => steps.outOfLine(context) },
        },
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
            guard: { type: 'waitEnds', params: ['menu'] },
            target: 'menu',
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
    detached: {
      on: {
        'staff.offered': {
          actions: { type: 'apply', params: ({ context, event }) => steps.withOffer(context, event) },
        },
        'staff.wentHome': {
          actions: { type: 'apply', params: ({ context }) => steps.outOfLine(context) },
        },
      },
    },
    dialing: {
      on: {
        'carrier.nextAsked': {
          guard: 'asksAgain',
          actions: { type: 'apply', params: ({ context, event }) => steps.dialAgain(context, event.at) },
        },
        'supervisor.gaveBack': {
          guard: 'isSupervised',
          actions: { type: 'apply', params: ({ context }) => supervision.givenBack(context) },
        },
        'carrier.dialEnded': [
          {
            guard: 'isRungOn',
            actions: { type: 'apply', params: ({ context, event }) => steps.ringOn(context, event) },
          },
          {
            guard: 'isBridged',
            target: 'hangingUp',
            actions: {
              type: 'apply',
              params: ({ context, event }) => steps.toHangingUp(context, event.at).set({ outcome: 'transferred' }),
            },
          },
          {
            guard: 'isWithoutAssistant',
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
              params: ({ context, event }) => steps.comeBack(context, event),
            },
          },
          {
            target: 'ringing',
            actions: {
              type: 'apply',
              params: ({ context, event }) => steps.comeBack(context, event),
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
        'carrier.recordEnded': [
          {
            guard: 'isReviewed',
            target: 'reviewing',
            actions: { type: 'apply', params: ({ context, event }) => steps.toReviewing(context, event) },
          },
          {
            target: 'hangingUp',
            actions: { type: 'apply', params: ({ context, event }) => steps.withRecording(context, event) },
          },
        ],
      },
    },
    /** The caller is asked by key what to do with the message. */
    reviewing: {
      on: {
        'carrier.nextAsked': {
          guard: 'asksAgain',
          actions: { type: 'apply', params: ({ context, event }) => steps.review(context, event.at) },
        },
        'carrier.reviewed': [
          {
            guard: { type: 'reviews', params: 'again' },
            target: 'recording',
            actions: {
              type: 'apply',
              params: ({ context, event }) => steps.toRecording(context, event.at, context.about),
            },
          },
          {
            guard: { type: 'reviews', params: 'person' },
            target: 'dialing',
            actions: {
              type: 'apply',
              params: ({ context, event }) => steps.toDialing(context, event.at, context.about),
            },
          },
          {
            target: 'hangingUp',
            actions: { type: 'apply', params: ({ context, event }) => steps.toHangingUp(context, event.at) },
          },
        ],
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
          params: ({ context, event }) =>
            steps.toDialing(context, event.at, steps.aboutOf(event), steps.staffOf(event)),
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
    'caller.said': { actions: { type: 'apply', params: ({ context, event }) => talk.withCaller(context, event) } },
    'assistant.said': { actions: { type: 'apply', params: ({ context, event }) => talk.withSaid(context, event) } },
    'assistant.heard': { actions: { type: 'apply', params: ({ context, event }) => talk.withHeard(context, event) } },
    'tool.answered': {
      guard: 'isRunning',
      actions: { type: 'apply', params: ({ context, event }) => talk.withAnswer(context, event) },
    },
    'supervisor.whispered': {
      actions: { type: 'apply', params: ({ context, event }) => supervision.withNote(context, event) },
    },
    'journal.redacted': {
      actions: { type: 'apply', params: ({ context, event }) => talk.withRedacted(context, event) },
    },
  },
});

/** The states as the directory and the webhooks name them. */
export type CallState = keyof typeof callMachine.config.states & string;
