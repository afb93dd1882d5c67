import { syntheticSid } from '../../telemetry/synthetic-sid.ts';
import type { FakeTwilio, SimCall } from '../twilio/index.ts';

/** Bounds of one call. */
export const syntheticLimits = {
  firstWordMs: 10_000,
  /** The greeting is over by then, or it is spoken into. */
  greetingMs: 20_000,
  /** So long nothing is heard: the other side has finished. */
  quietMs: 800,
  answerMs: 10_000,
  /** From the first sound of the answer to the words that are waited for. */
  wordsMs: 15_000,
  /** From hanging up to the last callback. */
  endMs: 10_000,
} as const;

export interface SyntheticSettings {
  /** What webhooks are signed with. */
  authToken: string;
  from: string;
  to: string;
  question: Question;
  limits?: Partial<Record<keyof typeof syntheticLimits, number>>;
}

/** `words`: where both sides speak with the simulated voice; `sound`: any answer counts to what a file says. */
export type Question =
  | { kind: 'words'; text: string; expects: RegExp }
  | { kind: 'sound'; file: Uint8Array; name: string };

export type SyntheticResult = 'ok' | 'refused' | 'no_stream' | 'no_first_word' | 'no_answer' | 'wrong_answer' | 'cut';

export interface SyntheticReport {
  callSid: string;
  result: SyntheticResult;
  /** From the webhook to the first sound; null when there was none. */
  firstWordMs: number | null;
  /** From the end of the question to the first sound after it. */
  answerMs: number | null;
  heard: string;
}

/** Places one call, waits for the first word, asks what needs a tool, hangs up. Never rejects; ends within its bounds. */
export async function placeSyntheticCall(twilio: FakeTwilio, settings: SyntheticSettings): Promise<SyntheticReport> {
  const bounds = { ...syntheticLimits, ...settings.limits };
  const { from, to, authToken } = settings;
  const call = twilio.placeCall({ from, to, sid: syntheticSid(authToken), keepAudio: false });
  const { result, answerMs } = await converse(call, settings.question, bounds);
  call.hangUp();
  await within(call.done, bounds.endMs);
  const firstWordMs = call.leg.ear.voiced[0]?.startMs ?? null;
  return { callSid: call.sid, result, firstWordMs, answerMs, heard: call.heardText() };
}

type Bounds = Record<keyof typeof syntheticLimits, number>;

async function converse(
  call: SimCall,
  question: Question,
  bounds: Bounds,
): Promise<{ result: SyntheticResult; answerMs: number | null }> {
  const { ear } = call.leg;
  const failed = (result: SyntheticResult) => ({ result, answerMs: null });
  const came = await comes(call, () => ear.voiced.length > 0 && call.stream !== null, bounds.firstWordMs);
  if (!came) return failed(whyNoWord(call));
  await comes(call, () => call.nowMs() - (ear.lastVoiceMs ?? 0) > bounds.quietMs, bounds.greetingMs);
  if (call.ended || call.stream === null) return failed('cut');
  const spoken = question.kind === 'words' ? call.speak(question.text) : call.play(question.file, question.name);
  await comes(call, () => spoken.endMs !== null, bounds.greetingMs);
  const doneMs = spoken.endMs ?? call.nowMs();
  const isAnswered = await comes(call, () => ear.firstVoiceMs(doneMs) !== null, bounds.answerMs);
  if (!isAnswered) return failed(call.ended ? 'cut' : 'no_answer');
  const answerMs = Math.max(0, (ear.firstVoiceMs(doneMs) ?? doneMs) - doneMs);
  if (question.kind === 'sound') return { result: 'ok', answerMs };
  const isRight = await comes(call, () => question.expects.test(call.heardText(doneMs)), bounds.wordsMs);
  return { result: isRight ? 'ok' : 'wrong_answer', answerMs };
}

function whyNoWord(call: SimCall): SyntheticResult {
  if (!call.webhooks.some(({ status }) => status === 200)) return 'refused';
  return call.streams.length === 0 ? 'no_stream' : 'no_first_word';
}

/** Whether it comes to be before the bound, and before the call ends. */
async function comes(call: SimCall, predicate: () => boolean, boundMs: number): Promise<boolean> {
  await call.waitFor(() => predicate() || call.ended, boundMs).catch(() => undefined);
  return predicate();
}

async function within(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([promise, new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}
