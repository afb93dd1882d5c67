import { z } from 'zod';
import { defineTool } from './tool.ts';

export const leaveVoicemail = defineTool({
  name: 'leave_voicemail',
  description: 'Let the caller leave a voicemail for the store.',
  parameters: z.object({
    topic: z.string().max(300).describe('What the message is about, in a few words').optional(),
  }),
  subject: 'the voicemail',
  writes: false,
  deadlineMs: 1_000,
  run({ topic = '' }) {
    return {
      answer: {
        accepted: true,
        next: 'Say in one short sentence that the caller can now record a message, and nothing else.',
      },
      leave: { kind: 'voicemail', topic },
    };
  },
});
