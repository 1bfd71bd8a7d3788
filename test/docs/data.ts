/** Blocks that no program runs are at least read as what they claim to be. Each throws where they are not. */
import { Structure } from '../../lib/structure/structure.js';

export const READERS: Readonly<Record<string, (text: string) => void>> = {
  json: (text) => void JSON.parse(text),
  ini: readUnit,
  nginx: readNginx,
  html: readHtml,
  // Caps and structures as GStreamer writes them, one a line.
  caps: (text) => {
    for (const line of text.trim().split('\n')) Structure.parse(line.replace(/;$/, ''));
  },
  // Drawings and what programs print.
  text: () => {},
};

/** A unit of systemd, or sysctl settings: sections, and names with values. */
function readUnit(text: string): void {
  for (const line of text.split('\n')) {
    if (!/^(\[[A-Z]\w+\]|[A-Za-z][\w.]* ?= ?\S.*|[#;].*|)$/.test(line))
      throw new Error(`no setting: ${line}`);
  }
}

function readNginx(text: string): void {
  let depth = 0;
  for (const line of text.split('\n').map((raw) => raw.replace(/#.*/, '').trim())) {
    if (line === '') continue;
    if (!/[;{}]$/.test(line)) throw new Error(`no directive: ${line}`);
    depth += (line.endsWith('{') ? 1 : 0) - (line === '}' ? 1 : 0);
    if (depth < 0) throw new Error('a brace too many');
  }
  if (depth !== 0) throw new Error('a brace is left open');
}

const VOID = new Set(['img', 'meta', 'link', 'br', 'input', 'source']);

/** Every element that is opened is closed, in order. */
function readHtml(text: string): void {
  const open: string[] = [];
  const markup = text.replace(/<!doctype html>/i, '').replace(/(<script[^>]*>)[\s\S]*?(<\/script>)/g, '$1$2');
  for (const [, slash, name] of markup.matchAll(/<(\/?)([a-z][a-z0-9]*)(?:\s[^>]*)?>/gi)) {
    if (VOID.has(name!)) continue;
    if (slash === '') open.push(name!);
    else if (open.pop() !== name) throw new Error(`</${name}> closes something else`);
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join(', ')}`);
}
