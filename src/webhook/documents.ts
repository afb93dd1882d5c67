import type { WaitEnd } from '../../machines/call-events.ts';
import type { CallView, DoorRefusal, TwimlRequest } from '../calls/call-door.ts';
import type { Ring, StaffFound } from '../services/staff-desk.ts';
import type { CallRecordingRule } from '../services/consent.ts';
import { type LineName, lineText, type LineValues, ownLanguage } from '../services/lines.ts';
import { audioPath } from './audio.ts';
import { inLineQuery } from './dial-desk.ts';
import type { HoldAudio } from './hold-audio.ts';
import { type KeypadFacts, menuAnswer, menuOptions } from './menu-words.ts';
import { type SpokenLines, Twiml, type Ending, type StreamAddress, waitListenMs } from './twiml.ts';
import type { MessageAsked } from './message-keys.ts';
import { waitQuery, type Wait } from './wait-state.ts';
import type { Piece, WaitFacts } from './wait-words.ts';

/** What the store says of itself, from memory: old rather than late. */
export interface StoreFacts extends WaitFacts {
  keypad: KeypadFacts;
  /** What is said first outside the hours; null while the store is open. */
  closed(language: string): string | null;
  /** The longest conversation, ms. */
  callMsMax: number;
  /** Whether a call is recorded, and the caller told first. */
  recording(parties: { from: string; to: string }): CallRecordingRule;
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
  /** `/voice/voicemail`. */
  message?: MessageAsked;
  /** The waiting room was left. */
  waited?: { how: WaitEnd; wait: Wait };
  /** Who is kept for a call that is put through, or why nobody is; absent where nobody was asked: all are rung. */
  staff?: StaffFound;
}

/** Where a call's next stream goes, why it gets none, or what it hears until it gets one. */
export type Next = StreamAddress | Trouble | { piece: Piece };

/** Why a call was not taken: the door's word, the placement's, or `late` and `threw` for either. */
export type Trouble = DoorRefusal | 'late' | 'threw' | 'full' | 'queued' | 'nowhere' | Unwanted;
/** `tooMany`: the caller has too many calls; `closed`: nobody is let in; `afterHours`: the store is. A message is taken. */
export type Unwanted = 'tooMany' | 'closed' | 'afterHours';

const MUSIC_MS_MIN = 1_000;
/** Music comes in whole seconds: the nearest. */
const HALF_SECOND_MS = 500;
const busyReasons: ReadonlySet<Trouble> = new Set(['full', 'queued']);
const personKeys: ReadonlySet<string> = new Set(['2', '0', '*']);

const lineFor: Record<Unwanted, LineName> = { tooMany: 'tooMany', closed: 'closed', afterHours: 'closed' };

interface PutOff {
  timesMax: number;
  afterS: number;
  line: LineName | null;
}

/** What is over soon: the call is left as it stands, for whoever is asked next. */
const putOffs: Partial<Record<Trouble, PutOff>> = {
  unavailable: { timesMax: 8, afterS: 1, line: null },
  late: { timesMax: 8, afterS: 1, line: null },
  /** Redis came back without the call: whoever holds its stream brings it back within a second. */
  unknown: { timesMax: 2, afterS: 1, line: 'moment' },
  /** No other node has room, and this process is to end: the one after it has so long to start. */
  draining: { timesMax: 2, afterS: 8, line: 'moment' },
};

/** In which language a document speaks, and of which store. */
interface Words {
  facts: StoreFacts;
  language: string;
}

/** Which document a call is answered with. Pure: the same question and the same prepared lines, the same bytes. */
export class Documents {
  private readonly twiml: Twiml;
  private readonly holdAudio: HoldAudio;

  constructor(publicUrl: string, holdAudio: HoldAudio, lines: SpokenLines) {
    this.twiml = new Twiml(publicUrl, lines);
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
  hold({ sentences, language, holdMs, next }: Piece, before: readonly string[] = []): string {
    // The carrier listens on after the last sound.
    const musicMs = Math.max(holdMs - waitListenMs + HALF_SECOND_MS, MUSIC_MS_MIN);
    const music = holdMs === 0 ? null : this.holdAudio.lasting(musicMs);
    const ending: Ending = {
      verb: 'wait',
      query: waitQuery(next),
      music: music && audioPath(music.hash, music.seconds),
    };
    return this.twiml.say([...before, ...sentences], ending, language);
  }

  /** Where the call stands decides. */
  forView(view: CallView, ask: Ask, facts: StoreFacts, next: Next): string {
    const words = { facts, language: view.language };
    switch (view.state) {
      case 'ringing':
      case 'conversation':
      case 'detached':
        // A message was taken without the call's knowing why: it does not get a stream for it.
        if (ask.kind === 'voicemail') return this.messageEnded(ask, words);
        if (typeof next === 'string') return this.trouble(next, ask, words);
        // A place was sought in vain for a call that another request has taken out of the waiting room.
        return 'piece' in next ? this.trouble('full', ask, words) : this.connect(next, ask, words);
      case 'dialing':
        return this.dialing(view, ask, words);
      case 'recording':
        return isUnwanted(next) ? this.unwanted(next, words) : this.askForMessage(ask, words);
      case 'reviewing':
        return this.review(ask, words);
      case 'menu':
        return this.menu(ask, words);
      case 'waiting':
        if (ask.kind === 'voicemail') return this.messageEnded(ask, words);
        if (typeof next === 'string' || !('piece' in next)) return this.trouble('full', ask, words);
        return this.hold(next.piece, ask.kind === 'dialResult' ? [said('noStaff', words)] : []);
      case 'hangingUp':
        if (ask.kind === 'voicemail') return this.messageEnded(ask, words);
        if (ask.waited?.how === 'callback') return this.calledBack(words);
        // After `next` the assistant's own goodbye was heard.
        return this.say(ask.kind === 'next' ? [] : ['farewell'], { verb: 'hangup' }, words);
      case 'ended':
        return this.twiml.empty();
    }
  }

  /** A recording begins with the first stream and goes on by itself, whatever becomes of that. */
  private connect(stream: StreamAddress, ask: Ask, words: Words): string {
    const isFirst = ask.kind === 'arrive' || ask.waited?.wait.kind === 'new';
    const rule = isFirst ? words.facts.recording(ask) : 'off';
    const before = rule === 'told' ? [said('recorded', words)] : [];
    return this.twiml.connect(stream, { before, language: words.language, isRecorded: rule !== 'off' });
  }

  /** The carrier is asked to ask again, so often at most; null where the call is answered now. */
  putOff(trouble: Trouble, ask: Ask): PutOff | null {
    const putOff = ask.kind === 'next' ? putOffs[trouble] : undefined;
    return putOff && ask.puttingOff < putOff.timesMax ? putOff : null;
  }

  /** The call could not be taken: the caller hears why, and gets a person or a machine for messages. */
  forTrouble(trouble: Trouble, ask: Ask, facts: StoreFacts): string {
    return this.trouble(trouble, ask, { facts, language: ownLanguage(facts) });
  }

  /** Needs nothing but memory: for the carrier's own last resort. */
  fallback(ask: Pick<Ask, 'from' | 'to'>, facts: StoreFacts): string {
    return this.apology('trouble', ask, { facts, language: ownLanguage(facts) });
  }

  private trouble(trouble: Trouble, ask: Ask, words: Words): string {
    const { facts } = words;
    if (trouble === 'ended') return this.say(['farewell'], { verb: 'hangup' }, words);
    if (ask.kind === 'voicemail') return this.messageAlone(ask, words);
    if (ask.kind === 'dialResult') {
      return ask.succeeded
        ? this.say(['farewell'], { verb: 'hangup' }, words)
        : this.say(['noStaff', 'leaveMessage'], { verb: 'record' }, words);
    }
    if (ask.kind === 'menu') return this.menuAlone(ask, words);
    if (isUnwanted(trouble)) return this.unwanted(trouble, words);
    if (ask.waited?.how === 'voicemail') return this.say(this.beforeMessage(ask), { verb: 'record' }, words);
    if (ask.waited?.how === 'person') return this.say(['holdForStaff'], this.dial(facts, ask, ask.waited.wait), words);
    const putOff = this.putOff(trouble, ask);
    if (putOff) {
      const query = `n=${ask.puttingOff + 1}`;
      const ending = { verb: 'redirect', path: '/voice/next', query, afterS: putOff.afterS } as const;
      return this.say(putOff.line === null ? [] : [putOff.line], ending, words);
    }
    return this.apology(busyReasons.has(trouble) ? 'busy' : 'trouble', ask, words);
  }

  private apology(line: LineName, ask: Pick<Ask, 'from' | 'to'>, words: Words): string {
    const { facts } = words;
    if (facts.staffNumbers.length === 0) return this.say([line, 'leaveMessage'], { verb: 'record' }, words);
    return this.say([line, 'holdForStaff'], this.dial(facts, ask), words);
  }

  private dialing(view: CallView, ask: Ask, words: Words): string {
    const { facts } = words;
    const isNews = ask.kind === 'menu' || ask.kind === 'wait' || ask.kind === 'voicemail';
    const { staff, waited } = ask;
    if (staff?.kind === 'busy' || staff?.kind === 'closed') return this.nobodyFree(staff, words, waited?.wait);
    const ring = staff?.kind === 'ring' ? staff.ring : null;
    // Nobody could be asked: who was kept for the call is rung all the same.
    const numbers = view.ringing === null ? facts.staffNumbers : [view.ringing];
    const ending = this.dial({ staffNumbers: numbers }, view, waited?.wait, ring);
    return this.say(isNews ? ['holdForStaff'] : [], ending, words);
  }

  /** Said before anybody is rung; the result is asked for at once, and leads back to where the call came from. */
  private nobodyFree(why: Extract<StaffFound, { kind: 'busy' | 'closed' }>, words: Words, wait?: Wait): string {
    const place = why.kind === 'busy' ? why.place : 0;
    const line = why.kind === 'closed' ? 'staffAway' : place > 0 ? 'staffInLine' : 'staffBusy';
    const queries = [wait ? waitQuery({ ...wait, key: '' }) : '', place > 0 ? inLineQuery : ''];
    const query = queries.filter(Boolean).join('&');
    const ending = { verb: 'redirect', path: '/voice/dial-result', query } as const;
    return this.twiml.say([said(line, words, { place })], ending, words.language);
  }

  private unwanted(why: Unwanted, words: Words): string {
    const { facts, language } = words;
    const first = (why === 'afterHours' ? facts.closed(language) : null) ?? said(lineFor[why], words);
    return this.twiml.say([first, said('leaveMessage', words)], { verb: 'record' }, language);
  }

  private beforeMessage({ waited }: Ask): LineName[] {
    // Nobody asked for it: the wait had become too long.
    const isOurs = waited?.how === 'voicemail' && waited.wait.key === '';
    return isOurs ? ['noStaff', 'leaveMessage'] : ['leaveMessage'];
  }

  /** Whoever said nothing is asked once more. */
  private askForMessage(ask: Ask, words: Words): string {
    const isAgain = ask.message?.rounds === 0;
    if (!isAgain) return this.say(this.beforeMessage(ask), { verb: 'record' }, words);
    return this.say(['messageAgain'], { verb: 'record', tries: (ask.message?.tries ?? 0) + 1 }, words);
  }

  private review({ message }: Ask, words: Words): string {
    const ending = { verb: 'review', rounds: (message?.rounds ?? 0) + 1 } as const;
    return this.say(message?.isUnknownKey === true ? ['notUnderstood', 'review'] : ['review'], ending, words);
  }

  /** The message without the call's journal. */
  private messageAlone(ask: Ask, words: Words): string {
    if (ask.message?.choice === 'person') return this.say(['holdForStaff'], this.dial(words.facts, ask), words);
    if (ask.message?.choice === 'again') return this.say(['leaveMessage'], { verb: 'record' }, words);
    return this.messageEnded(ask, words);
  }

  private calledBack(words: Words): string {
    const { facts, language } = words;
    const callback = facts.callback(language) ?? '';
    return this.twiml.say([said('willCall', words, { callback })], { verb: 'hangup' }, language);
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

  private messageEnded(ask: Ask, words: Words): string {
    return this.say([ask.succeeded ? 'messageTaken' : 'noMessage'], { verb: 'hangup' }, words);
  }

  private menu(ask: Ask, words: Words): string {
    const { facts, language } = words;
    const options = menuOptions(facts.keypad, facts.staffNumbers.length > 0, language);
    return this.twiml.say([...this.beforeOptions(ask, words), ...options], { verb: 'menu' }, language);
  }

  private beforeOptions(ask: Ask, words: Words): string[] {
    if (ask.kind === 'dialResult') return [said('noStaff', words)];
    if (ask.kind !== 'menu') return [said('welcome', words), said('noAssistant', words)];
    return menuAnswer(ask.digits, words.facts.keypad, words.language);
  }

  /** The menu without the call's journal: silence ends it, since nobody counts the rounds. */
  private menuAlone(ask: Ask, words: Words): string {
    if (ask.digits === '') return this.say(['farewell'], { verb: 'hangup' }, words);
    if (ask.digits === '3') return this.say(['leaveMessage'], { verb: 'record' }, words);
    if (personKeys.has(ask.digits)) return this.say(['holdForStaff'], this.dial(words.facts, ask), words);
    return this.menu(ask, words);
  }

  private say(lines: readonly LineName[], ending: Ending, words: Words): string {
    const sentences = lines.map((line) => said(line, words));
    return this.twiml.say(sentences, ending, words.language);
  }
}

function said(line: LineName, { facts, language }: Words, values: LineValues = {}): string {
  return lineText(line, facts, language, values);
}

function isUnwanted(next: Next): next is Unwanted {
  return next === 'tooMany' || next === 'closed' || next === 'afterHours';
}
