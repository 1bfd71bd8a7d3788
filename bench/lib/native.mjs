// Compiles the bench's C programs on demand into build/bench/. They need nothing but cc and the Linux headers;
// gst, which drives GStreamer's own sinks, needs its development files as well.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { headersOfNode } from '../../scripts/support/addon.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const sourceDir = join(root, 'bench', 'native');
const outDir = join(root, 'build', 'bench');

const programs = {
  hub: ['hub.c'],
  floor: ['floor.c'],
  load: ['load.c', 'client.c', 'verify.c'],
  eventfd: ['eventfd.c'],
  gst: ['gst.c'],
  soak_load: ['soak_load.c', 'soak_client.c', 'soak_stream.c'],
  'soak_shim.so': ['soak_shim.c'],
  'bell.node': ['bell.c'],
};

const gstreamer = {
  modules: ['gstreamer-1.0', 'gio-2.0'],
  packages: ['libgstreamer1.0-dev', 'gstreamer1.0-plugins-base', 'pkg-config'],
};

const run = (command, args) => spawnSync(command, args, { encoding: 'utf8' });

/** Arguments for cc that gst.c needs. Throws an error that says which Debian packages are missing. */
function gstreamerArgs() {
  const flags = run('pkg-config', ['--cflags', '--libs', ...gstreamer.modules]);
  const plugins = run('pkg-config', ['--variable=pluginsdir', 'gstreamer-1.0']);
  const plugin = join(plugins.stdout?.trim() || '/nowhere', 'libgsttcp.so');
  if (flags.error !== undefined || flags.status !== 0 || !existsSync(plugin))
    throw new Error(
      `the originals are not here: ${flags.error?.message ?? (flags.stderr.trim() || `there is no ${plugin}`)}\n` +
        `On Debian or Ubuntu: apt-get install ${gstreamer.packages.join(' ')}`,
    );
  return [`-DGST_TCP_PLUGIN="${plugin}"`, ...flags.stdout.trim().split(/\s+/)];
}

/** Arguments for cc that a program needs besides its sources. */
function argsOf(name) {
  if (name === 'gst') return gstreamerArgs();
  if (name.endsWith('.so')) return ['-shared', '-fPIC', '-ldl'];
  if (name.endsWith('.node')) return ['-shared', '-fPIC', `-I${join(headersOfNode() ?? '', 'include/node')}`];
  return ['-pthread'];
}

function newestSource() {
  return Math.max(...readdirSync(sourceDir).map((name) => statSync(join(sourceDir, name)).mtimeMs));
}

/** Path of the program, built first when it is missing or older than any source. Throws with the compiler's words. */
export function nativeProgram(name) {
  const sources = programs[name];
  if (sources === undefined) throw new TypeError(`no bench program is called ${name}`);
  const out = join(outDir, name);
  const built = statSync(out, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built > newestSource()) return out;
  mkdirSync(outDir, { recursive: true });
  const half = `${out}.${process.pid}`;
  const files = sources.map((file) => join(sourceDir, file));
  const done = run('cc', ['-O2', '-Wall', '-Wextra', '-o', half, ...files, ...argsOf(name)]);
  if (done.error !== undefined)
    throw new Error(`the bench needs a C compiler called cc: ${done.error.message}`);
  if (done.status !== 0) throw new Error(`cc ${name} failed:\n${done.stderr}`);
  renameSync(half, out);
  return out;
}
