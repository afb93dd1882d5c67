import type { PageRequest, PageRoute } from '../guard.ts';
import { type ConsoleResponse, redirect } from '../message.ts';
import { maskedNumber } from '../live/row.ts';
import { saved } from '../page.ts';
import { mayAct } from '../roles.ts';

/** A caller's number: whole for those who call back, its end for those who look on. */
export function numberFor({ who }: Pick<PageRequest, 'who'>, number: string): string {
  return number !== '' && mayAct(who.role, 'supervisor') ? number : maskedNumber(number);
}

export const mayWork = ({ who }: Pick<PageRequest, 'who'>): boolean => mayAct(who.role, 'supervisor');

/** Of a form: what somebody saw when they decided; -1 for none, which nothing is. */
export function seenVersion({ form }: Pick<PageRequest, 'form'>): number {
  const text = form.get('version') ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : -1;
}

/** One of these, else the first. */
export function oneOf<T extends string>(text: string | null, all: readonly [T, ...T[]]): T {
  return all.find((each) => each === text) ?? all[0];
}

/** For the select of whoever looks after something: nobody, those who may, and who does now. */
export function assigneeOptions(people: readonly string[], now: string): { value: string; label: string }[] {
  const names = now === '' || people.includes(now) ? people : [now, ...people];
  return [{ value: '', label: 'Nobody' }, ...names.map((name) => ({ value: name, label: name }))];
}

/** Whom somebody chose in that select: only those who may, else nobody. */
export async function chosenAssignee(
  { form, who }: Pick<PageRequest, 'form' | 'who'>,
  people: () => Promise<readonly string[]>,
): Promise<string> {
  const wanted = form.get('assignee') ?? '';
  const isKnown = wanted === '' || wanted === who.name || (await people()).includes(wanted);
  return isKnown ? wanted : '';
}

/** After somebody was chosen in it. */
export const assignedWords = ({ form }: Pick<PageRequest, 'form'>): string =>
  form.get('assignee') ? `${form.get('assignee')} looks after it.` : 'Nobody looks after it now.';

/** What those who work here do to one of a list. */
export const deedOf =
  (list: string) =>
  (path: string, handler: PageRoute['handler']): PageRoute => ({
    method: 'POST',
    path: `${list}/:sid/${path}`,
    role: 'supervisor',
    handler,
  });

/** Where a form came from, if that is a page of this list; else the list. */
export function backTo({ form }: Pick<PageRequest, 'form'>, list: string): string {
  const back = form.get('back') ?? '';
  return back === list || back.startsWith(`${list}?`) || back.startsWith(`${list}/`) ? back : list;
}

export const done = (request: PageRequest, list: string, sentence: string): ConsoleResponse =>
  saved(backTo(request, list), sentence);

/** To the page that says what it is now, after somebody else was quicker. */
export const lookAgain = (path: string): ConsoleResponse => redirect(`${path}?changed=1`);

/** What was typed, as one line or several, without what no text holds. */
export function typedText(text: string | null, most: number): string {
  return (text ?? '')
    .toWellFormed()
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/(?!\n)\p{Cc}/gu, ' ')
    .trim()
    .slice(0, most);
}

const MINUTE_MS = 60_000;

/** `5 min`, `3 h`, `2 days`. */
export function spanWords(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / MINUTE_MS));
  if (minutes < 1) return 'less than a minute';
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}
