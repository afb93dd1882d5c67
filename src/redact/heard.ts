const MASK_HERE = /^\[[a-z ]+\]/;

/**
 * What was heard of an item, without what its redacted text no longer says: `heard` is its beginning as it was said,
 * where it was cut. `text` '': not known yet.
 */
export function asHeard(text: string, heard: string, cut: boolean): string {
  if (text === '') return heard;
  if (!cut) return text;
  let shared = 0;
  while (shared < heard.length && heard[shared] === text[shared]) shared += 1;
  if (shared === heard.length) return heard;
  const mask = MASK_HERE.exec(text.slice(shared));
  return mask ? text.slice(0, shared) + mask[0] : heard;
}
