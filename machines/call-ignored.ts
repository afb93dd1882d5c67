import type { CallEvent } from './call-events.ts';

type Type = CallEvent['type'];

/** What belongs to a stream and may still arrive when it is gone. */
const ofStream: Type[] = [
  'carrier.streamStopped',
  'carrier.dtmf',
  'model.ready',
  'model.lost',
  'model.responded',
  'caller.speechStarted',
  'caller.speechStopped',
  'assistant.fellSilent',
  'tool.asked',
  'node.draining',
  'intent.withdrawn',
  'model.rotated',
  'staff.offered',
  'staff.wentHome',
];

/** Answers to TwiML that another state gave, a second arrival, and what is meant for the consumers of facts alone. */
const ofTwiml: Type[] = [
  'carrier.recordingSet',
  'carrier.arrived',
  'carrier.dialEnded',
  'carrier.menuChosen',
  'carrier.recordEnded',
  'carrier.recordingReady',
  'carrier.reviewed',
  'carrier.waitEnded',
  'journal.erased',
];

/** Done to a call that nobody holds: what it leads to stands in an intent beside the fact. */
const supervised: Type[] = [
  'supervisor.tookOver',
  'supervisor.gaveBack',
  'supervisor.transferred',
  'supervisor.hungUp',
];

const inConversation: Type[] = [...ofTwiml, 'supervisor.gaveBack'];
const talks: Type[] = [...inConversation, 'intent.withdrawn'];
const but = (types: Type[], ...handled: Type[]) => types.filter((type) => !handled.includes(type));
const betweenStreams = but(ofStream, 'staff.offered', 'staff.wentHome');

/** Facts that a state journals and does nothing about, on purpose, by the path of the state. */
export const ignored: Record<string, Type[]> = {
  waiting: [...supervised, ...betweenStreams, ...but(ofTwiml, 'carrier.waitEnded')],
  ringing: [...supervised, ...betweenStreams, ...but(ofTwiml, 'carrier.arrived')],
  'conversation.opening': [...talks, 'model.rotated'],
  'conversation.talking': [...talks, 'model.ready'],
  'conversation.leaving': [...talks, 'model.ready', 'model.rotated'],
  'conversation.left': [
    ...inConversation,
    ...but(supervised, 'supervisor.gaveBack'),
    'node.draining',
    'model.ready',
    'model.rotated',
  ],
  detached: [...supervised, ...betweenStreams, ...ofTwiml],
  dialing: [...but(supervised, 'supervisor.gaveBack'), ...ofStream, ...but(ofTwiml, 'carrier.dialEnded')],
  recording: [...supervised, ...ofStream, ...but(ofTwiml, 'carrier.recordEnded')],
  reviewing: [...supervised, ...ofStream, ...but(ofTwiml, 'carrier.reviewed')],
  menu: [...supervised, ...ofStream, ...but(ofTwiml, 'carrier.menuChosen')],
  hangingUp: [...supervised, ...ofStream, ...ofTwiml],
};
