import { frames } from './frames.ts';
import type { Fuzzer } from './fuzzer.ts';
import { journalEntries } from './journal-entries.ts';
import { modelEvents } from './model-events.ts';
import { webhooks } from './webhooks.ts';

/** Whatever comes in from outside, or from a store that somebody else may write to. */
export const fuzzers: readonly Fuzzer[] = [frames, webhooks, modelEvents, journalEntries];
