import { switchedTool } from '../../directory/switch-states.ts';
import type { JobStats } from '../../directory/jobs.ts';
import type { DrainReport } from '../../directory/node-desk.ts';
import { type LineName, lineText } from '../../services/lines.ts';

const SECOND_MS = 1_000;
const LATE_MS = 60_000;

const limits: Readonly<Record<string, string>> = {
  nodes: 'places on the nodes',
  carrier: 'lines of the carrier’s account',
  sessions: 'sessions of the model’s account',
  tokens: 'tokens of the model’s account',
  requests: 'requests of the model’s account',
  spend: 'what may be spent',
};

/** What lets the fewest new calls in; one of a newer release by its name. */
export const limitWords = (name: string): string => limits[name] ?? name;

const reasons: Readonly<Record<string, string>> = {
  configured: 'as configured',
  switched: 'by a switch',
  loop: 'no time for more',
  draining: 'leaving',
};

export const reasonWords = (name: string): string => reasons[name] ?? name;

/** How far a node is on its way out. */
export function drainWords({ stage, calls, expected, handedOver, finishInMs }: DrainReport): string {
  if (stage === 'serving') return 'It has not begun to leave.';
  const here = `${calls} ${calls === 1 ? 'call' : 'calls'} here, ${expected} on their way, ${handedOver} handed over`;
  if (stage === 'left') return `Nothing is left here: ${handedOver} were handed over.`;
  if (stage === 'leaving') return `${here}: they leave between turns.`;
  return `${here}; what is left then is handed over in ${Math.ceil((finishInMs ?? 0) / SECOND_MS)} s.`;
}

/** Work waits longer than it should, or failed for good. */
export const jobsAlarm = ({ oldestMs, dead }: JobStats): boolean => oldestMs > LATE_MS || dead > 0;

/** What a switch that is set does, in short. */
export function switchWords(name: string, value: string): string {
  const tool = switchedTool(name);
  if (tool !== null) return `The assistant cannot use ${tool}`;
  if (name === 'admission') return 'No new calls are taken';
  if (name === 'calls-max') return `Each node carries ${value} calls at most`;
  const rungs: Record<string, string> = {
    menu: 'New calls begin at the keypad menu',
    voicemail: 'New callers are asked for a message',
    staff: 'New calls go to the staff',
  };
  return (name === 'rung' ? rungs[value] : undefined) ?? `${name} is ${value}`;
}

export interface Consequence {
  title: string;
  /** What callers hear, word for word, in the store's words; none where the assistant finds its own. */
  heard: string[];
  after: string;
}

/** What callers will notice of a switch, before it is set: '' clears it. */
export function consequenceOf(name: string, value: string, storeName: string): Consequence {
  const said = (...lines: LineName[]) =>
    lines.map((line) => lineText(line, { name: storeName, greeting: '', languages: ['en'] }, 'en'));
  const goesOn = 'Conversations that go on are not touched.';
  const tool = switchedTool(name);
  if (value === '')
    return { title: `Clear ${name}`, heard: [], after: 'Within two seconds it is as if it had never been set.' };
  if (tool !== null)
    return {
      title: `Switch ${tool} off`,
      heard: [],
      after:
        'Whoever asks for it is told by the assistant, in its own words, that this is not available right now. Calls under way too.',
    };
  if (name === 'admission')
    return {
      title: 'Take no new calls',
      heard: said('closed', 'leaveMessage'),
      after: `Then the tone: a message is taken. ${goesOn}`,
    };
  if (name === 'calls-max')
    return {
      title: `Carry ${value} calls on each node at most`,
      heard: said('welcome', 'waitBusy'),
      after: `That is what callers beyond this number hear, and then they wait in line. ${goesOn}`,
    };
  if (value === 'voicemail')
    return { title: 'Send new calls to voicemail', heard: said('leaveMessage'), after: `Then the tone. ${goesOn}` };
  if (value === 'staff')
    return {
      title: 'Send new calls to the staff',
      heard: said('holdForStaff'),
      after: `Whoever is on duty is rung. Where nobody answers: “${said('noStaff').join(' ')}” ${goesOn}`,
    };
  return {
    title: 'Send new calls to the keypad menu',
    heard: said('welcome', 'noAssistant', 'menuStaff', 'menuMessage'),
    after: `And so on, by what the store has. ${goesOn}`,
  };
}
