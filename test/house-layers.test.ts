import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../scripts/check-layers.mjs', import.meta.url));

describe('check-layers', () => {
  let tree: string;

  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), 'flumen-layers-'));
  });
  afterEach(() => {
    rmSync(tree, { recursive: true });
  });

  function write(path: string, ...lines: string[]) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), lines.join('\n'));
  }

  function check() {
    const { status, stderr, stdout } = spawnSync(process.execPath, [script, tree], { encoding: 'utf8' });
    return { status, problems: stderr.split('\n').filter((line) => line !== ''), stdout };
  }

  it('accepts edges of the table, and does not read comments', () => {
    write(
      'native/core/sink/sink.h',
      '#include "core/client/client.h"',
      '#include <vector>',
      '#include <atomic>',
    );
    write(
      'native/core/loop/loop.h',
      '// #include <uv.h>',
      '#include <thread>',
      '#include "core/sink/sink.h"',
    );
    write('native/addon/module.cc', '#include <node_api.h>', '#include "core/loop/loop.h"');
    write(
      'lib/sink/sink.ts',
      "import { handOff } from '../handoff/index.js';",
      '/*',
      "from '../server/x.js' */",
    );
    write('lib/native.ts', "const file = 'build/Release/flumen.node';");
    write('lib/handoff/take.ts', 'const handle = socket._handle;');
    expect(check()).toEqual({
      status: 0,
      problems: [],
      stdout: 'layers: 3 native and 3 lib files keep to the table\n',
    });
  });

  it.each([
    ['native/core/base/a.h', '#include "core/sink/sink.h"', 'forbidden edge core/base -> core/sink'],
    ['native/core/timeline/a.cc', '#include "core/sys/clock.h"', 'forbidden edge core/timeline -> core/sys'],
    ['native/core/sink/a.cc', '#include <mutex>', 'core/sink may not include <mutex>'],
    ['native/core/loop/a.cc', '#include <uv.h>', 'native/core may not include <uv.h>'],
    ['native/core/loop/a.cc', '#  include "node_api.h"', 'native/core may not include <node_api.h>'],
    ['native/core/loop/a.cc', '#include "loop.h"', 'includes are written from native/'],
    ['native/core/loop/a.cc', '#include <core/sink/sink.h>', 'write "core/sink/sink.h" with quotes'],
    ['native/test/a_test.cc', '#include "addon/module.h"', 'forbidden edge native/test -> addon'],
    ['lib/sink/a.ts', "import { x } from '../source/x.js';", 'forbidden edge lib/sink -> lib/source'],
    ['lib/handoff/a.ts', "export * from '../sink/index.js';", 'forbidden edge lib/handoff -> lib/sink'],
    ['lib/cli/a.ts', "const { x } = await import('../sink/index.js');", 'forbidden edge lib/cli -> lib/sink'],
    ['lib/errors.ts', "import './native.js';", 'forbidden edge lib/errors -> lib/native'],
    ['lib/http/a.ts', "import { a } from '../../test/a.js';", 'lib may not import from outside lib'],
    ['lib/sink/a.ts', "load('build/Release/flumen.node');", 'only lib/native.ts loads the .node file'],
    ['lib/server/a.ts', 'const fd = socket._handle.fd;', "only lib/handoff touches Node's private _handle"],
  ])('names file, line and edge: %s %s', (path, line, problem) => {
    write(path, '// one', '/* two', '*/', line);
    const { status, problems } = check();
    expect(status).toBe(1);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${path}:4: `);
    expect(problems[0]).toContain(problem);
  });

  it('refuses a folder or a module that the table does not name', () => {
    write('native/core/magic/a.h', '#include <vector>');
    write('native/extra/a.h', '#include "core/base/a.h"');
    write('lib/helpers/a.ts', 'export const a = 1;');
    write('lib/misc.ts', 'export const a = 1;');
    const { status, problems } = check();
    expect(status).toBe(1);
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'native/core/magic',
      'lib/helpers',
      'native/extra/a.h',
      'lib/misc.ts',
    ]);
  });
});
