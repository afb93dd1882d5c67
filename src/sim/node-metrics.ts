/** What a node tells Prometheus, as text. */
export async function metricsOf(opsPort: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${opsPort}/metrics`);
  return answer.text();
}

/** The value of a metric, summed over its series that carry these labels; 0 when there is none. */
export function metricIn(text: string, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
