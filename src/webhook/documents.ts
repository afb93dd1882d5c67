import type { WaitEnd } from '../../machines/call-events.ts';
import type { CallView, DoorRefusal, TwimlRequest } from '../calls/call-door.ts';
import type { Ring, StaffFound } from '../services/staff-desk.ts';
import { lineText } from '../services/lines.ts';
import { audioPath } from './audio.ts';
import type { HoldAudio } from './hold-audio.ts';
import { Twiml, type Ending, type StreamAddress, waitListenMs } from './twiml.ts';
import { waitQuery, type Wait } from './wait-state.ts';
import type { Piece, WaitFacts } from './wait-words.ts';

/** What the store says of itself, from memory: old rather than late. */
export interface StoreFacts extends WaitFacts {
  /** A sentence: `We're open until 18:00 today.` */
  hours(): string;
}

/** A request whose answer is TwiML, as far as the words depend on it. */
export interface Ask {
  kind: TwimlRequest['kind'];
  /** Keypad menu: what was pressed, '' for nothing. */
  digits: string;
  /** Dial: staff and caller have talked. Record: there is a message. */
  succeeded: boolean;
  from: string;
  to: string;
  /** `/voice/next`: times that it was put off. */
  puttingOff: number;
  /** The waiting room was left. */
  waited?: { how: WaitEnd; wait: Wait };
  /** Who is kept for a call that is put through, or why nobody is; absent where nobody was asked: all are rung. */
  staff?: StaffFound;
}

/** Where a call's next stream goes, why it gets none, or what it hears until it gets one. */
export type Next = StreamAddress | Trouble | { piece: Piece };

/** Why a call was not taken: the door's word, the placement's, or `late` and `threw` for either. */
export type Trouble = DoorRefusal | 'late' | 'threw' | 'full' | 'queued' | 'nowhere' | Unwanted;
/** `tooMany`: the caller has too many calls; `closed`: nobody is let in. A message is taken. */
export type Unwanted = 'tooMany' | 'closed';

const MUSIC_MS_MIN = 1_000;
/** Music comes in whole seconds: the nearest. */
const HALF_SECOND_MS = 500;
const busyReasons: ReadonlySet<Trouble> = new Set(['full', 'queued']);
const personKeys: ReadonlySet<string> = new Set(['2', '0', '*']);

const lines = {
  busy: "I'm sorry, all our lines are busy right now.",
  moment: 'One moment, please.',
  trouble: "I'm sorry, we are having technical trouble right now.",
  holdForStaff: 'Please hold while I connect you with our staff.',
  noStaff: "I'm sorry, nobody could take your call right now.",
  leaveMessage: 'Please leave a message after the tone, and press the pound key when you are done.',
  messageTaken: 'Thank you, we have your message. Goodbye.',
  noMessage: 'I did not hear a message. Goodbye.',
  notUnderstood: "I'm sorry, I did not understand that.",
  noAssistant: 'Our assistant is not available at the moment.',
  goodbye: 'Thank you for calling. Goodbye.',
  tooMany: "I'm sorry, there were many calls from your number just now, and we cannot take another one yet.",
  closed: "I'm sorry, we cannot take your call right now.",
  willCall: 'Thank you. We will call you back',
};

interface PutOff {
  timesMax: number;
  afterS: number;
  words: readonly string[];
}

/** What is over soon: the call is left as it stands, for whoever is asked next. */
const putOffs: Partial<Record<Trouble, PutOff>> = {
  unavailable: { timesMax: 8, afterS: 1, words: [] },
  late: { timesMax: 8, afterS: 1, words: [] },
  /** Redis came back without the call: whoever holds its stream brings it back within a second. */
  unknown: { timesMax: 2, afterS: 1, words: [lines.moment] },
  /** No other node has room, and this process is to end: the one after it has so long to start. */
  draining: { timesMax: 2, afterS: 8, words: [lines.moment] },
};

/** Which document a call is answered with. Pure: the same question, the same bytes. */
export class Documents {
  private readonly twiml: Twiml;
  private readonly holdAudio: HoldAudio;

  constructor(publicUrl: string, holdAudio: HoldAudio) {
    this.twiml = new Twiml(publicUrl);
    this.holdAudio = holdAudio;
  }

  /** The call is over. */
  over(): string {
    return this.twiml.empty();
  }

  /** The call is not taken; only as its first answer. */
  turnAway(): string {
    return this.twiml.reject();
  }

  /** A piece of the wait; a key pressed in it is heard at once. */
  hold({ sentences, holdMs, next }: Piece, before: readonly string[] = []): string {
    // The carrier listens on after the last sound.
    const musicMs = Math.max(holdMs - waitListenMs + HALF_SECOND_MS, MUSIC_MS_MIN);
    const music = holdMs === 0 ? null : this.holdAudio.lasting(musicMs);
    const ending: Ending = { verb: 'wait', query: waitQuery(next), music: music && audioPath(music) };
    return this.twiml.say([...before, ...sentences], ending);
  }

  /** Where the call stands decides. */
  forView(view: CallView, ask: Ask, facts: StoreFacts, next: Next): string {
    switch (view.state) {
      case 'ringing':
      case 'conversation':
      case 'detached':
        // A message was taken without the call's knowing why: it does not get a stream for it.
        if (ask.kind === 'voicemail') return this.messageEnded(ask);
        if (typeof next === 'string') return this.forTrouble(next, ask, facts);
        // A place was sought in vain for a call that another request has taken out of the waiting room.
        return 'piece' in next ? this.forTrouble('full', ask, facts) : this.twiml.connect(next);
      case 'dialing':
        return this.dialing(view, ask, facts);
      case 'recording':
        return isUnwanted(next) ? this.unwanted(next) : this.twiml.say(this.beforeMessage(ask), { verb: 'record' });
      case 'reviewing':
        return this.messageEnded(ask);
      case 'menu':
        return this.menu(ask, facts);
      case 'waiting':
        if (ask.kind === 'voicemail') return this.messageEnded(ask);
        if (typeof next === 'string' || !('piece' in next)) return this.forTrouble('full', ask, facts);
        return this.hold(next.piece, ask.kind === 'dialResult' ? [lines.noStaff] : []);
      case 'hangingUp':
        if (ask.kind === 'voicemail') return this.messageEnded(ask);
        if (ask.waited?.how === 'callback') return this.calledBack(facts);
        // After `next` the assistant's own goodbye was heard.
        return this.twiml.say(ask.kind === 'next' ? [] : [lines.goodbye], { verb: 'hangup' });
      case 'ended':
        return this.twiml.empty();
    }
  }

  /** The carrier is asked to ask again, so often at most; null where the call is answered now. */
  putOff(trouble: Trouble, ask: Ask): PutOff | null {
    const putOff = ask.kind === 'next' ? putOffs[trouble] : undefined;
    return putOff && ask.puttingOff < putOff.timesMax ? putOff : null;
  }

  /** The call could not be taken: the caller hears why, and gets a person or a machine for messages. */
  forTrouble(trouble: Trouble, ask: Ask, facts: StoreFacts): string {
    if (trouble === 'ended') return this.twiml.say([lines.goodbye], { verb: 'hangup' });
    if (ask.kind === 'voicemail') return this.messageEnded(ask);
    if (ask.kind === 'dialResult') {
      return ask.succeeded
        ? this.twiml.say([lines.goodbye], { verb: 'hangup' })
        : this.twiml.say([lines.noStaff, lines.leaveMessage], { verb: 'record' });
    }
    if (ask.kind === 'menu') return this.menuAlone(ask, facts);
    if (isUnwanted(trouble)) return this.unwanted(trouble);
    if (ask.waited?.how === 'voicemail') return this.twiml.say(this.beforeMessage(ask), { verb: 'record' });
    if (ask.waited?.how === 'person')
      return this.twiml.say([lines.holdForStaff], this.dial(facts, ask, ask.waited.wait));
    const putOff = this.putOff(trouble, ask);
    if (putOff) {
      const query = `n=${ask.puttingOff + 1}`;
      return this.twiml.say(putOff.words, { verb: 'redirect', path: '/voice/next', query, afterS: putOff.afterS });
    }
    return this.apology(busyReasons.has(trouble) ? lines.busy : lines.trouble, ask, facts);
  }

  /** Needs nothing but memory: for the carrier's own last resort. */
  fallback(ask: Pick<Ask, 'from' | 'to'>, facts: StoreFacts): string {
    return this.apology(lines.trouble, ask, facts);
  }

  private apology(line: string, ask: Pick<Ask, 'from' | 'to'>, facts: StoreFacts): string {
    if (facts.staffNumbers.length === 0) return this.twiml.say([line, lines.leaveMessage], { verb: 'record' });
    return this.twiml.say([line, lines.holdForStaff], this.dial(facts, ask));
  }

  private dialing(view: CallView, ask: Ask, facts: StoreFacts): string {
    const isNews = ask.kind === 'menu' || ask.kind === 'wait';
    const { staff, waited } = ask;
    if (staff?.kind === 'busy' || staff?.kind === 'closed') return this.nobodyFree(staff, view, facts, waited?.wait);
    const ring = staff?.kind === 'ring' ? staff.ring : null;
    // Nobody could be asked: who was kept for the call is rung all the same.
    const numbers = view.ringing === null ? facts.staffNumbers : [view.ringing];
    const before = isNews ? [lines.holdForStaff] : [];
    return this.twiml.say(before, this.dial({ staffNumbers: numbers }, view, waited?.wait, ring));
  }

  /** Said before anybody is rung; the result is asked for at once, and leads back to where the call came from. */
  private nobodyFree(
    why: Extract<StaffFound, { kind: 'busy' | 'closed' }>,
    { language }: CallView,
    { name }: StoreFacts,
    wait?: Wait,
  ): string {
    const store = { name, greeting: '', languages: [] };
    const place = why.kind === 'busy' ? why.place : 0;
    const line = why.kind === 'closed' ? 'staffAway' : place > 0 ? 'staffInLine' : 'staffBusy';
    const query = wait ? waitQuery({ ...wait, key: '' }) : '';
    return this.twiml.say([lineText(line, store, language, { place })], {
      verb: 'redirect',
      path: '/voice/dial-result',
      query,
    });
  }

  private unwanted(why: Unwanted): string {
    return this.twiml.say([lines[why], lines.leaveMessage], { verb: 'record' });
  }

  private beforeMessage({ waited }: Ask): string[] {
    // Nobody asked for it: the wait had become too long.
    const isOurs = waited?.how === 'voicemail' && waited.wait.key === '';
    return isOurs ? [lines.noStaff, lines.leaveMessage] : [lines.leaveMessage];
  }

  private calledBack(facts: StoreFacts): string {
    const promise = [lines.willCall, facts.callback() ?? ''].join(' ').trim();
    return this.twiml.say([`${promise}, at the number that you are calling from. Goodbye.`], { verb: 'hangup' });
  }

  /** Whoever comes from the waiting room keeps the place in line. */
  private dial(
    { staffNumbers: numbers }: Pick<StoreFacts, 'staffNumbers'>,
    { from, to }: Pick<Ask, 'from' | 'to'>,
    wait?: Wait,
    ring: Ring | null = null,
  ): Ending {
    const query = wait ? waitQuery({ ...wait, key: '' }) : '';
    if (ring !== null || numbers.length > 0) return { verb: 'dial', numbers, from, to, query, ring };
    // Nobody to ring: the result is asked for at once, and says so.
    return { verb: 'redirect', path: '/voice/dial-result', query };
  }

  private messageEnded(ask: Ask): string {
    return this.twiml.say([ask.succeeded ? lines.messageTaken : lines.noMessage], { verb: 'hangup' });
  }

  private menu(ask: Ask, facts: StoreFacts): string {
    const staff = facts.staffNumbers.length > 0 ? ' press 2 to speak with our staff,' : '';
    const options = `Press 1 for our opening hours,${staff} or press 3 to leave a message.`;
    return this.twiml.say([...this.beforeOptions(ask, facts), options], { verb: 'menu' });
  }

  private beforeOptions(ask: Ask, facts: StoreFacts): string[] {
    if (ask.kind === 'dialResult') return [lines.noStaff];
    if (ask.kind !== 'menu') return [`Thank you for calling ${facts.name}.`, lines.noAssistant];
    if (ask.digits === '1') return [facts.hours()];
    return ask.digits === '' ? [] : [lines.notUnderstood];
  }

  /** The menu without the call's journal: silence ends it, since nobody counts the rounds. */
  private menuAlone(ask: Ask, facts: StoreFacts): string {
    if (ask.digits === '') return this.twiml.say([lines.goodbye], { verb: 'hangup' });
    if (ask.digits === '3') return this.twiml.say([lines.leaveMessage], { verb: 'record' });
    if (personKeys.has(ask.digits)) return this.twiml.say([lines.holdForStaff], this.dial(facts, ask));
    return this.menu(ask, facts);
  }
}

function isUnwanted(next: Next): next is Unwanted {
  return next === 'tooMany' || next === 'closed';
}
