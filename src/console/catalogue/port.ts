import type { DataSource } from 'typeorm';
import type { Audit } from '../../services/audit.ts';
import type { Editor } from '../../services/catalogue/editor.ts';
import type { Services } from '../../services/services.ts';

/** What a tool would give the model. */
export interface ToolAnswer {
  /** `ok`, or why there is none: `refused`, `late`, `failed`. */
  result: string;
  output: string;
}

/** The assistant, as far as the pages that change what it knows ask it. */
export interface CataloguePort {
  services: Pick<
    Services,
    | 'refresh'
    | 'knowledge'
    | 'openNow'
    | 'closed'
    | 'specialDays'
    | 'onDuty'
    | 'persona'
    | 'languages'
    | 'areHoursKnown'
  >;
  /** Runs a tool that reads, as for a call. */
  ask(tool: AskableTool, args: Record<string, string>): Promise<ToolAnswer>;
  /** What a chat model would say with that in hand; null: none can be asked, or it did not answer. */
  say: ((question: string, answer: string) => Promise<string | null>) | null;
  /** Sentences that should be ready as sound, and how many of them are in the voice of today. */
  rendering(): Promise<{ wanted: number; ready: number; greetingIsReady: boolean; canRender: boolean }>;
}

export const askableTools = [
  'search_knowledge_base',
  'get_product_details',
  'get_menu',
  'get_store_hours',
  'get_subscription_info',
] as const;

export type AskableTool = (typeof askableTools)[number];

export interface CatalogueDeps {
  dataSource: DataSource;
  editor: Editor;
  audit: Audit;
  /** ms since the epoch. */
  now(): number;
  /** Null: nothing here answers like the assistant. */
  assistant: CataloguePort | null;
}
