import { refuse, type Refusal } from './refusal.ts';
import type { NewItem } from './schemas.ts';
import type { ToolOutput } from './plan.ts';
import { wordsWithin } from './speech.ts';

export interface Item {
  readonly id: string;
  readonly type: 'message' | 'function_call' | 'function_call_output';
  readonly role: 'system' | 'user' | 'assistant' | null;
  status: 'in_progress' | 'completed' | 'incomplete';
  /** What the model knows of the item: heard, written, said and not truncated. */
  words: string;
  /** What the API shows as text or transcript; null for caller audio not transcribed yet. */
  transcript: string | null;
  readonly content: 'input_text' | 'input_audio' | 'output_text' | 'output_audio' | null;
  readonly callId: string | null;
  readonly name: string | null;
  arguments: string;
  readonly output: string | null;
  /** Milliseconds of assistant audio generated. */
  generatedMs: number;
  truncated: boolean;
  readonly byClient: boolean;
}

export interface Truncation {
  readonly itemId: string;
  readonly audioEndMs: number;
  /** Milliseconds of the item generated when it was cut. */
  readonly generatedMs: number;
  /** The item's words as far as they were kept. */
  readonly words: string;
}

const ITEMS_MAX = 4000;
/** A system item that tells something and asks for no response. */
const NOTE = /^Note from [^:]*: (.+)$/s;

const BLANK: Omit<Item, 'id' | 'type'> = {
  role: null,
  status: 'completed',
  words: '',
  transcript: null,
  content: null,
  callId: null,
  name: null,
  arguments: '',
  output: null,
  generatedMs: 0,
  truncated: false,
  byClient: false,
};

/** An item with every field it does not name left blank. */
export function makeItem(fields: Pick<Item, 'id' | 'type'> & Partial<Item>): Item {
  return { ...BLANK, ...fields };
}

/** The item as the API shows it. */
export function showItem(item: Item): Record<string, unknown> {
  const base = { id: item.id, object: 'realtime.item', type: item.type, status: item.status };
  if (item.type === 'function_call') {
    return { ...base, call_id: item.callId, name: item.name, arguments: item.arguments };
  }
  if (item.type === 'function_call_output') return { ...base, call_id: item.callId, output: item.output };
  const audio = item.content === 'input_audio' || item.content === 'output_audio';
  const part = audio ? { type: item.content, transcript: item.transcript } : { type: item.content, text: item.words };
  const empty = item.status === 'in_progress' || item.content === null;
  return { ...base, role: item.role, content: empty ? [] : [part] };
}

function wordsOf(item: Extract<NewItem, { type: 'message' }>): string {
  const parts = item.content.map((part) => {
    if (part.type === 'input_text' || part.type === 'output_text') return part.text;
    return part.type === 'input_audio' ? (part.transcript ?? '') : '';
  });
  return parts.join(' ').trim();
}

/** The default conversation: items in order, what is still to be answered, what was said before. */
export class Conversation {
  readonly items: Item[] = [];

  find(id: string): Item | undefined {
    return this.items.find((item) => item.id === id);
  }

  get lastId(): string | null {
    return this.items.at(-1)?.id ?? null;
  }

  previousId(item: Item): string | null {
    return this.items[this.items.indexOf(item) - 1]?.id ?? null;
  }

  append(item: Item): void {
    this.items.push(item);
  }

  /** Puts in what a client sends, or says why not. `fallbackId` is used when it gives no id. */
  create(item: NewItem, previousId: string | null, fallbackId: string): Item | Refusal {
    const id = item.id ?? fallbackId;
    if (this.find(id) !== undefined) {
      return refuse('invalid_value', `Item with id '${id}' already exists.`, 'item.id');
    }
    const place = this.#placeAfter(previousId);
    if (place === null) {
      const message = `Previous item with id '${previousId}' not found.`;
      return refuse('item_not_found', message, 'previous_item_id');
    }
    if (item.type === 'function_call_output' && this.call(item.call_id) === undefined) {
      return refuse('invalid_value', `Tool call ID '${item.call_id}' not found in conversation.`, 'item.call_id');
    }
    if (this.items.length >= ITEMS_MAX) return refuse('invalid_value', `More than ${ITEMS_MAX} items.`, 'item');
    const made = this.#make(item, id);
    this.items.splice(place, 0, made);
    return made;
  }

  remove(id: string): boolean {
    const at = this.items.findIndex((item) => item.id === id);
    if (at >= 0) this.items.splice(at, 1);
    return at >= 0;
  }

  call(callId: string): Item | undefined {
    return this.items.find((item) => item.type === 'function_call' && item.callId === callId);
  }

  isAnswered(callId: string): boolean {
    return this.items.some((item) => item.type === 'function_call_output' && item.callId === callId);
  }

  /** Forgets what lies behind `audioEndMs` of an assistant's spoken item, and its transcript. */
  truncate(id: string, audioEndMs: number, charsPerSecond: number | undefined): Truncation | Refusal {
    const item = this.find(id);
    if (item === undefined) {
      return refuse('item_truncate_invalid_item_id', `Item with item_id '${id}' not found.`, 'item_id');
    }
    if (item.role !== 'assistant' || item.content !== 'output_audio') {
      return refuse('invalid_value', 'Only assistant audio messages can be truncated.', 'item_id');
    }
    const generatedMs = Math.floor(item.generatedMs);
    if (audioEndMs > generatedMs) {
      const message = `Audio content of ${generatedMs}ms is already shorter than ${audioEndMs}ms`;
      return refuse('invalid_value', message, 'audio_end_ms');
    }
    const said = item.words === '' ? (item.transcript ?? '') : item.words;
    item.words = wordsWithin(said, audioEndMs, charsPerSecond);
    item.transcript = null;
    item.truncated = true;
    return { itemId: id, audioEndMs, generatedMs, words: item.words };
  }

  /** Outputs newer than the last words of the assistant, in order. */
  freshOutputs(): ToolOutput[] {
    const fresh: ToolOutput[] = [];
    for (const item of this.items.toReversed()) {
      if (item.type === 'message' && item.role === 'assistant' && item.status !== 'in_progress') break;
      if (item.type === 'message' && item.role === 'user') break;
      if (item.type !== 'function_call_output') continue;
      const callId = item.callId ?? '';
      fresh.unshift({ callId, name: this.call(callId)?.name ?? '', output: item.output ?? '' });
    }
    return fresh;
  }

  /** Ids of calls that have no output yet. */
  unansweredCalls(): string[] {
    const calls = this.items.filter((item) => item.type === 'function_call' && item.status === 'completed');
    return calls.map((item) => item.callId ?? '').filter((callId) => !this.isAnswered(callId));
  }

  /** The newest message that is not the assistant's and came after everything it said or called. */
  unanswered(role: 'user' | 'system'): Item | undefined {
    for (const item of this.items.toReversed()) {
      if (item.role === 'assistant' || item.type !== 'message') return undefined;
      if (item.role === role && !(role === 'system' && NOTE.test(item.words))) return item;
    }
    return undefined;
  }

  /** What notes told that the assistant has not spoken since, oldest first. */
  freshNotes(): string[] {
    const notes: string[] = [];
    for (const item of this.items.toReversed()) {
      if (item.role === 'assistant' && item.type === 'message' && item.status !== 'in_progress') break;
      const note = item.role === 'system' ? NOTE.exec(item.words)?.[1] : undefined;
      if (note !== undefined) notes.unshift(note);
    }
    return notes;
  }

  wordsOf(role: 'user' | 'assistant'): string[] {
    return this.items.filter((item) => item.role === role && item.words !== '').map((item) => item.words);
  }

  #placeAfter(previousId: string | null): number | null {
    if (previousId === null) return this.items.length;
    if (previousId === 'root') return 0;
    const at = this.items.findIndex((item) => item.id === previousId);
    return at < 0 ? null : at + 1;
  }

  #make(item: NewItem, id: string): Item {
    const base = { id, byClient: true };
    if (item.type === 'function_call') {
      return makeItem({ ...base, type: item.type, callId: item.call_id, name: item.name, arguments: item.arguments });
    }
    if (item.type === 'function_call_output') {
      return makeItem({ ...base, type: item.type, callId: item.call_id, output: item.output });
    }
    const words = wordsOf(item);
    const content = item.role === 'assistant' ? 'output_text' : 'input_text';
    return makeItem({ ...base, type: 'message', role: item.role, words, transcript: words, content });
  }
}
