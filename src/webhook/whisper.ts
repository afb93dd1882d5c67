import type { CallDoor, CallView } from '../calls/call-door.ts';
import type { HttpResponse } from '../http/message.ts';
import { subjectOf } from '../services/call-subject.ts';
import { lineText, type LineStore, ownLanguage } from '../services/lines.ts';
import type { Bounded } from './bounded.ts';
import { callerOf, holdOf, isSupervisorLine, type StaffPort } from './dial-desk.ts';
import { isReachable } from './numbers.ts';
import { type CarrierRequest, isOver } from './request.ts';
import { type Twiml, xml } from './twiml.ts';

export interface WhisperDeps {
  staff: StaffPort;
  door: Pick<CallDoor, 'look'>;
  twiml: Twiml;
  bounded: Bounded;
  store(): LineStore;
  answerTimeoutMs: number;
}

/** Of the time for an answer, what may pass until it is known what the call is about. */
const LOOK_SHARE = 0.5;
const ACCEPT = '1';
/** The key is asked for so often: who says nothing, a machine too, does not take the call. */
const ROUNDS_MAX = 2;

/**
 * `/voice/whisper`: what a member of the staff hears before the call is put through, and the key that accepts it. An
 * answer without `<Hangup/>` puts it through; after one the caller's own document goes on.
 */
export class WhisperDesk {
  private readonly deps: WhisperDeps;

  constructor(deps: WhisperDeps) {
    this.deps = deps;
  }

  async answer(request: CarrierRequest): Promise<HttpResponse> {
    const { twiml } = this.deps;
    const callSid = callerOf(request);
    const hold = isSupervisorLine(request) ? request.query.get('h') : holdOf(request);
    if (isOver(request.callStatus)) return xml(twiml.empty());
    if (callSid === null || hold === null) return xml(twiml.hangup());
    const round = Number(/^\d$/.exec(request.query.get('r') ?? '')?.[0] ?? 0);
    const key = request.value('Digits');
    if (key === ACCEPT)
      return xml(await (isSupervisorLine(request) ? this.takeOver(callSid) : this.accept(callSid, hold)));
    if (key !== '' || round >= ROUNDS_MAX) return xml(twiml.hangup());
    const sentences = round === 0 ? await this.introduction(callSid) : [];
    const { store } = this.deps;
    const ask = lineText('whisperKeys', store(), ownLanguage(store()));
    const ending = { verb: 'whisper', query: `h=${hold}&r=${round + 1}` } as const;
    return xml(twiml.say([...sentences, ask], ending, ownLanguage(store())));
  }

  private async accept(callSid: string, hold: string): Promise<string> {
    const { staff, twiml, bounded } = this.deps;
    const standing = await bounded<'held' | 'lost'>(
      callSid,
      () => staff.accepted(callSid, hold),
      () => 'held',
    );
    return standing === 'held' ? twiml.empty() : twiml.hangup();
  }

  /** A supervisor accepts: nobody is kept for the call, it only has to be there still. */
  private async takeOver(callSid: string): Promise<string> {
    const { door, twiml, bounded } = this.deps;
    const view = await bounded<CallView | null>(
      callSid,
      () => door.look(callSid),
      () => null,
    );
    return view === null || view.supervisor !== null ? twiml.empty() : twiml.hangup();
  }

  /** Who calls, and about what. */
  private async introduction(callSid: string): Promise<string[]> {
    const { door, bounded, store, answerTimeoutMs } = this.deps;
    const view = await bounded<CallView | null>(
      callSid,
      () => door.look(callSid),
      () => null,
      answerTimeoutMs * LOOK_SHARE,
    );
    const language = ownLanguage(store());
    const from = view !== null && isReachable(view.from) ? spokenDigits(view.from) : null;
    const who =
      from === null
        ? lineText('whisperUnknown', store(), language)
        : lineText('whisperCall', store(), language, { from });
    const about = view === null ? '' : subjectOf(view);
    return about === '' ? [who] : [who, lineText('whisperAbout', store(), language, { about })];
  }
}

/** A number is read digit by digit. */
function spokenDigits(number: string): string {
  return number.replace(/\D/g, '').split('').join(' ');
}
