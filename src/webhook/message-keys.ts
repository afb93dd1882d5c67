import type { CallEvent } from '../../machines/call-events.ts';
import type { Told } from '../calls/stream-port.ts';
import { type CarrierRequest, isOver } from './request.ts';

/** Times that a caller who says nothing is asked for a message. */
const TRIES_MAX = 2;
/** Times that a caller who presses nothing is asked what to do with it; then it is sent. */
const ROUNDS_MAX = 2;
const choices: Readonly<Record<string, MessageChoice>> = { '1': 'keep', '2': 'again', '0': 'person', '*': 'person' };
const COUNT = /^[1-9]$/;
const HUNG_UP = 'hangup';
/** What the carrier asks, and no answer was given that changes anything. */
const askedAgain: Told = { type: 'carrier.nextAsked', intent: null, breaks: 0 };

type MessageChoice = Extract<CallEvent, { type: 'carrier.reviewed' }>['choice'];

/** Where a caller stands between the tone and the goodbye. */
export interface MessageAsked {
  /** Times that a message was asked for. */
  tries: number;
  /** Times that the caller was asked what to do with it; 0: it was just recorded. */
  rounds: number;
  /** What the caller wants done with it; null where that was not asked, or not answered. */
  choice: MessageChoice | null;
  /** A key that was not offered. */
  isUnknownKey: boolean;
}

const countOf = (request: CarrierRequest, name: string): number =>
  Number(COUNT.exec(request.query.get(name) ?? '')?.[0] ?? 0);

/** `/voice/voicemail`: a message was recorded or not, or a key was pressed about it. */
export function messageFact(request: CarrierRequest): { fact: Told; message: MessageAsked } {
  const rounds = countOf(request, 'review');
  const tries = Math.max(1, countOf(request, 'tries'));
  return rounds > 0 ? reviewed(request, rounds) : recorded(request, tries);
}

function recorded(request: CarrierRequest, tries: number): { fact: Told; message: MessageAsked } {
  const message = { tries, rounds: 0, choice: null, isUnknownKey: false };
  const durationS = request.count('RecordingDuration') ?? 0;
  const digits = request.value('Digits');
  const isHere = digits !== HUNG_UP && !isOver(request.callStatus);
  if (durationS === 0 && isHere && tries < TRIES_MAX) return { fact: askedAgain, message };
  const fact: Told = {
    type: 'carrier.recordEnded',
    recordingSid: request.value('RecordingSid'),
    recordingUrl: request.value('RecordingUrl'),
    durationS,
    digits,
    ...(isHere && durationS > 0 && { review: true as const }),
  };
  return { fact, message };
}

function reviewed(request: CarrierRequest, rounds: number): { fact: Told; message: MessageAsked } {
  const key = request.value('Digits').slice(0, 1);
  const choice = choices[key] ?? (rounds >= ROUNDS_MAX ? 'keep' : null);
  const message = { tries: 1, rounds, choice, isUnknownKey: choice === null && key !== '' };
  return { fact: choice === null ? askedAgain : { type: 'carrier.reviewed', choice }, message };
}
