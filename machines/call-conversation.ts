import * as clocks from './call-clocks.ts';
import { Step } from './call-context.ts';
import { setups } from './call-setup.ts';
import * as steps from './call-steps.ts';
import * as supervision from './call-supervision.ts';
import * as talk from './call-talk.ts';

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
    'supervisor.tookOver': {
      target: 'left',
      actions: { type: 'apply', params: ({ context, event }) => supervision.remove(context, event) },
    },
    'supervisor.transferred': [
      {
        guard: 'linesUp',
        actions: { type: 'apply', params: ({ context }) => supervision.lineUp(context) },
      },
      {
        target: 'left',
        actions: { type: 'apply', params: ({ context, event }) => supervision.remove(context, event) },
      },
    ],
    'supervisor.hungUp': {
      target: 'left',
      actions: { type: 'apply', params: ({ context, event }) => supervision.remove(context, event) },
    },
    'model.ready': {
      target: 'talking',
      actions: { type: 'apply', params: ({ context, event }) => steps.modelIsReady(context, event) },
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
        guard: { type: 'passes', params: 'retry' },
        actions: { type: 'apply', params: ({ context, event }) => steps.openModel(new Step(context), event.at) },
      },
      {
        guard: { type: 'passes', params: 'filler' },
        actions: { type: 'apply', params: ({ context }) => clocks.fill(context) },
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
          params: ({ context, event }) => steps.openModel(talk.withAnswer(context, event), event.at),
        },
      },
    ],
  },
});

const talking = setups.createStateConfig({
  always: [
    {
      guard: 'mayConnect',
      target: 'leaving',
      actions: { type: 'apply', params: ({ context, event }) => clocks.connect(context, event.at) },
    },
    {
      guard: 'mayHandOver',
      target: 'left',
      actions: { type: 'apply', params: ({ context, event }) => steps.handOver(context, event.at) },
    },
    {
      guard: 'mayRotate',
      actions: { type: 'apply', params: ({ context }) => clocks.rotate(context) },
    },
  ],
  on: {
    'node.draining': [
      {
        guard: 'isUrgent',
        target: 'left',
        actions: { type: 'apply', params: ({ context, event }) => steps.handOver(context, event.at) },
      },
      { actions: { type: 'apply', params: ({ context, event }) => steps.drain(context, event.at) } },
    ],
    'deadline.passed': [
      {
        guard: { type: 'passes', params: 'handover' },
        target: 'left',
        actions: { type: 'apply', params: ({ context, event }) => steps.handOver(context, event.at) },
      },
      {
        guard: { type: 'passes', params: 'filler' },
        actions: { type: 'apply', params: ({ context }) => clocks.fill(context) },
      },
      {
        guard: { type: 'passes', params: 'answer' },
        actions: { type: 'apply', params: ({ context, event }) => clocks.waitOn(context, event.at) },
      },
      {
        guard: 'isQuietTooLong',
        target: 'leaving',
        actions: { type: 'apply', params: ({ context, event }) => clocks.goodbye(context, event.at) },
      },
      {
        guard: { type: 'passes', params: 'quiet' },
        actions: { type: 'apply', params: ({ context, event }) => clocks.askWhoIsThere(context, event.at) },
      },
      {
        guard: { type: 'passes', params: 'rotate' },
        actions: {
          type: 'apply',
          params: ({ context }) => new Step(context).disarm('rotate').set({ rotation: 'due' }),
        },
      },
      {
        guard: 'isTimeUp',
        target: 'leaving',
        actions: { type: 'apply', params: ({ context, event }) => clocks.endInTime(context, event.at) },
      },
      {
        guard: { type: 'passes', params: 'length' },
        actions: { type: 'apply', params: ({ context, event }) => clocks.sayNearlyOver(context, event.at) },
      },
    ],
    'supervisor.tookOver': {
      target: 'leaving',
      actions: { type: 'apply', params: ({ context, event }) => supervision.announce(context, event) },
    },
    'supervisor.transferred': [
      {
        guard: 'linesUp',
        actions: { type: 'apply', params: ({ context }) => supervision.lineUp(context) },
      },
      {
        target: 'leaving',
        actions: { type: 'apply', params: ({ context, event }) => supervision.announce(context, event) },
      },
    ],
    'supervisor.hungUp': {
      target: 'leaving',
      actions: { type: 'apply', params: ({ context, event }) => supervision.announce(context, event) },
    },
    'model.rotated': {
      actions: { type: 'apply', params: ({ context, event }) => clocks.rotated(context, event) },
    },
    // What the clocks of a conversation go by.
    'assistant.fellSilent': {
      actions: {
        type: 'apply',
        params: ({ context, event }) => clocks.settle(steps.fallSilent(context), event.at),
      },
    },
    'caller.speechStarted': {
      actions: { type: 'apply', params: ({ context, event }) => clocks.beginTurn(clocks.withSpeech(context, event)) },
    },
    'caller.speechStopped': {
      actions: {
        type: 'apply',
        params: ({ context, event }) => clocks.endTurn(clocks.withSpeech(context, event), event.at),
      },
    },
    'caller.said': {
      guard: 'saysNothing',
      actions: { type: 'apply', params: ({ context, event }) => clocks.withoutTurn(context, event) },
    },
    'tool.asked': {
      guard: 'isNewTool',
      actions: {
        type: 'apply',
        params: ({ context, event }) => clocks.awaitTool(talk.withAsk(context, event), event.at),
      },
    },
    'tool.answered': [
      {
        guard: 'leaves',
        target: 'leaving',
        actions: { type: 'apply', params: ({ context, event }) => steps.startLeaving(context, event) },
      },
      {
        guard: 'isRunning',
        actions: {
          type: 'apply',
          params: ({ context, event }) => clocks.armAnswer(steps.deliverAnswer(context, event), event.at),
        },
      },
    ],
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
      guard: 'mayTalkOn',
      target: 'talking',
      actions: { type: 'apply', params: ({ context, event }) => steps.talkOn(context, event) },
    },
    'node.draining': [
      {
        guard: 'isUrgent',
        target: 'left',
        actions: { type: 'apply', params: ({ context, event }) => steps.leave(context, event.at) },
      },
      { actions: { type: 'apply', params: ({ context }) => new Step(context).set({ draining: true }) } },
    ],
    'supervisor.tookOver': {
      target: 'left',
      actions: { type: 'apply', params: ({ context, event }) => supervision.remove(context, event) },
    },
    'supervisor.transferred': [
      {
        guard: 'linesUp',
        actions: { type: 'apply', params: ({ context }) => supervision.lineUp(context) },
      },
      {
        target: 'left',
        actions: { type: 'apply', params: ({ context, event }) => supervision.remove(context, event) },
      },
    ],
    'supervisor.hungUp': {
      target: 'left',
      actions: { type: 'apply', params: ({ context, event }) => supervision.remove(context, event) },
    },
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

/** The caller and the assistant talk: from the stream's start to its end. */
export const conversation = setups.createStateConfig({
  initial: 'opening',
  states: { opening, talking, leaving, left },
  on: {
    'assistant.fellSilent': {
      actions: { type: 'apply', params: ({ context }) => steps.fallSilent(context) },
    },
    'caller.speechStarted': {
      actions: { type: 'apply', params: ({ context, event }) => clocks.withSpeech(context, event) },
    },
    'caller.speechStopped': {
      actions: { type: 'apply', params: ({ context, event }) => clocks.withSpeech(context, event) },
    },
    'staff.wentHome': {
      actions: { type: 'apply', params: ({ context }) => steps.withoutStaff(context) },
    },
    'staff.offered': {
      actions: { type: 'apply', params: ({ context, event }) => steps.withOffer(context, event) },
    },
    'supervisor.whispered': {
      actions: { type: 'apply', params: ({ context, event }) => supervision.note(context, event) },
    },
    'model.responded': {
      actions: {
        type: 'apply',
        params: ({ context, event }) => steps.deliverFarewell(talk.withResponse(context, event)),
      },
    },
    'tool.asked': {
      guard: 'isNewTool',
      actions: { type: 'apply', params: ({ context, event }) => talk.withAsk(context, event) },
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
        params: ({ context, event }) => steps.toLeft(context, steps.personByKey(context), event.at),
      },
    },
    'carrier.streamStopped': {
      guard: 'isThisStream',
      target: 'detached',
      actions: { type: 'apply', params: ({ context, event }) => steps.toDetached(context, event.at) },
    },
  },
});
