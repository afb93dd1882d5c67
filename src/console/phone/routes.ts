import type { Audit } from '../../services/audit.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { page } from '../page.ts';

/** What the page needs of the phone behind it. */
export interface PhonePort {
  /** Where its socket is opened. */
  socketPath: string;
  typedCharsMax: number;
  /** Something speaks what is typed. */
  hasVoice: boolean;
  /** As whom somebody of this name calls. */
  callerOf(name: string): string;
  /** One call for whoever is signed in, or why there is none. */
  ticketFor(name: string): { ticket: string; callSid: string } | { refused: string };
}

export interface PhonePageDeps {
  /** Null: switched off. */
  phone: PhonePort | null;
  audit: Audit;
}

const TYPED_HINT = 'Spoken for you on the line. The simulated model of the demo understands typed words only.';
const NO_VOICE_HINT = 'Nothing here can speak: OPENAI_API_URL names no speech interface.';

/** The phone in the browser, and the ticket that opens its line. */
export function phoneRoutes({ phone, audit }: PhonePageDeps): PageRoute[] {
  if (phone === null) return [];
  return [
    { method: 'GET', path: '/phone', role: 'viewer', handler: (request) => show(request, phone) },
    {
      method: 'POST',
      path: '/phone/ticket',
      role: 'viewer',
      async handler({ who }) {
        const given = phone.ticketFor(who.name);
        if ('refused' in given) return json(429, given);
        await audit.note({ who, action: 'phone.called', subject: given.callSid });
        return json(200, { ticket: given.ticket });
      },
    },
  ];
}

function show(request: PageRequest, phone: PhonePort): Promise<ConsoleResponse> {
  return page(request, 'phone/phone', {
    socket: phone.socketPath,
    typedCharsMax: phone.typedCharsMax,
    typedHint: phone.hasVoice ? TYPED_HINT : NO_VOICE_HINT,
    caller: phone.callerOf(request.who.name),
  });
}

function json(status: number, body: Record<string, unknown>): ConsoleResponse {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) };
}
