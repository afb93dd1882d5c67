import { type CallContext, Step } from './call-context.ts';
import { type CallEffect, type CallEvent, type Turn } from './call-events.ts';
import { heardTurn, insertTurn, runsTool } from './call-turns.ts';

/** What is said, heard and looked up in a conversation, as the context keeps it. Pure. */

type Of<T extends CallEvent['type']> = Extract<CallEvent, { type: T }>;
type ToolRun = Extract<CallEffect, { type: 'tool.run' }>;

export function runningTool(context: CallContext, toolCallId: string): ToolRun | undefined {
  return Object.values(context.pending.effects).find(
    (effect): effect is ToolRun => effect.type === 'tool.run' && effect.toolCallId === toolCallId,
  );
}

export function withCaller(context: CallContext, event: Of<'caller.said'>) {
  const { itemId, text, after } = event;
  if (text === '') return new Step(context);
  const turns = insertTurn(context.turns, { who: 'caller', itemId, text }, after);
  return new Step(context).set({ turns, quietRounds: 0 });
}

/** Until it is known how much of it was heard, it stands as cut. */
export function withSaid(context: CallContext, { itemId, responseId, text }: Of<'assistant.said'>) {
  const turns = heardTurn(context.turns, { itemId, text, cut: true });
  // What no response says is a sentence of ours: it is on its way to the caller.
  return new Step(context).set({ turns, silent: context.silent && responseId !== '' });
}

export function withHeard(context: CallContext, { itemId, text, cut }: Of<'assistant.heard'>) {
  return new Step(context).set({ turns: heardTurn(context.turns, { itemId, text, cut }) });
}

/** A later fact takes back what an earlier turn said. */
export function withRedacted(context: CallContext, { itemId, text }: Of<'journal.redacted'>) {
  const turns = context.turns.map((turn) => (turn.who !== 'tool' && turn.itemId === itemId ? { ...turn, text } : turn));
  return new Step(context).set({ turns });
}

export function withAsk(context: CallContext, event: Of<'tool.asked'>) {
  const { toolCallId, responseId, name } = event;
  const turn: Turn = { who: 'tool', toolCallId, name, arguments: event.arguments, output: null };
  return new Step(context)
    .set({ turns: insertTurn(context.turns, turn, null) })
    .want({ type: 'tool.run', toolCallId, responseId, name, arguments: event.arguments });
}

export function withAnswer(context: CallContext, event: Of<'tool.answered'>) {
  const { toolCallId, output } = event;
  const turns = context.turns.map((turn) =>
    turn.who === 'tool' && turn.toolCallId === toolCallId ? { ...turn, output } : turn,
  );
  const { language = context.language, waits, callback } = event;
  const step = new Step(context)
    .answer((effect) => effect.type === 'tool.run' && effect.toolCallId === toolCallId)
    .set({ turns, language, inLine: callback === undefined && (context.inLine || waits === true) });
  return runsTool(step.context) ? step : step.disarm('filler');
}

export function withResponse(context: CallContext, event: Of<'model.responded'>) {
  const { responseId, spoke, status, toolCallIds } = event;
  const step = new Step(context).set({
    lastResponse: { id: responseId, spoke, asks: toolCallIds.length > 0 },
    silent: context.silent && !spoke,
    modelAttempts: status === 'failed' ? context.modelAttempts : 0,
  });
  return spoke && toolCallIds.length === 0 ? step.disarm('answer') : step;
}
