/** Parameters of a form, in order, repeated names kept. */
export type Form = readonly (readonly [name: string, value: string])[];

/** Far more than the carrier sends, and bounded. */
const PARAMETERS_MAX = 256;
const FORM_TYPE = 'application/x-www-form-urlencoded';

export function isFormType(contentType: string): boolean {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() === FORM_TYPE;
}

/** Null where the body is no form: broken percent signs, bytes that are no UTF-8, too many parameters. */
export function parseForm(body: Buffer): Form | null {
  const text = body.toString('latin1');
  if (text === '') return [];
  const parts = text.split('&', PARAMETERS_MAX + 1);
  if (parts.length > PARAMETERS_MAX) return null;
  const form: (readonly [string, string])[] = [];
  for (const part of parts) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decode(equals < 0 ? part : part.slice(0, equals));
    const value = decode(equals < 0 ? '' : part.slice(equals + 1));
    if (name === null || value === null) return null;
    form.push([name, value]);
  }
  return form;
}

/** The first value of a parameter, '' where it is absent. */
export function valueOf(form: Form, name: string): string {
  return form.find(([key]) => key === name)?.[1] ?? '';
}

function decode(text: string): string | null {
  // The carrier encodes everything beyond ASCII; raw bytes there are not its own.
  if (!/^[\x21-\x7e]*$/.test(text)) return null;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}
