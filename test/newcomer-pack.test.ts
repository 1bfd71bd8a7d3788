// What somebody gets who installs the published package on a machine without a compiler: the trial of scripts/check-package.mjs on the
// running Node (`npm run check:package` has all of them), and what npm pack refuses.
// Slow (it compiles the addon from nothing, the first time in a Debian made for it), so vitest.config.ts includes it with FLUMEN_FULL=1
// only, and only root can do it.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const runFile = promisify(execFile);

describe.skipIf(process.getuid?.() !== 0 && !process.env.CI)('the published package', () => {
  let place: string;

  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'flumen-pack-'));
  });
  afterAll(() => {
    rmSync(place, { recursive: true });
  });

  it('installs and streams where there is no compiler', { timeout: 1_800_000 }, async () => {
    await runFile(process.execPath, ['scripts/setup.mjs', 'prebuilds'], { cwd: root });
    await runFile(process.execPath, ['scripts/prebuilds.mjs', '--if-stale'], { cwd: root });
    const { stdout } = await runFile(process.execPath, ['scripts/check-package.mjs', '--here'], {
      cwd: root,
    });
    expect(stdout).toContain('import and require serve a client');
    expect(stdout).toContain('types hold under moduleResolution bundler');
  });

  it('is refused by npm pack when it has no binary', async () => {
    const copy = await copyOfSources();
    await expect(pack(copy)).rejects.toThrow(/prebuilds\/linux-x64\/.*\.node is missing/);
  });

  it('is refused by npm pack when a binary was made from other sources', async () => {
    const copy = await copyOfSources();
    for (const arch of ['x64', 'arm64']) {
      mkdirSync(join(copy, `prebuilds/linux-${arch}`), { recursive: true });
      writeFileSync(join(copy, `prebuilds/linux-${arch}/flumen.glibc.node`), 'something else');
    }
    await expect(pack(copy)).rejects.toThrow(/linux-x64\/.* was not made from the sources that are here/);
  });

  const pack = (folder: string) => runFile('npm', ['pack'], { cwd: folder });

  /** The files that git knows or would take, as they are now, in a folder of their own: build/ here is in use by other tests. */
  async function copyOfSources() {
    const copy = mkdtempSync(join(place, 'sources-'));
    const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];
    const { stdout } = await runFile('git', listing, { cwd: root, maxBuffer: 1 << 24 });
    for (const file of stdout.split('\0')) {
      if (file !== '') cpSync(join(root, file), join(copy, file));
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    return copy;
  }
});
