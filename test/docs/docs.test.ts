// Every block of README.md, CONTRIBUTING.md and docs/*.md is run from the packed package, read as the data it is, or says
// why not. How a block says what is to be done with it: CONTRIBUTING.md, "Blocks in the documentation".
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import type { Block } from './blocks.js';
import { READERS } from './data.js';
import { headingsOf, linksOf, PAGES, type Page, root } from './pages.js';
import { packedApp } from './place.js';
import { programOf, runBlock } from './run.js';

const runFile = promisify(execFile);
const app = packedApp();
const all = PAGES.flatMap(({ blocks }) => blocks);
const nameOf = (block: Block): string =>
  `${block.page}:${block.line} ${block.language} ${block.run ?? ''}`.trim();

describe.concurrent('runs', () => {
  for (const page of PAGES) {
    for (const block of page.blocks.filter(({ run }) => run !== undefined)) {
      it(nameOf(block), () => runBlock(app, block, filesFor(page, block)));
    }
  }
});

describe('every block', () => {
  it.each(all.map((block) => [nameOf(block), block] as const))('%s is looked at', (_name, block) => {
    if (block.language in READERS) {
      READERS[block.language]!(programOf(block));
    } else if (['js', 'sh'].includes(block.language)) {
      expect(isSettled(block), 'it is neither run, nor a file of a block that is, nor says no-run=WHY').toBe(
        true,
      );
    } else {
      expect.fail(
        `a block in "${block.language}": ${['js', 'sh', ...Object.keys(READERS)].join(', ')} are known`,
      );
    }
  });

  it('in JavaScript fits the types of the package', async () => {
    const folder = mkdtempSync(join(app, 'types-'));
    const programs = all.filter(({ language }) => language === 'js');
    const names = programs.map((block) => `${block.page.replaceAll(/\W/g, '_')}_${block.line}.mjs`);
    for (const [i, block] of programs.entries()) writeFileSync(join(folder, names[i]!), programOf(block));
    const options =
      '--noEmit --checkJs --strict --noImplicitAny false --ignoreConfig --skipLibCheck --target es2023 --module nodenext';
    const args = [
      join(root, 'node_modules/typescript/bin/tsc'),
      ...options.split(' '),
      '--types',
      'node',
      ...names,
    ];
    try {
      await runFile(process.execPath, args, { cwd: folder });
    } catch (error) {
      expect.fail((error as { stdout: string }).stdout);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it('the tables of options are what the code says', async () => {
  await runFile(process.execPath, ['scripts/make-limits-table.mjs', '--check'], { cwd: root });
});

it.each(PAGES.map((page) => [page.path, page] as const))('the links of %s lead somewhere', (_path, page) => {
  const broken = linksOf(page).filter(({ file, heading }) => {
    if (!existsSync(join(root, file))) return true;
    return heading !== undefined && !headingsOf(readFileSync(join(root, file), 'utf8')).includes(heading);
  });
  expect(broken).toEqual([]);
});

afterAll(() => {
  const left = all.filter(({ noRun }) => noRun !== undefined);
  const why = new Map<string, number>();
  for (const { noRun } of left) why.set(noRun!, (why.get(noRun!) ?? 0) + 1);
  const list = [...why].map(([reason, count]) => `${count} ${reason}`).join(', ');
  const run = all.filter((block) => block.run !== undefined).length;
  console.log(`docs: ${run} blocks are run, ${left.length} are not (${list})`);
});

function isSettled(block: Block): boolean {
  if (block.run !== undefined || block.noRun !== undefined) return true;
  const page = PAGES.find(({ path }) => path === block.page)!;
  return page.blocks.some((other) => other.run !== undefined && filesFor(page, other).includes(block));
}

/** The files of the page that the block's commands name. */
function filesFor(page: Page, block: Block): Block[] {
  return page.blocks.filter(({ file }) => file !== undefined && programOf(block).includes(file));
}
