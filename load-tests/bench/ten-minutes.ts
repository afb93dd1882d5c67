import type { CallEvent, Usage } from '../../machines/call-events.ts';

const exchanges = 14;
/** Every so many exchanges a tool is asked. */
const toolEvery = 3;
const minutes = 10;
const question = 'Do you have oat milk, and what would a large iced latte with it come to?'.padEnd(90, ' please');
const answer =
  'We do! A large iced latte is five dollars and seventy-five cents, and oat milk adds ninety cents.'.padEnd(
    200,
    ' Anything else?',
  );
const output = JSON.stringify({ items: 'x'.repeat(700) });
const usage: Usage = { textIn: 812, textInCached: 640, audioIn: 1_204, audioInCached: 980, textOut: 88, audioOut: 412 };

/** The mix of facts that a plain call of ten minutes journals. */
export const tenMinutes = {
  words: `${exchanges} questions of ${question.length} characters, answers of ${answer.length}, a tool for every third, ${output.length} bytes each`,
  twimlBytes: 420,
};

/** The facts of one such call, the arrival first; `at` is Redis-clock ms. */
export function factsOf(at: number): CallEvent[] {
  const facts: CallEvent[] = [
    { type: 'carrier.arrived', at, from: '+12075551234', to: '+12075550142', node: 'node-1' },
    { type: 'carrier.streamStarted', at: at + 400, streamSid: `MZ${'1'.repeat(32)}`, node: 'node-1' },
    { type: 'model.ready', at: at + 700, sessionId: 'sess_CqH2Nvq4Xk1TzR7yWm0Ba', model: 'gpt-realtime-2.1' },
    ...spoken(at + 900, 0),
  ];
  const stepMs = (minutes * 60_000) / exchanges;
  for (let turn = 1; turn <= exchanges; turn += 1) facts.push(...exchange(Math.round(at + turn * stepMs), turn));
  return facts;
}

const idOf = (kind: string, turn: number): string => `${kind}_CqH2Nvq4Xk1TzR7yWm${String(turn).padStart(2, '0')}`;

function exchange(at: number, turn: number): CallEvent[] {
  const itemId = idOf('item', 2 * turn);
  const asks: CallEvent[] = turn % toolEvery === 0 ? toolAsked(at + 2_000, turn) : [];
  return [
    { type: 'caller.speechStarted', at: at - 4_000, itemId },
    { type: 'caller.speechStopped', at, itemId },
    { type: 'caller.said', at: at + 300, itemId, text: question, after: idOf('item', 2 * turn - 1) },
    ...asks,
    ...spoken(at + 3_000, turn),
  ];
}

function toolAsked(at: number, turn: number): CallEvent[] {
  const toolCallId = idOf('call', turn);
  const responseId = idOf('resp', 2 * turn);
  return [
    { type: 'tool.asked', at, toolCallId, responseId, name: 'get_product_details', arguments: '{"name":"iced latte"}' },
    responded(at + 10, responseId, false, [toolCallId]),
    { type: 'tool.answered', at: at + 20, toolCallId, result: 'ok', output, durationMs: 4, leave: null },
  ];
}

function spoken(at: number, turn: number): CallEvent[] {
  const itemId = idOf('item', 2 * turn + 1);
  const responseId = idOf('resp', 2 * turn + 1);
  const totalMs = 11_400;
  return [
    { type: 'assistant.said', at, itemId, responseId, text: answer, totalMs },
    responded(at + 40, responseId, true, []),
    { type: 'assistant.heard', at: at + totalMs, itemId, text: answer, heardMs: totalMs, totalMs, cut: false },
    { type: 'assistant.fellSilent', at: at + totalMs },
  ];
}

function responded(at: number, responseId: string, spoke: boolean, toolCallIds: string[]): CallEvent {
  return { type: 'model.responded', at, responseId, status: 'completed', spoke, toolCallIds, errorCode: null, usage };
}
