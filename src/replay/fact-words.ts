import type { CallEvent } from '../../machines/call-events.ts';
import type { Deadlines } from './replayed.ts';
import type { ScoreLine } from '../services/call-score.ts';

const SHOWN_CHARS_MAX = 400;

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;

export const shortened = (text: string): string =>
  text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)} … (${text.length} characters)` : text;

type Told = Pick<ScoreLine, 'kind' | 'text'>;
const call = (text: string): Told => ({ kind: 'call', text });

/** Null for facts that are told of elsewhere: what was said and heard, and that nothing is. */
export function toldOf(fact: CallEvent, standing: Deadlines): Told | null {
  switch (fact.type) {
    case 'carrier.arrived': {
      const how = [
        fact.queued ? 'waits for a place' : '',
        fact.rung ? `begins at ${fact.rung}` : '',
        fact.previous ? 'was cut off a moment ago' : '',
      ];
      return call(
        `${fact.from} calls ${fact.to}${how
          .filter(Boolean)
          .map((each) => `, ${each}`)
          .join('')}`,
      );
    }
    case 'carrier.streamStarted':
      return call(`stream ${fact.streamSid} at ${fact.node}`);
    case 'carrier.streamStopped':
      return call(`stream ${fact.streamSid} ended: ${fact.reason}`);
    case 'carrier.nextAsked':
      return call(
        `the carrier asks what is next: ${fact.intent ? JSON.stringify(fact.intent) : 'the stream broke'}${fact.breaks > 0 ? `, ${fact.breaks} breaks` : ''}`,
      );
    case 'carrier.waitEnded':
      return call(`the wait is over after ${seconds(fact.waitedMs)}: ${fact.how}`);
    case 'carrier.dtmf':
      return { kind: 'caller', text: `presses ${fact.digit}` };
    case 'carrier.menuChosen':
      return { kind: 'caller', text: fact.digits === '' ? 'presses nothing' : `presses ${fact.digits}` };
    case 'carrier.statusReported':
      return call(`the carrier says ${fact.status}${fact.durationS === null ? '' : ` after ${fact.durationS} s`}`);
    case 'carrier.dialEnded':
      return call(
        `staff: ${fact.result}${fact.durationS > 0 ? ` for ${fact.durationS} s` : ''}${fact.next ? `, rings ${fact.next} next` : ''}${fact.waits ? ', waits in line' : ''}`,
      );
    case 'carrier.recordEnded':
      return call(`message of ${fact.durationS} s, ${fact.recordingSid}${fact.review ? ', reviewed' : ''}`);
    case 'carrier.reviewed':
      return { kind: 'caller', text: `of the message: ${fact.choice}` };
    case 'carrier.recordingReady':
      return call(`recording ${fact.recordingSid} is ${fact.status}, ${fact.durationS} s`);
    case 'carrier.recordingSet':
      return call(`recording of the call: ${fact.to}`);
    case 'carrier.gone':
      return call(`the carrier was asked and says ${fact.status}`);
    case 'carrier.stillLive':
      return call(`the carrier was asked: the call is ${fact.status}`);
    case 'model.ready':
      return call(`model session ${fact.sessionId} of ${fact.model} is ready`);
    case 'model.rotated':
      return call(
        fact.sessionId === null ? 'no other model session was to be had' : `model session ${fact.sessionId} goes on`,
      );
    case 'model.lost':
      return call(`model session lost: ${fact.code}${fact.fatal ? ', for good' : ''}`);
    case 'model.responded':
      return fact.status === 'completed'
        ? null
        : call(`response ${fact.responseId} ${fact.status}${fact.errorCode ? `: ${fact.errorCode}` : ''}`);
    case 'tool.asked':
      return { kind: 'tool', text: `${fact.name} ${shortened(fact.arguments)}` };
    case 'tool.answered':
      return {
        kind: 'tool',
        text: `→ ${fact.result} in ${fact.durationMs} ms${fact.leave ? `, leaves for ${fact.leave.kind}` : ''}: ${shortened(fact.output)}`,
      };
    case 'node.draining':
      return call(fact.urgent ? 'the node is to end at once' : 'the node is to end');
    case 'intent.withdrawn':
      return call('the intent could be told to nobody');
    case 'staff.offered':
      return call(`${fact.to} is kept free: ${fact.reason}`);
    case 'staff.wentHome':
      return call('the staff has gone home');
    case 'supervisor.whispered':
      return call(`${fact.by} notes for the assistant: ${shortened(fact.text)}`);
    case 'supervisor.tookOver':
      return call(`${fact.by} takes the call over at ${fact.to}`);
    case 'supervisor.gaveBack':
      return call(`${fact.by} gives the call back to the assistant`);
    case 'supervisor.transferred':
      return call(
        `${fact.by} has the call put through to the staff${fact.to ? `: ${fact.to}` : ''}${fact.waits ? ', where it waits in line' : ''}`,
      );
    case 'supervisor.hungUp':
      return call(`${fact.by} ends the call`);
    case 'deadline.passed': {
      const due = standing[fact.name];
      const late = due === undefined ? ', which did not stand' : ` (${Math.max(0, fact.at - due)} ms late)`;
      return { kind: 'clock', text: `${fact.name} passes${late}` };
    }
    case 'journal.redacted':
      return call('something said before is taken out');
    case 'journal.erased':
    case 'caller.speechStarted':
    case 'caller.speechStopped':
    case 'caller.said':
    case 'assistant.said':
    case 'assistant.heard':
    case 'assistant.fellSilent':
      return null;
    default:
      return call(`${(fact as CallEvent).type}: of a newer release`);
  }
}
