import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');

const run = promisify(execFile);

/** Another release of this project, unpacked beside this checkout and run with its npm packages. */
export interface Release {
  /** Its `src/main.ts`. */
  entry: string;
  remove(): Promise<void>;
}

/** The newest tag `v…`, null where none is. */
export async function newestRelease(): Promise<string | null> {
  const { stdout } = await run('git', ['tag', '--list', 'v*', '--sort=-v:refname'], { cwd: ROOT });
  return stdout.split('\n')[0] || null;
}

/** Unpacks a tag or any other commit. */
export async function unpackRelease(commit: string): Promise<Release> {
  const folder = await mkdtemp(join(tmpdir(), 'aida-release-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const archive = join(folder, 'release.tar');
    await run('git', ['archive', '--output', archive, commit], { cwd: ROOT });
    await run('tar', ['-xf', archive, '-C', folder]);
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    return { entry: join(folder, 'src/main.ts'), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
