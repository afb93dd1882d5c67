/** Answers of a broker by which the messages themselves are at fault. */
const types: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** True where Kafka will never take what was sent: it is larger than the topic allows. */
export const isTooLarge = (error: unknown): boolean => types.has(typeOf(error));

function typeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause)
    if ('type' in at && typeof at.type === 'string' && at.type !== '') return at.type;
  return '';
}
