import { createHash } from 'node:crypto';
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { knownBinaries } from '../../src/http/native.ts';
import { type Stack, startStack } from '../../src/sim/stack.ts';
import { ROOT } from '../../toolchain/programs.ts';
import { buildImage, type Image } from './image.fixture.ts';

const BUILD_MS_MAX = 170_000;
const HEARD_MS_MAX = 30_000;

let dir: string;
let image: Image;
let stack: Stack | null = null;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aida-image-'));
  image = await buildImage(dir);
}, BUILD_MS_MAX);
afterAll(async () => {
  await stack?.stop();
  await rm(dir, { recursive: true, force: true });
});

const inImage = (path: string): string => join(image.workdir, path);
const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

test('the image holds what runs, and nothing to test or to install with', async () => {
  expect((await readdir(image.workdir)).toSorted()).toEqual(
    ['LICENSE', 'entities', 'machines', 'node_modules', 'package.json', 'sbom.cdx.json', 'src'].toSorted(),
  );
  for (const absent of ['node_modules/vitest', 'node_modules/typescript', 'src/config.test.ts', 'machines/golden'])
    expect([absent, await exists(inImage(absent))]).toEqual([absent, false]);
  expect(await readdir(join(image.root, 'usr/local/lib'))).toEqual([]);
});

test('of the server there is one binary, the one that was tested', async () => {
  const file = `uws_linux_${process.arch}_${process.versions.modules}.node`;
  const names = await readdir(inImage('node_modules/uWebSockets.js'));
  expect(names.filter((name) => name.endsWith('.node'))).toEqual([file]);
  const bytes = await readFile(inImage(`node_modules/uWebSockets.js/${file}`));
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(knownBinaries[file]);
});

test('the bill of materials names every package that is there, with its hash', async () => {
  const bill = JSON.parse(await readFile(inImage('sbom.cdx.json'), 'utf8')) as {
    bomFormat: string;
    components: { name: string; version: string; hashes?: { alg: string }[] }[];
  };
  expect(bill.bomFormat).toBe('CycloneDX');
  const lock = JSON.parse(await readFile(inImage('node_modules/.package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  const named = new Set(bill.components.map(({ name, version }) => `${name.split('/').at(-1)} ${version}`));
  const present = Object.entries(lock.packages).map(([path, { version }]) => `${path.split('/').at(-1)} ${version}`);
  // One is installed under another name than its own.
  expect(present.filter((one) => !named.has(one) && !one.startsWith('uWebSockets.js '))).toEqual([]);
  expect(present.length).toBeGreaterThan(50);
  expect(bill.components.filter(({ hashes = [] }) => hashes[0]?.alg !== 'SHA-512')).toEqual([]);
});

test('a call is answered by a node that runs from it', async () => {
  stack = await startStack({
    model: { charsPerSecond: 48 },
    env: image.env,
    each: () => ({ entry: inImage('src/main.ts') }),
  });
  const call = stack.twilio.placeCall({ from: '+12075550101', to: '+12075550142' });
  await call.waitFor(() => call.heardText().includes('Mangy Dog Coffee'), HEARD_MS_MAX);
  call.hangUp();
  await call.done;
  expect(stack.twilio.complaints).toEqual([]);
}, 60_000);

test('the console of that node has all of its views, scripts and styles', async () => {
  const filesIn = async (dir: string): Promise<string[]> =>
    (await readdir(dir, { recursive: true })).filter((name) => name.includes('.')).toSorted();
  for (const folder of ['src/console/views', 'src/console/static'])
    expect([folder, await filesIn(inImage(folder))]).toEqual([folder, await filesIn(join(ROOT, folder))]);
  const console = `http://127.0.0.1:${stack?.node.opsPort}`;
  const headers = { authorization: `Bearer ${stack?.adminToken}` };
  const page = await (await fetch(`${console}/admin/dashboard`, { headers })).text();
  const assets = [...page.matchAll(/"(\/admin\/static\/[^"]+)"/g)].map(([, path = '']) => path);
  expect(assets.join(' ')).toContain('htmx.js');
  const statuses = await Promise.all(assets.map(async (path) => [path, (await fetch(console + path)).status]));
  expect(statuses).toEqual(assets.map((path) => [path, 200]));
});
