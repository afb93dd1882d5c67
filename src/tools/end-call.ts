import { z } from 'zod';
import { defineTool } from './tool.ts';

export const endCall = defineTool({
  name: 'end_call',
  description: 'Hang up, once the caller has said goodbye or needs nothing more.',
  parameters: z.object({
    reason: z.string().max(300).describe('Why the call ends, in a few words').optional(),
  }),
  subject: 'hanging up',
  writes: false,
  deadlineMs: 1_000,
  run({ reason = '' }) {
    return {
      answer: {
        accepted: true,
        next: 'Say goodbye in one short sentence and nothing else. The line closes when it has been heard.',
      },
      leave: { kind: 'hangup', reason },
    };
  },
});
