// node jars.mjs LIST POM_JAR DIR: fetches the jars of LIST (`sha256  path`) from Maven Central into DIR, each compared
// with its hash. Where that is, the user's Maven settings say (a mirror), else Maven's own super POM inside POM_JAR.
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { inflateRawSync } from 'node:zlib';

const AT_ONCE = 6;
const TRIES = 3;
const TIMEOUT_MS = 120_000;
const SUPER_POM = 'org/apache/maven/model/pom-4.0.0.xml';
const ENTRY = 0x02014b50;
const ENTRY_BYTES = 46;
const END_BYTES = 22;

/** @param {string} jar @param {string} name */
function unzipped(jar, name) {
  const zip = readFileSync(jar);
  let at = zip.readUInt32LE(zip.length - END_BYTES + 16);
  while (zip.readUInt32LE(at) === ENTRY) {
    const [packed, nameBytes] = [zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28)];
    if (zip.toString('latin1', at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes) === name) {
      const local = zip.readUInt32LE(at + 42);
      const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const bytes = zip.subarray(from, from + packed);
      return (zip.readUInt16LE(at + 10) === 0 ? bytes : inflateRawSync(bytes)).toString();
    }
    at += ENTRY_BYTES + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  throw new Error(`${jar} has no ${name}`);
}

/** @param {string} pomJar */
function repository(pomJar) {
  try {
    const settings = readFileSync(join(homedir(), '.m2/settings.xml'), 'utf8').replaceAll(/<!--[^]*?-->/g, '');
    for (const [mirror] of settings.matchAll(/<mirror>[^]*?<\/mirror>/g)) {
      const url = /<url>\s*(\S+?)\/?\s*<\/url>/.exec(mirror)?.[1];
      if (url && /<mirrorOf>\s*(\*|central|external:\*)/.test(mirror)) return url;
    }
  } catch {
    // Most have none.
  }
  const url = /<id>central<\/id>[^]*?<url>([^<]+?)\/?<\/url>/.exec(unzipped(pomJar, SUPER_POM))?.[1];
  if (!url) throw new Error(`${pomJar} does not say where Maven Central is`);
  return url;
}

/** @param {string} url */
async function download(url) {
  for (let tries = 1; ; tries += 1) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (!response.ok) throw new Error(`status ${response.status}`);
      return Buffer.from(await response.arrayBuffer());
    } catch (error) {
      if (tries === TRIES) throw new Error(`${basename(url)}: ${String(error)}`);
    }
  }
}

const [list = '', pomJar = '', dir = ''] = process.argv.slice(2);
const jars = readFileSync(list, 'utf8').trim().split('\n');
const base = repository(pomJar);
let total = 0;

async function worker() {
  for (let line = jars.shift(); line; line = jars.shift()) {
    const [hash = '', path = ''] = line.split(/\s+/);
    const bytes = await download(`${base}/${path}`);
    if (createHash('sha256').update(bytes).digest('hex') !== hash) throw new Error(`${path}: not the expected bytes`);
    const file = join(dir, basename(path));
    writeFileSync(`${file}.new`, bytes);
    renameSync(`${file}.new`, file);
    total += bytes.length;
  }
}

try {
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  console.log(`${Math.round(total / 1024)} KiB of jars`);
} catch (error) {
  console.error(`because: ${String(error)}`);
  process.exitCode = 1;
}
