import { z } from 'zod';
import type { Intent } from '../../machines/call-events.ts';
import type { Services } from '../services/services.ts';
import type { StaffDesk } from '../services/staff-desk.ts';

/** What a session is told of a tool; the Realtime API wants it flat, without a nested `function`. */
export interface ToolDefinition {
  type: 'function';
  name: string;
  description: string;
  parameters: Record<string, unknown>;
}

export interface ToolReply {
  /** Short, made for speech; becomes JSON. */
  answer: Record<string, unknown>;
  /** How the call leaves the conversation once the farewell was heard. */
  leave?: Intent;
  /** The call is in line for the staff. */
  waits?: true;
  /** The caller is promised a call back, about this. */
  callback?: string;
  /** ISO 639-1: what is spoken from here on. */
  language?: string;
}

/** Of the call that asks. */
export interface ToolCall {
  callSid: string;
  /** Who calls. */
  from: string;
  staff: Pick<StaffDesk, 'reserve' | 'leave'>;
}

export interface ToolSpec<Parameters extends z.ZodObject> {
  name: string;
  description: string;
  parameters: Parameters;
  /** What cannot be said if the tool fails: `the menu`. */
  subject: string;
  /** It changes something that outlives the call: only the process that holds the call may run it. */
  writes: boolean;
  /** The caller waits: later answers are not used. */
  deadlineMs: number;
  run(args: z.output<Parameters>, services: Services, call: ToolCall): ToolReply | Promise<ToolReply>;
}

export interface Tool {
  definition: ToolDefinition;
  subject: string;
  writes: boolean;
  deadlineMs: number;
  /** Throws ToolRefusal on arguments that don't fit. */
  run(raw: Record<string, unknown>, services: Services, call: ToolCall): Promise<ToolReply>;
}

/** The model asked for something that is not possible; the message is for the model. */
export class ToolRefusal extends Error {
  override readonly name = 'ToolRefusal';
}

/** The answer exists but cannot be had now. */
export class ToolUnavailable extends Error {
  override readonly name = 'ToolUnavailable';
}

/** Makes a tool of its one schema: what the model is told and what its arguments are checked with. */
export function defineTool<Parameters extends z.ZodObject>(spec: ToolSpec<Parameters>): Tool {
  const { $schema: _, ...parameters } = z.toJSONSchema(spec.parameters, { io: 'input' });
  const names = Object.keys(spec.parameters.shape);
  return {
    definition: { type: 'function', name: spec.name, description: spec.description, parameters: { ...parameters } },
    subject: spec.subject,
    writes: spec.writes,
    deadlineMs: spec.deadlineMs,
    async run(raw, services, call) {
      const given = Object.fromEntries(
        names.flatMap((name) => cleaned(name, Object.hasOwn(raw, name) ? raw[name] : null)),
      );
      const result = spec.parameters.safeParse(given);
      if (!result.success) throw new ToolRefusal(problems(result.error, given));
      return spec.run(result.data, services, call);
    },
  };
}

/** Models write null or '' for what they leave out. Control characters and half characters would not be stored. */
function cleaned(name: string, value: unknown): [string, unknown][] {
  const clean =
    typeof value === 'string'
      ? value
          .toWellFormed()
          .replaceAll(/\p{Cc}/gu, ' ')
          .trim()
      : value;
  return clean === null || clean === '' ? [] : [[name, clean]];
}

function problems(error: z.ZodError, given: Record<string, unknown>): string {
  const words = error.issues.map((issue) => {
    const name = String(issue.path[0] ?? 'arguments');
    if (!Object.hasOwn(given, name)) return `${name} is required`;
    return issue.code === 'too_big' ? `${name} is too long` : `${name} must be text`;
  });
  return `${[...new Set(words)].join(', ')}. Call the tool again, or ask the caller first.`;
}

/** Stops a tool whose answers would be empty because the store's data was never read. */
export function needCatalog(services: Services): void {
  if (!services.isLoaded()) throw new ToolUnavailable();
}
