import type { PageRoute } from './guard.ts';

export type Found =
  | { kind: 'route'; route: PageRoute; params: Record<string, string> }
  | { kind: 'nothing' }
  | { kind: 'method'; allow: { allow: string } };

interface Pattern {
  route: PageRoute;
  parts: string[];
}

/** Finds the page of a path: what is written out wins over `:name`, that over a final `*`. */
export function createPaths(routes: readonly PageRoute[]): (method: string, path: string) => Found {
  const patterns = routes
    .map((route): Pattern => ({ route, parts: route.path.split('/') }))
    .toSorted((left, right) => (rank(left) < rank(right) ? -1 : 1));
  return (method, path) => {
    const asked = method === 'HEAD' ? 'GET' : method;
    const given = path.split('/');
    const allowed = new Set<string>();
    for (const { route, parts } of patterns) {
      const params = match(parts, given);
      if (!params) continue;
      if (route.method === asked) return { kind: 'route', route, params };
      allowed.add(route.method === 'GET' ? 'GET, HEAD' : route.method);
    }
    return allowed.size > 0 ? { kind: 'method', allow: { allow: [...allowed].join(', ') } } : { kind: 'nothing' };
  };
}

/** Sorts what is written out first, part by part. */
const rank = ({ parts }: Pattern): string =>
  parts.map((part) => (part === '*' ? '2' : part.startsWith(':') ? '1' : '0')).join('');

function match(parts: readonly string[], given: readonly string[]): Record<string, string> | null {
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    if (part === '*') return index < given.length ? { ...params, '*': given.slice(index).join('/') } : null;
    const value = given[index];
    if (value === undefined) return null;
    if (!part.startsWith(':')) {
      if (part !== value) return null;
      continue;
    }
    const decoded = decodedPart(value);
    if (decoded === null) return null;
    params[part.slice(1)] = decoded;
  }
  return parts.length === given.length ? params : null;
}

/** Null for what is empty or no text. */
function decodedPart(value: string): string | null {
  try {
    const decoded = decodeURIComponent(value);
    return decoded === '' || decoded.includes('\0') ? null : decoded;
  } catch {
    return null;
  }
}
