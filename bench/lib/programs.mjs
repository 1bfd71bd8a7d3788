// The bench's programs as child processes: the load client, the encoder, and how any of them is ended.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LinePeer } from './lines.mjs';
import { nativeProgram } from './native.mjs';

const children = new Set();
// Whatever ends the bench ends what it has started: a server that sleeps would be there for ever.
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => process.exit(1));

/** Starts a program that does not outlive the bench. */
export function startChild(...args) {
  const child = spawn(...args);
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

const flags = (args) =>
  Object.entries(args)
    .filter(([, value]) => value !== undefined && value !== false)
    .flatMap(([key, value]) => (value === true ? [`--${key}`] : [`--${key}`, String(value)]));

/** The load client; options as in bench/native/load.c. `peer` takes its commands. */
export function startLoad(options) {
  const stdio = ['pipe', 'pipe', 'inherit'];
  const child = startChild(nativeProgram('load'), flags(options), { stdio });
  return { child, peer: new LinePeer('load', child.stdout, child.stdin) };
}

/** An encoder that has been let in; options as in bench/uploader.mjs. */
export async function startUploader(options) {
  const script = fileURLToPath(new URL('../uploader.mjs', import.meta.url));
  const stdio = ['pipe', 'pipe', 'inherit'];
  const child = startChild(process.execPath, [script, ...flags(options)], { stdio });
  const peer = new LinePeer('uploader', child.stdout, child.stdin);
  await peer.next();
  return { child, peer };
}

/** The other processes' life is ours: ended by their own pid. */
export async function stopChild(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  const ended = once(child, 'exit');
  await Promise.race([ended, setTimeout(5000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))]);
}
