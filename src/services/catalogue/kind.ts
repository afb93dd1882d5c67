import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import type { Problems } from './form.ts';
import type { Content } from './merge.ts';

/** One kind of what a store decides, as forms edit it: where it is stored, and what may be written. */
export interface Kind {
  /** Names its revisions and what the audit log says of it: `menu.item`. */
  name: string;
  /** `the item`. */
  noun: string;
  /** Fields that are lists of rows. */
  lists: readonly string[];
  /** Reads what a form says; its errors are sentences. */
  schema: z.ZodType<Content>;
  /** What people call it: `Oat Milk Latte`. */
  title(content: Content): string;
  /** As it is stored; null: there is none. `key` is '' for what there is one of. */
  read(manager: EntityManager, key: string): Promise<Content | null>;
  /** What is wrong beside the other rows. */
  check?(manager: EntityManager, content: Content, key: string | null): Promise<Problems>;
  /** Stores it, under a new key for null; resolves with the key. */
  write(manager: EntityManager, key: string | null, content: Content): Promise<string>;
  remove?(manager: EntityManager, key: string): Promise<void>;
  /** What a field is called, for who compares two versions. */
  labels: Readonly<Record<string, string>>;
}

/** Kinds are checked as they are made; beyond that what they hold is plain content. */
export interface TypedKind<C extends object> extends Omit<Kind, 'schema' | 'title' | 'read' | 'check' | 'write'> {
  schema: z.ZodType<C>;
  title(content: C): string;
  read(manager: EntityManager, key: string): Promise<C | null>;
  check?(manager: EntityManager, content: C, key: string | null): Promise<Problems>;
  write(manager: EntityManager, key: string | null, content: C): Promise<string>;
}

export function defineKind<C extends object>(kind: TypedKind<C>): Kind {
  return kind as unknown as Kind;
}
