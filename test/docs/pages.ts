/** The pages that a user reads, their blocks and their links. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Block, blocksOf } from './blocks.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Page {
  /** From the project's root. */
  readonly path: string;
  readonly markdown: string;
  readonly blocks: readonly Block[];
}

/** README.md, CONTRIBUTING.md and docs/*.md; decision records are history and not kept running. */
export const PAGES: readonly Page[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].map((path) => {
  const markdown = readFileSync(join(root, path), 'utf8');
  return { path, markdown, blocks: blocksOf(path, markdown) };
});

/** Links within the project: the file, and the heading in it where the link names one. */
export function linksOf({ path, markdown }: Page): { file: string; heading: string | undefined }[] {
  const prose = markdown.replace(/^ *```[\s\S]*?^ *```$/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', heading] = target.split('#');
      return { file: file === '' ? path : normalize(join(dirname(path), file)), heading };
    });
}

/** The anchors that GitHub gives the headings of a page. */
export function headingsOf(markdown: string): string[] {
  const prose = markdown.replace(/^ *```[\s\S]*?^ *```$/gm, '');
  return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
