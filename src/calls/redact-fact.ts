import { type Intent, personKeys } from '../../machines/call-events.ts';
import { asHeard } from '../redact/heard.ts';
import type { Redactor } from '../redact/redactor.ts';
import type { Speaker } from '../redact/turns.ts';
import type { Told } from './stream-port.ts';

/** A fact without what nobody may keep; facts that take back earlier turns come before it. */
export type FactRedactor = (fact: Told) => Told[];

/** For one call: nothing but what this lets through reaches the actor, a tool, Redis, Kafka or Postgres. */
export function createFactRedactor(redactor: Redactor): FactRedactor {
  const turns = redactor.turns();
  /** What the assistant's items were shown to say, until it is told how much of them was heard. */
  const unheard = new Map<string, string>();

  function said(speaker: Speaker, fact: Extract<Told, { type: 'caller.said' | 'assistant.said' }>): Told[] {
    const { text, amendments } = turns.turn(speaker, fact.itemId, fact.text);
    if (speaker === 'assistant') unheard.set(fact.itemId, text);
    for (const { itemId, text: amended } of amendments) if (unheard.has(itemId)) unheard.set(itemId, amended);
    const earlier = amendments.map((amendment): Told => ({ type: 'journal.redacted', ...amendment }));
    return [...earlier, { ...fact, text }];
  }

  /** A part of a number that only together with other turns is one must not come back by what was heard of it. */
  function heard(fact: Extract<Told, { type: 'assistant.heard' }>): Told {
    const text = asHeard(unheard.get(fact.itemId) ?? '', redactor.text(fact.text), fact.cut);
    unheard.delete(fact.itemId);
    return { ...fact, text };
  }

  return (fact) => {
    switch (fact.type) {
      case 'caller.said':
        return said('caller', fact);
      case 'assistant.said':
        return said('assistant', fact);
      case 'assistant.heard':
        return [heard(fact)];
      case 'supervisor.whispered':
        return [{ ...fact, text: redactor.text(fact.text) }];
      case 'carrier.dtmf':
        // A row of keys may be a card number; the call itself only minds those that reach a person.
        return [personKeys.has(fact.digit) ? fact : { ...fact, digit: '?' }];
      case 'tool.asked':
        return [{ ...fact, arguments: json(redactor, fact.arguments) }];
      case 'tool.answered':
        return [
          {
            ...fact,
            output: json(redactor, fact.output),
            leave: intent(redactor, fact.leave),
            ...(fact.callback !== undefined && { callback: redactor.text(fact.callback) }),
          },
        ];
      default:
        return [fact];
    }
  };
}

function json(redactor: Redactor, text: string): string {
  try {
    return JSON.stringify(redactor.json(JSON.parse(text)));
  } catch {
    return redactor.text(text);
  }
}

function intent(redactor: Redactor, value: Intent | null): Intent | null {
  if (value === null) return null;
  return value.kind === 'voicemail'
    ? { ...value, topic: redactor.text(value.topic) }
    : { ...value, reason: redactor.text(value.reason) };
}
