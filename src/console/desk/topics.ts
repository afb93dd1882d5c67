import { callbackState } from '../../services/callback-desk.ts';
import { messageState } from '../../services/voicemail-desk.ts';
import type { LiveTopic } from '../live/topic.ts';
import { nodesPanel, opsPanel } from './ops-panel.ts';
import type { DeskParts } from './parts.ts';

/** A number beside a way, '' for none. */
const badge = (count: number, what: string): string =>
  count === 0 ? '' : `${count}<span class="hidden"> ${what}</span>`;

/** What of the desk changes while it is looked at: two numbers, two lists, the fleet. */
export function deskTopics(parts: DeskParts): LiveTopic[] {
  const { messages, callbacks, dataSource, now } = parts;
  const messagesTold: Pick<LiveTopic, 'role' | 'everyMs' | 'restMs' | 'touchedBy'> = {
    role: 'viewer',
    everyMs: 500,
    // The row is made a moment after the fact was told, and its words later still.
    restMs: 5_000,
    touchedBy: (fact) => fact.type === 'carrier.recordingReady',
  };
  const callbacksTold: typeof messagesTold = {
    ...messagesTold,
    touchedBy: (fact) =>
      (fact.type === 'carrier.waitEnded' && fact.how === 'callback') ||
      (fact.type === 'tool.answered' && fact.callback !== undefined),
  };
  const fleetTold: Pick<LiveTopic, 'role' | 'everyMs' | 'restMs'> = { role: 'viewer', everyMs: 1_000, restMs: 2_000 };
  return [
    { name: 'voicemails', ...messagesTold, render: async () => badge((await messages.counts()).open, 'open') },
    { name: 'voicemail-list', ...messagesTold, render: () => messageState(dataSource) },
    {
      name: 'callbacks',
      ...callbacksTold,
      render: async () => badge((await callbacks.counts(new Date(now()))).open, 'open'),
    },
    { name: 'callback-list', ...callbacksTold, render: () => callbackState(dataSource) },
    { name: 'ops', ...fleetTold, render: () => opsPanel(parts) },
    { name: 'ops-nodes', ...fleetTold, render: () => nodesPanel(parts) },
  ];
}
