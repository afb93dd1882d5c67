/** Names of fields and what was in them, of all that nodes wrote: enough to know whether a query names what exists. */
export interface LogLines {
  take(line: string): void;
  /** Field → some of its values, as text. */
  readonly fields: ReadonlyMap<string, ReadonlySet<string>>;
  /** The last warnings and errors, for whoever wonders why an alert fires. */
  readonly complaints: readonly string[];
}

const valuesMax = 5_000;
const complaintsMax = 200;
const warnLevel = 40;

export function logLines(): LogLines {
  const fields = new Map<string, Set<string>>();
  const complaints: string[] = [];
  return {
    fields,
    complaints,
    take(line) {
      const parsed = parse(line);
      if (!parsed) return;
      for (const [name, value] of Object.entries(parsed)) {
        const values = fields.get(name) ?? new Set();
        fields.set(name, values);
        if (values.size < valuesMax) values.add(String(value));
      }
      if (Number(parsed['level']) < warnLevel || /^(debug|info|trace)$/.test(String(parsed['level']))) return;
      complaints.push(line);
      if (complaints.length > complaintsMax) complaints.shift();
    },
  };
}

function parse(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
