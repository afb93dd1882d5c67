import { z } from 'zod';
import { callerKey } from '../services/caller-number.ts';
import { defaultLanguage } from '../services/languages.ts';
import type { Services } from '../services/services.ts';
import { defineTool, type ToolReply, ToolRefusal } from './tool.ts';

export const transferToStaff = defineTool({
  name: 'transfer_to_staff',
  description: 'Transfer the call to a staff member, when the caller asks for a person or you cannot help.',
  parameters: z.object({
    reason: z.string().max(300).describe('Why the caller wants to speak to staff, in a few words').optional(),
  }),
  subject: 'the transfer',
  writes: false,
  deadlineMs: 1_000,
  async run({ reason = '' }, services, { callSid, from, staff }) {
    if (!services.hasStaff()) {
      throw new ToolRefusal('No staff member can be reached by telephone. Say so, and offer to take a voicemail.');
    }
    const found = await staff.reserve(callSid, reason);
    switch (found.kind) {
      case 'ring':
        return putThrough({ kind: 'transfer', reason, to: found.ring.number });
      case 'away':
        return putThrough({ kind: 'transfer', reason }, 'will try to reach somebody of the staff');
      case 'busy':
        return allBusy(found.place, from, services);
      case 'closed':
        return nobodyThere(from, services);
    }
  },
});

/** Where nobody could be asked whether somebody is free, nothing more is promised than to try. */
function putThrough(leave: NonNullable<ToolReply['leave']>, what = 'are putting the caller through'): ToolReply {
  return {
    answer: { accepted: true, next: `Say in one short sentence that you ${what}, and nothing else.` },
    leave,
  };
}

function allBusy(place: number, from: string, services: Services): ToolReply {
  const isInLine = place > 0;
  return {
    ...(isInLine ? { waits: true } : {}),
    answer: {
      accepted: false,
      why: isInLine
        ? 'Every staff member is on another call. The caller is in line now.'
        : 'Every staff member is on another call, and too many callers wait for them already.',
      ...(isInLine ? { placeInLine: place } : {}),
      choices: [
        ...(isInLine ? ['keep talking with you; the call is put through by itself when the turn comes'] : []),
        ...otherChoices(from, services),
      ],
      next: `Say so${isInLine ? ', and the place in line' : ''}. Ask which of the choices the caller would like.`,
    },
  };
}

function nobodyThere(from: string, services: Services): ToolReply {
  const returns = services.staffReturns(defaultLanguage);
  return {
    answer: {
      accepted: false,
      why: 'No staff member takes calls at this hour.',
      ...(returns === null ? {} : { staffIsBackAt: returns }),
      choices: otherChoices(from, services),
      next: 'Say so, and when staff can be reached again if you know it. Ask which of the choices the caller would like.',
    },
  };
}

function otherChoices(from: string, services: Services): string[] {
  const promise = callerKey(from) === null ? null : services.callbackPromise();
  return ['leave a voicemail', ...(promise === null ? [] : [`be called back ${promise}`])];
}
