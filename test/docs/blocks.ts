/** Fenced blocks of a Markdown page and what their info strings ask for. The convention is in CONTRIBUTING.md. */

export interface Block {
  /** Path of the page from the project's root, and the line of the block's first line of code, from 1. */
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** `run` alone: ''. `run=CHECK`: CHECK. */
  readonly run?: string;
  readonly file?: string;
  readonly noRun?: string;
  /** Code of the hidden comment above the block: a program's beginning and end that would only distract a reader. */
  readonly before: string;
  readonly after: string;
}

const FENCE = /^( *)```(.*)$/;
const HIDDEN = /<!-- (before|after)\n([\s\S]*?)-->\s*$/;

/** @throws Error naming page and line when a fence is left open or an info string says what nobody knows */
export function blocksOf(page: string, markdown: string): Block[] {
  const lines = markdown.split('\n');
  const blocks: Block[] = [];
  let prose = '';
  for (let i = 0; i < lines.length; i += 1) {
    const fence = FENCE.exec(lines[i]!);
    if (fence === null) {
      prose += `${lines[i]}\n`;
      continue;
    }
    const [, indent = '', info = ''] = fence;
    const end = lines.findIndex((line, at) => at > i && line.trim() === '```');
    if (end < 0) throw new Error(`${page}:${i + 1}: this block has no end`);
    const text = lines.slice(i + 1, end).map((line) => line.slice(indent.length));
    const [language = '', ...words] = info.trim().split(/ +/);
    blocks.push({
      page,
      line: i + 2,
      language,
      text: `${text.join('\n')}\n`,
      ...marks(words, `${page}:${i + 1}`),
      ...hidden(prose),
    });
    prose = '';
    i = end;
  }
  return blocks;
}

function marks(words: string[], where: string): { run?: string; file?: string; noRun?: string } {
  const found: { run?: string; file?: string; noRun?: string } = {};
  for (const word of words) {
    const [, name, value = ''] = /^([^=]*)=?(.*)$/.exec(word)!;
    if (name === 'run') found.run = value;
    else if (name === 'file' && value !== '') found.file = value;
    else if (name === 'no-run' && value !== '') found.noRun = value.replaceAll('-', ' ');
    else throw new Error(`${where}: "${word}" is neither run, run=CHECK, file=NAME nor no-run=REASON`);
  }
  return found;
}

/** One comment for each may stand directly above the block. */
function hidden(prose: string): { before: string; after: string } {
  const found = { before: '', after: '' };
  for (let rest = prose; ; ) {
    const comment = HIDDEN.exec(rest);
    if (comment === null) return found;
    found[comment[1] as 'before' | 'after'] = comment[2]!;
    rest = rest.slice(0, comment.index);
  }
}
