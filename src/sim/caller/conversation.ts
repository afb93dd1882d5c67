import { writeFile } from 'node:fs/promises';
import type { FakeTwilio, Heard, SimCall } from '../twilio/index.ts';
import type { CallStatus } from '../twilio/leg.ts';
import { Person, StepFailure } from './person.ts';
import type { Script } from './script.ts';
import { type ToolUse, Transcript, type TranscriptLine } from './transcript.ts';
import { matcherOf } from './words.ts';

export interface ConversationOptions {
  /** Called with each line as it comes to its end. */
  onLine?: (line: TranscriptLine) => void;
  /** Tools used so far in this call, oldest first; a script that expects tools needs it. */
  tools?: (call: SimCall) => readonly ToolUse[];
  /** What was heard, for a model that does not speak with the simulated voice: from its transcripts. */
  utterances?: (call: SimCall) => readonly Heard[];
  /** Speaks the caller's lines as 8 kHz µ-law, asked once for each line before the call. */
  speech?: (text: string) => Promise<Uint8Array>;
  /** Called when the call is over: what else tells of it comes to its end. */
  settle?: (call: SimCall) => Promise<void>;
  /** What the caller heard is written here as WAV. */
  wavFile?: string;
  /** How many times faster than people talk the caller does; left out: 1. */
  pace?: number;
}

/** How a conversation went. Times in ms. */
export interface ConversationReport {
  ok: boolean;
  failures: string[];
  lines: TranscriptLine[];
  callSid: string;
  status: CallStatus;
  ended: 'caller' | 'aida' | 'network' | null;
  /** From dialing to the first sound; null when nothing was heard. */
  firstWordMs: number | null;
  /** Silence before each answer. */
  turnsMs: number[];
  tools: string[];
  call: SimCall;
}

/** Places one call and has the conversation. Rejects only when a file or the speech cannot be had. */
export async function runConversation(
  script: Script,
  twilio: FakeTwilio,
  options: ConversationOptions = {},
): Promise<ConversationReport> {
  const audio = await prepareSpeech(script, options);
  Object.assign(twilio.staff, script.staff);
  const call = twilio.placeCall({ from: script.from, to: script.to });
  const tools = (): readonly ToolUse[] => options.tools?.(call) ?? [];
  const utterances = (): readonly Heard[] => options.utterances?.(call) ?? call.heard();
  const transcript = new Transcript({ call, tools, utterances, onLine: options.onLine ?? (() => undefined) });
  const unwatch = call.leg.watch(() => transcript.look());
  const words = (sinceMs: number): string => wordsSince(utterances(), sinceMs);
  const person = new Person({ call, transcript, words, audio, dir: script.dir, pace: options.pace ?? 1 });
  const failures = await perform(script, call, person);
  unwatch();
  call.hangUp();
  await call.done;
  await options.settle?.(call);
  transcript.look();
  if (options.wavFile !== undefined) await writeFile(options.wavFile, call.wav());
  const report: ConversationReport = {
    ok: false,
    failures,
    lines: transcript.lines,
    callSid: call.sid,
    status: call.status,
    ended: endedBy(call),
    firstWordMs: call.leg.ear.voiced[0]?.startMs ?? null,
    turnsMs: transcript.lines.flatMap((line) => (line.silenceMs === null ? [] : [line.silenceMs])),
    tools: tools().map((use) => use.name),
    call,
  };
  failures.push(...unmet(script, report, words(0)));
  report.ok = failures.length === 0;
  return report;
}

/** Words of the utterances that began after `sinceMs`: what was left of an interrupted one does not count. */
function wordsSince(utterances: readonly Heard[], sinceMs: number): string {
  const heard = utterances.filter(({ speaker, startMs }) => speaker !== 'caller' && startMs >= sinceMs);
  return heard.map(({ text }) => text).join(' ');
}

async function prepareSpeech(script: Script, options: ConversationOptions): Promise<Map<string, Uint8Array>> {
  const audio = new Map<string, Uint8Array>();
  if (!options.speech) return audio;
  for (const step of script.steps) {
    const text = step.kind === 'say' ? step.say : step.kind === 'interrupt' ? step.interrupt : null;
    if (text !== null && !audio.has(text)) audio.set(text, await options.speech(text));
  }
  return audio;
}

async function perform(script: Script, call: SimCall, person: Person): Promise<string[]> {
  for (const [index, step] of script.steps.entries()) {
    try {
      await person.act(step);
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error;
      return [`steps[${index}] ${step.kind}: ${error.message}`];
    }
  }
  if (script.steps.at(-1)?.kind === 'hangUp') return [];
  const { withinS } = script.expect;
  await call.waitFor((now) => now.ended, withinS * 1000).catch(() => undefined);
  return call.ended ? [] : [`the call was not ended within ${withinS} s after the last step`];
}

function endedBy(call: SimCall): ConversationReport['ended'] {
  switch (call.endedBy) {
    case 'phone':
      return 'caller';
    case 'service':
      return 'aida';
    case 'network':
    case null:
      return call.endedBy;
  }
}

function unmet(script: Script, report: ConversationReport, heard: string): string[] {
  const { expect } = script;
  const failures: string[] = [];
  for (const pattern of expect.heard) if (!matcherOf(pattern)?.(heard)) failures.push(`never heard: ${pattern}`);
  for (const pattern of expect.notHeard) if (matcherOf(pattern)?.(heard)) failures.push(`heard: ${pattern}`);
  let from = 0;
  for (const name of expect.tools) {
    const found = report.tools.indexOf(name, from);
    if (found < 0) failures.push(`tool ${name} was not used in its place; used: ${report.tools.join(', ') || 'none'}`);
    else from = found + 1;
  }
  for (const name of expect.notTools) if (report.tools.includes(name)) failures.push(`tool ${name} was used`);
  if (report.status !== expect.status) failures.push(`the call is ${report.status}, not ${expect.status}`);
  if (expect.ended !== undefined && report.ended !== expect.ended)
    failures.push(`the call was ended by ${report.ended}, not ${expect.ended}`);
  const { firstWordMs } = report;
  if (expect.firstWordMs !== undefined && !(firstWordMs !== null && firstWordMs <= expect.firstWordMs)) {
    failures.push(
      `the first word came after ${firstWordMs === null ? 'ever' : Math.round(firstWordMs)} ms, ${expect.firstWordMs} are allowed`,
    );
  }
  const slowest = Math.max(0, ...report.turnsMs);
  if (expect.turnMs !== undefined && slowest > expect.turnMs)
    failures.push(`${Math.round(slowest)} ms of silence before an answer, ${expect.turnMs} are allowed`);
  return failures;
}
