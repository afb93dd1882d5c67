import type { Intent, ToolResult } from '../../machines/call-events.ts';
import { LateError, within } from '../services/deadline.ts';
import type { Services } from '../services/services.ts';
import type { Log } from '../telemetry/log.ts';
import { endCall } from './end-call.ts';
import { fitJson } from './fit.ts';
import { getMenu } from './get-menu.ts';
import { getProductDetails } from './get-product-details.ts';
import { getStoreHours } from './get-store-hours.ts';
import { getSubscriptionInfo } from './get-subscription-info.ts';
import { leaveVoicemail } from './leave-voicemail.ts';
import { requestCallback } from './request-callback.ts';
import { searchKnowledgeBase } from './search-knowledge-base.ts';
import { speakLanguage } from './speak-language.ts';
import { ToolRefusal, ToolUnavailable, type Tool, type ToolCall, type ToolDefinition } from './tool.ts';
import { transferToStaff } from './transfer-to-staff.ts';

/** Longest arguments that are read; a caller's sentence is a hundredth of it. */
const ARGUMENTS_CHARS_MAX = 8_192;
/** Longest output: it is journaled, and paid for in every later response. */
const OUTPUT_BYTES_MAX = 4_096;
/** Answers remembered for asks that come twice. */
const ANSWERS_MAX = 2_000;

/** In the order in which a session is told of them; additions only append. */
export const allTools: readonly Tool[] = [
  getMenu,
  getProductDetails,
  getStoreHours,
  getSubscriptionInfo,
  searchKnowledgeBase,
  transferToStaff,
  leaveVoicemail,
  endCall,
  speakLanguage,
  requestCallback,
];

export const toolNames: readonly string[] = allTools.map(({ definition }) => definition.name);

export interface ToolAsk {
  callSid: string;
  /** Who calls. */
  from: string;
  /** Of the owner that asks. */
  epoch: number;
  toolCallId: string;
  name: string;
  /** As the model wrote them: should be a JSON object. */
  arguments: string;
}

export interface ToolAnswer {
  result: ToolResult;
  /** JSON, or words for the model; at most 4 KiB. */
  output: string;
  leave: Intent | null;
  /** ISO 639-1: what is spoken from here on; absent: what was. */
  language?: string;
  /** The call is in line for the staff. */
  waits?: true;
  /** The caller is promised a call back, about this. */
  callback?: string;
  durationMs: number;
}

export interface Tools {
  /** For `session.tools`. */
  definitions: ToolDefinition[];
  /** The tool changes something that outlives the call. */
  writes(name: string): boolean;
  /** Never rejects; the same (callSid, toolCallId) is run once and answered alike. */
  run(ask: ToolAsk): Promise<ToolAnswer>;
}

type Outcome = Omit<ToolAnswer, 'durationMs'>;

export interface ToolsOptions {
  log: Pick<Log, 'error' | 'warn'>;
  staff: ToolCall['staff'];
  /** Operators have switched the tool off: it says so instead of running. */
  isOff?: (name: string) => boolean;
}

/** The tools of a store. `tools` is what there is to run, all of them unless named. */
export function createTools(
  services: Services,
  { log, staff, isOff = () => false }: ToolsOptions,
  tools: readonly Tool[] = allTools,
): Tools {
  const byName = new Map(tools.map((tool) => [tool.definition.name, tool]));
  const answers = new Map<string, Promise<ToolAnswer>>();

  async function outcomeOf({ callSid, from, epoch, name, arguments: text }: ToolAsk): Promise<Outcome> {
    const tool = byName.get(name);
    if (!tool) return refused(`There is no such tool. There are: ${[...byName.keys()].join(', ')}.`);
    if (isOff(name)) return refused(unavailable(tool.subject));
    try {
      const { answer, leave, language, waits, callback } = await within(
        tool.deadlineMs,
        tool.run(argumentsOf(text), services, { callSid, from, staff }),
      );
      return {
        result: 'ok',
        output: fitJson(answer, OUTPUT_BYTES_MAX),
        leave: leave ?? null,
        ...(language && { language }),
        ...(waits && { waits }),
        ...(callback !== undefined && { callback }),
      };
    } catch (error) {
      if (error instanceof ToolRefusal) return refused(error.message);
      const late = error instanceof LateError;
      if (late) log.warn({ callSid, epoch, tool: name, deadlineMs: tool.deadlineMs }, 'tool late');
      else if (!(error instanceof ToolUnavailable))
        log.error({ err: error, callSid, epoch, tool: name }, 'tool failed');
      return { result: late ? 'late' : 'failed', output: unavailable(tool.subject), leave: null };
    }
  }

  async function answerOf(ask: ToolAsk): Promise<ToolAnswer> {
    const startedAt = performance.now();
    const outcome = await outcomeOf(ask);
    return { ...outcome, durationMs: Math.round(performance.now() - startedAt) };
  }

  return {
    definitions: tools.map(({ definition }) => definition),
    writes: (name) => byName.get(name)?.writes ?? false,
    run(ask) {
      const key = JSON.stringify([ask.callSid, ask.toolCallId]);
      const known = answers.get(key);
      if (known) return known;
      const answer = answerOf(ask);
      answers.set(key, answer);
      const [oldest] = answers.keys();
      if (answers.size > ANSWERS_MAX && oldest !== undefined) answers.delete(oldest);
      return answer;
    },
  };
}

function argumentsOf(text: string): Record<string, unknown> {
  if (text.length > ARGUMENTS_CHARS_MAX)
    throw new ToolRefusal('The arguments are too long. Call the tool again with a few words.');
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ToolRefusal('The arguments are not valid JSON. Call the tool again with a JSON object.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ToolRefusal('The arguments must be a JSON object. Call the tool again with one.');
  }
  return { ...value };
}

function refused(words: string): Outcome {
  return { result: 'refused', output: words, leave: null };
}

function unavailable(subject: string): string {
  return `Right now ${subject} is not available. Say so in a few words, and offer to put the caller through to staff or to take a voicemail.`;
}
