// Just enough of a lexer for C++ and TypeScript to tell code from comments.

// A quoted text (kept), or a comment (blanked out). Regular expression literals are not recognised: one with a quote in
// it can at worst hide the rest of its own line.
const token = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

/** The lines of a source text with its comments taken out; line numbers stay as they were. */
export function withoutComments(text) {
  const code = text.replace(token, (found) => (found.startsWith('/') ? found.replace(/[^\n]/g, ' ') : found));
  return code.split('\n');
}
