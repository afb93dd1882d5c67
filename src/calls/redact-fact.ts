import type { Intent } from '../../machines/call-events.ts';
import type { Redactor } from '../redact/redactor.ts';
import type { Told } from './stream-port.ts';

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

/** The fact without what nobody may keep: nothing else reaches the actor, Redis, Kafka, Postgres or a tool. */
export function redactFact(redactor: Redactor, fact: Told): Told {
  switch (fact.type) {
    case 'caller.said':
    case 'assistant.said':
    case 'assistant.heard':
      return { ...fact, text: redactor.text(fact.text) };
    case 'tool.asked':
      return { ...fact, arguments: json(redactor, fact.arguments) };
    case 'tool.answered':
      return { ...fact, output: json(redactor, fact.output), leave: intent(redactor, fact.leave) };
    default:
      return fact;
  }
}
