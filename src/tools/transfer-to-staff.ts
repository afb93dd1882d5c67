import { z } from 'zod';
import { defineTool, ToolRefusal } from './tool.ts';

export const transferToStaff = defineTool({
  name: 'transfer_to_staff',
  description: 'Transfer the call to a staff member, when the caller asks for a person or you cannot help.',
  parameters: z.object({
    reason: z.string().max(300).describe('Why the caller wants to speak to staff, in a few words').optional(),
  }),
  subject: 'the transfer',
  writes: false,
  deadlineMs: 1_000,
  run({ reason = '' }, services) {
    if (services.assistant().staffNumbers.length === 0) {
      throw new ToolRefusal('No staff member can be reached by telephone. Say so, and offer to take a voicemail.');
    }
    return {
      answer: {
        accepted: true,
        next: 'Say in one short sentence that you are putting the caller through, and nothing else.',
      },
      leave: { kind: 'transfer', reason },
    };
  },
});
