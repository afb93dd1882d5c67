import { createHash } from 'node:crypto';

/** A Lua script with the names of its keys, in order. */
export interface Script {
  readonly name: string;
  readonly keys: readonly string[];
  readonly source: string;
  readonly sha: string;
}

export interface ScriptOptions {
  /** The script may run when Redis is out of memory: it frees more than it takes. */
  frees?: boolean;
}

const HELPERS = `
local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function whole(n) return string.format('%.0f', n) end
`;

/**
 * Puts a script together: its keys become locals under their names, beside `clock()` (ms) and `whole(n)`
 * (Lua writes large numbers as 1.7e+12 otherwise). The first line makes Redis refuse keys of two slots.
 */
export function script(name: string, keys: readonly string[], body: string, options: ScriptOptions = {}): Script {
  const head = `#!lua${options.frees ? ' flags=allow-oom' : ''}\n`;
  const locals = keys.map((key, index) => `local ${key} = KEYS[${index + 1}]\n`).join('');
  const source = head + locals + HELPERS + body;
  return { name, keys, source, sha: createHash('sha1').update(source).digest('hex') };
}
