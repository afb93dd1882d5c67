import { epochAsNumber } from './epoch.ts';
import { EntitySchema } from 'typeorm';

/** One run of a tool: the row that makes a second run with the same id answer what the first one did. */
export interface ToolExecution {
  callSid: string;
  toolCallId: string;
  epoch: number;
  name: string;
  /** As the model gave it, redacted; not necessarily JSON. */
  arguments: string;
  /** `ok`, `refused`, `failed`, `late`; null while it runs. */
  result: string | null;
  output: string | null;
  /** The intent with which the call leaves the conversation, if this tool asked for that. */
  leave: Record<string, string> | null;
  startedAt: Date;
  durationMs: number | null;
}

export const ToolExecutionEntity = new EntitySchema<ToolExecution>({
  name: 'ToolExecution',
  columns: {
    callSid: { type: 'text', primary: true },
    toolCallId: { type: 'text', primary: true },
    epoch: { type: 'bigint', transformer: epochAsNumber },
    name: { type: 'text' },
    arguments: { type: 'text' },
    result: { type: 'text', nullable: true },
    output: { type: 'text', nullable: true },
    leave: { type: 'jsonb', nullable: true },
    startedAt: { type: 'timestamptz' },
    durationMs: { type: 'integer', nullable: true },
  },
  indices: [{ columns: ['startedAt'] }],
});
