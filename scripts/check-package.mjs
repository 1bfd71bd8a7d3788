// check-package.mjs [--here]: packs the project and does what its users do: installs the tarball without scripts and without a
// compiler on every line of Node that is promised (--here: on the running one only), imports and requires it, serves a client, compiles a
// program against its types. Says what it weighs and how long an empty folder takes to a served client.
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { buildRoot } from './support/build-root.mjs';
import { lines, nodeOf } from './support/nodes.mjs';
import { at } from './support/project.mjs';
import { main, must, run, StepFailed } from './support/run.mjs';
import { bare, followImports, heard, install, pack } from './support/tarball.mjs';

const mostSeconds = 15;
const place = mkdtempSync(join(tmpdir(), 'flumen-package-'));
const consumer = at('test/package/consumer');

await main(async () => {
  try {
    const tarball = await pack(place);
    const kib = (bytes) => `${Math.round(bytes / 1024).toLocaleString('en')} KiB`;
    console.log(
      `package: ${kib(tarball.packed)}, unpacked ${kib(tarball.unpacked)}, ${tarball.entries} files`,
    );
    const here = { program: process.execPath, version: process.versions.node };
    const nodes = process.argv.includes('--here')
      ? [here]
      : await Promise.all(lines.map((line) => nodeOf(line)));
    for (const node of nodes) await serveOn(node, tarball.file);
    const app = join(place, nodes[0].version);
    if (!process.argv.includes('--here')) await serveOnDebian11(nodes[0]);
    console.log(
      `package: whole, ${followImports(join(app, 'node_modules/flumen'))} modules and files reached`,
    );
    for (const resolution of ['node16', 'nodenext', 'bundler']) await compile(app, resolution);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});

async function serveOn({ program, version }, tarball) {
  const app = join(place, version);
  const start = performance.now();
  await install({ app, tarball, node: program });
  const installed = performance.now();
  await serve(app, program, 'listener.mjs');
  const served = performance.now();
  await serve(app, program, 'listener.cjs');
  const seconds = (served - start) / 1000;
  const parts = `install ${((installed - start) / 1000).toFixed(1)} s, first client after ${seconds.toFixed(1)} s`;
  console.log(`package: Node ${version}: import and require serve a client; ${parts}`);
  if (seconds > mostSeconds)
    throw new StepFailed(`from an empty folder to a served client: over ${mostSeconds} s`);
}

// The oldest Debian that Node's lines were made for: what was installed above, with the same node, in the root it was compiled in.
async function serveOnDebian11({ program, version }) {
  const root = await buildRoot();
  const inside = mkdtempSync(join(root, 'tmp/flumen-'));
  try {
    cpSync(join(place, version), inside, { recursive: true });
    cpSync(program, join(inside, 'node'));
    const name = inside.slice(root.length);
    judge('listener.mjs', await run('chroot', [root, `${name}/node`, `${name}/listener.mjs`]));
    console.log(`package: Node ${version} in Debian 11 serves a client`);
  } finally {
    rmSync(inside, { recursive: true });
  }
}

async function serve(app, node, name) {
  cpSync(join(consumer, name), join(app, name));
  judge(name, await run(node, [name], { cwd: app, env: bare(`${app}-bin`, node) }));
}

function judge(name, { code, output }) {
  if (code !== 0 || output !== `${heard}\n`)
    throw new StepFailed(`${output}\n${name} did not hear "${heard}" (exit ${code})`);
}

// Against the installed types alone, those of Node beside them, and with the library's declarations checked as well.
async function compile(app, moduleResolution) {
  symlinkTypes(app);
  const module = { node16: 'node16', nodenext: 'nodenext', bundler: 'esnext' }[moduleResolution];
  const compilerOptions = {
    module,
    moduleResolution,
    target: 'es2023',
    strict: true,
    noEmit: true,
    types: ['node'],
  };
  cpSync(join(consumer, 'types.ts'), join(app, 'types.mts'));
  cpSync(join(consumer, 'types.ts'), join(app, 'types.ts'));
  // As a module; and as CommonJS, from which Node requires it, which node16 alone does not know of.
  const files = moduleResolution === 'node16' ? ['types.mts'] : ['types.mts', 'types.ts'];
  const lib = ['es2023', 'esnext.disposable'];
  writeFileSync(
    join(app, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...compilerOptions, lib }, files }),
  );
  await must(`types under ${moduleResolution}`, process.execPath, [
    at('node_modules/typescript/bin/tsc'),
    '-p',
    app,
  ]);
  console.log(`package: types hold under moduleResolution ${moduleResolution}`);
}

function symlinkTypes(app) {
  for (const name of ['@types', 'undici-types']) {
    rmSync(join(app, 'node_modules', name), { force: true });
    symlinkSync(at('node_modules', name), join(app, 'node_modules', name));
  }
}
