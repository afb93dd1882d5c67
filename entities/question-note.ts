import { EntitySchema } from 'typeorm';

/** What was done about a question that Aida could not answer. */
export interface QuestionNote {
  /** SHA-256 of the question's words, hexadecimal: what callers said is kept where it can be deleted. */
  questionHash: string;
  /** `drafted`: a document was made of it; `dismissed`: it needs none. */
  state: 'drafted' | 'dismissed';
  /** The document's id; null where there is none. */
  documentKey: string | null;
  by: string;
  at: Date;
}

export const QuestionNoteEntity = new EntitySchema<QuestionNote>({
  name: 'QuestionNote',
  columns: {
    questionHash: { type: 'text', primary: true },
    state: { type: 'text' },
    documentKey: { type: 'text', nullable: true },
    by: { type: 'text' },
    at: { type: 'timestamptz', default: () => 'now()' },
  },
  checks: [{ name: 'question_note_state_check', expression: "state IN ('drafted', 'dismissed')" }],
});
