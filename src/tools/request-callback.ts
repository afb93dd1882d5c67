import { z } from 'zod';
import { callerKey } from '../services/caller-number.ts';
import { defineTool, ToolRefusal } from './tool.ts';

export const requestCallback = defineTool({
  name: 'request_callback',
  description:
    'Note that the caller wants to be called back by the store, at the number of this call. Only when the caller has said so.',
  parameters: z.object({
    reason: z.string().max(300).describe('What the caller wants to be called back about, in a few words').optional(),
  }),
  subject: 'calling back',
  writes: true,
  deadlineMs: 1_000,
  async run({ reason = '' }, services, { callSid, from, staff }) {
    const promise = services.callbackPromise();
    if (promise === null) throw new ToolRefusal('Nobody is called back. Say so, and offer to take a voicemail.');
    if (callerKey(from) === null) {
      throw new ToolRefusal('The number of this call is not known. Say so, and offer to take a voicemail.');
    }
    await staff.leave(callSid);
    return {
      answer: {
        accepted: true,
        calledBack: promise,
        next: 'Say when the caller is called back, at the number of this call, and ask whether there is anything else.',
      },
      callback: reason,
    };
  },
});
