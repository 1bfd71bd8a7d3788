// The Debian packages that building and testing need, and how to see that each is there without asking dpkg
// (a look at the file system takes a millisecond, and works on other distributions too).
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

const command = (name, debian = name) => ({ debian, here: () => inPath(name) });

const build = [command('python3'), command('make'), command('g++')];
const lint = [command('clang-format')];
const test = [
  ...build,
  ...lint,
  command('cmake'),
  command('ninja', 'ninja-build'),
  { debian: 'doctest-dev', here: () => existsSync('/usr/include/doctest/doctest.h') },
  command('clang'),
  { debian: 'libclang-rt-14-dev', here: hasFuzzerRuntime },
  command('curl'),
  command('ffmpeg'),
  command('chromium'),
  command('oggfwd'),
  command('ss', 'iproute2'),
  command('socat'),
  command('gst-launch-1.0', 'gstreamer1.0-tools'),
  { debian: 'gstreamer1.0-plugins-base', here: () => hasGstPlugin('tcp') },
  { debian: 'gstreamer1.0-plugins-good', here: () => hasGstPlugin('flv') },
  { debian: 'gstreamer1.0-plugins-bad', here: () => hasGstPlugin('gdp') },
  { debian: 'python3-gi', here: () => existsSync('/usr/lib/python3/dist-packages/gi') },
  { debian: 'gir1.2-gstreamer-1.0', here: () => hasOfMachine('girepository-1.0/Gst-1.0.typelib') },
];

/** The rivals and what drives them. */
const bench = [
  ...build,
  command('cmake'),
  command('ninja', 'ninja-build'),
  command('ffmpeg'),
  command('icecast2'),
  command('pkg-config'),
  command('gst-launch-1.0', 'gstreamer1.0-tools'),
  { debian: 'libgstreamer1.0-dev', here: () => hasHeader('gstreamer-1.0/gst/gst.h') },
  { debian: 'gstreamer1.0-plugins-base', here: () => hasGstPlugin('tcp') },
  { debian: 'gstreamer1.0-plugins-bad', here: () => hasGstPlugin('gdp') },
];

const prebuilds = [command('python3'), command('debootstrap'), command('readelf', 'binutils')];
const cross = [
  command('aarch64-linux-gnu-g++', 'g++-aarch64-linux-gnu'),
  command('qemu-aarch64-static', 'qemu-user-static'),
];
const arm64 = [...prebuilds, ...cross, ...test.filter(({ debian }) => /cmake|ninja|doctest/.test(debian))];
const coverage = [...test, command('llvm-cov-14', 'llvm-14')];

const sets = { build, lint, test, prebuilds, arm64, coverage, bench };
export const purposes = Object.keys(sets);

/** The Debian names of what is missing for `purpose`, one of `purposes`. */
export const missingPackages = (purpose) =>
  sets[purpose].filter((part) => !part.here()).map((part) => part.debian);

/** Whether an executable called `name` can be found in PATH. */
export function inPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => {
    const file = join(dir || '.', name);
    try {
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

const hasHeader = (name) => existsSync(`/usr/include/${name}`);

// Much lies in the folder of the machine's architecture: /usr/lib/x86_64-linux-gnu/gstreamer-1.0/libgsttcp.so.
function hasOfMachine(file) {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib') : [];
  return folders.some((folder) => existsSync(`/usr/lib/${folder}/${file}`));
}

const hasGstPlugin = (name) => hasOfMachine(`gstreamer-1.0/libgst${name}.so`);

// libFuzzer's runtime lies in the directory of the clang release that owns it: /usr/lib/llvm-14/lib/clang/14.0.6/lib/linux.
function hasFuzzerRuntime() {
  const names = (dir) => (existsSync(dir) ? readdirSync(dir) : []);
  return names('/usr/lib')
    .filter((name) => name.startsWith('llvm-'))
    .map((name) => `/usr/lib/${name}/lib/clang`)
    .flatMap((dir) => names(dir).map((release) => `${dir}/${release}/lib/linux`))
    .some((dir) => names(dir).some((name) => name.startsWith('libclang_rt.fuzzer-')));
}
