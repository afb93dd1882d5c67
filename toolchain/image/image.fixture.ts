import { spawn } from 'node:child_process';
import { cp, mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, matchesGlob, relative } from 'node:path';
import { type Copy, type Dockerfile, DockerfileParser, type From, type Instruction } from 'dockerfile-ast';
import { ROOT } from '../../toolchain/programs.ts';

/** The Dockerfile carried out without an engine: each stage a folder, each path of a step below it. */

const STEP_MS_MAX = 170_000;
/** What the base image brings, as far as steps touch it. */
const BASE = ['usr/local/lib/node_modules', 'usr/local/bin', 'var/lib'];

export const readDockerfile = async (): Promise<Dockerfile> =>
  DockerfileParser.parse(await readFile(join(ROOT, 'Dockerfile'), 'utf8'));

/** What the last stage says of a container of it. */
export interface Image {
  /** Its root. */
  root: string;
  workdir: string;
  user: string;
  env: Record<string, string>;
  entrypoint: string[];
  command: string[];
}

interface Stage {
  root: string;
  workdir: string;
}

/** Carries the steps out below `dir`. Rejects with what a step printed when it fails. */
export async function buildImage(dir: string): Promise<Image> {
  const dockerfile = await readDockerfile();
  const ignored = await readIgnored();
  const stages = new Map<string, Stage>();
  const args: Record<string, string> = { UWS: 'npm', REVISION: 'test' };
  let stage: Stage = { root: dir, workdir: '/' };
  let isSkipped = false;
  const image: Image = { root: dir, workdir: '/', user: '', env: {}, entrypoint: [], command: [] };
  for (const instruction of dockerfile.getInstructions()) {
    const words = wordsOf(instruction).map((word) => filled(word, args));
    const keyword = instruction.getKeyword();
    if (keyword === 'FROM') {
      const name = (instruction as From).getBuildStage() ?? 'last';
      isSkipped = name === 'uws-official';
      if (isSkipped) continue;
      const from = stages.get(words[0] ?? '');
      stage = { root: join(dir, name), workdir: from?.workdir ?? '/' };
      stages.set(name, stage);
      for (const folder of BASE) await mkdir(join(stage.root, folder), { recursive: true });
      if (from) await cp(from.root, stage.root, { recursive: true });
    } else if (isSkipped) continue;
    else if (keyword === 'WORKDIR') {
      stage.workdir = words[0] ?? '/';
      await mkdir(join(stage.root, stage.workdir), { recursive: true });
    } else if (keyword === 'COPY') await copy(instruction as Copy, words, { stage, stages, ignored });
    else if (keyword === 'RUN') await run(words.join(' '), stage);
    else if (keyword === 'USER') image.user = words[0] ?? '';
    else if (keyword === 'ENV') Object.assign(image.env, Object.fromEntries(words.map((word) => word.split('='))));
    else if (keyword === 'ENTRYPOINT') image.entrypoint = listOf(instruction);
    else if (keyword === 'CMD') image.command = listOf(instruction);
  }
  return { ...image, root: stage.root, workdir: join(stage.root, stage.workdir) };
}

const wordsOf = (instruction: Instruction): string[] =>
  instruction
    .getArguments()
    .map((argument) => argument.getValue())
    .filter((word) => !word.startsWith('--mount='));

/** The list of an instruction in JSON form. */
export const listOf = (instruction: Instruction): string[] =>
  JSON.parse(instruction.getRawArgumentsContent() ?? '[]') as string[];

const filled = (word: string, args: Record<string, string>): string =>
  word.replace(/\$\{(\w+)\}/g, (all, name: string) => args[name] ?? all);

interface Places {
  stage: Stage;
  stages: ReadonlyMap<string, Stage>;
  ignored: (path: string) => boolean;
}

async function copy(instruction: Copy, words: readonly string[], { stage, stages, ignored }: Places): Promise<void> {
  const flags = new Map(instruction.getFlags().map((flag) => [flag.getName(), flag.getValue() ?? '']));
  const paths = words.filter((word) => !word.startsWith('--'));
  const to = paths.at(-1) ?? '';
  const target = isAbsolute(to) ? join(stage.root, to) : join(stage.root, stage.workdir, to);
  const from = flags.get('from');
  for (const path of paths.slice(0, -1)) {
    const source = from === undefined ? join(ROOT, path) : join(stages.get(from)?.root ?? '/nowhere', path);
    const isInto = to.endsWith('/') || to === '.';
    const isFolder = (await stat(source)).isDirectory();
    const place = isInto && !isFolder ? join(target, path.split('/').at(-1) ?? '') : target;
    await mkdir(dirname(place), { recursive: true });
    const filter = (file: string): boolean => from !== undefined || !ignored(relative(ROOT, file));
    await cp(source, place, { recursive: true, filter });
  }
}

/** A shell in the stage's folder; absolute paths are the stage's own. */
async function run(line: string, { root, workdir }: Stage): Promise<void> {
  const here = line.replaceAll(/(?<=^|\s|=)\/(?=\w)/g, `${root}/`).replace(/chown \S+ \S+/, 'true');
  const child = spawn('sh', ['-euc', here], {
    cwd: join(root, workdir),
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: STEP_MS_MAX,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  if (code !== 0) throw new Error(`${line} ended with ${String(code)}: ${output}`);
}

/** .dockerignore as the engine reads it: the last line that matches a path, or a folder above it, decides. */
export async function readIgnored(): Promise<(path: string) => boolean> {
  const lines = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n').filter((line) => /^[^#]/.test(line));
  return (path) => {
    // A star takes names that begin with a dot too.
    const plain = path.replaceAll(/(^|\/)\./g, '$1_.');
    const isIn = (pattern: string): boolean => [pattern, `${pattern}/**`].some((one) => matchesGlob(plain, one));
    // A folder on the way to something that is let in is entered.
    const leadsTo = lines.some((line) => line.startsWith(`!${path}/`));
    const last = lines.findLast((line) => isIn(line.replace(/^!/, '')));
    return last !== undefined && !last.startsWith('!') && !leadsTo;
  };
}
