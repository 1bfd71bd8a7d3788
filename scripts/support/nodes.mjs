// Real node binaries of every line we promise, from the registry's packages of them, through npm. Kept in the user's cache.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { cached } from './cache.mjs';
import { must } from './run.mjs';

/** The lines that the package is promised to work with. */
export const lines = [20, 22, 24, 26];

/** The node of this line for Linux on `arch`, `{ program, version }`: 52 MB the first time. */
export async function nodeOf(line, arch = process.arch) {
  const folder = cached(`node-${line}-${arch}`);
  if (!existsSync(folder)) await fetch(line, arch, folder);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return { program: join(folder, 'bin/node'), version };
}

async function fetch(line, arch, folder) {
  const half = `${folder}.half`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half);
  const said = await must(
    `npm pack node-linux-${arch}@${line}`,
    'npm',
    ['pack', '--silent', `node-linux-${arch}@${line}`],
    {
      cwd: half,
    },
  );
  await must('tar', 'tar', ['-xzf', said.trim(), '--strip-components=1'], { cwd: half });
  rmSync(join(half, said.trim()));
  renameSync(half, folder);
}
