// Debian's icecast2 with a configuration for the bench: room for everybody, everything else as the package has it.
import { once } from 'node:events';
import { accessSync, chownSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startChild, stopChild } from '../lib/programs.mjs';

const program = '/usr/bin/icecast2';
const nobody = 65_534;

/** What hinders a run, or undefined. */
export function icecastMissing() {
  try {
    accessSync(program, constants.X_OK);
    return undefined;
  } catch {
    return `there is no ${program} (Debian: apt-get install icecast2)`;
  }
}

async function freePort() {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

const configure = ({ port, dir, password }) => `<icecast>
  <limits><clients>20000</clients><sources>50</sources><source-timeout>3600</source-timeout></limits>
  <authentication><source-password>${password}</source-password><admin-password>x</admin-password></authentication>
  <hostname>localhost</hostname>
  <listen-socket><port>${port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
  <paths><logdir>${dir}</logdir><webroot>/usr/share/icecast2/web</webroot><adminroot>/usr/share/icecast2/admin</adminroot></paths>
  <logging><loglevel>1</loglevel></logging>
  <security><changeowner><user>nobody</user><group>nogroup</group></changeowner></security>
</icecast>`;

async function listening(port) {
  for (let tries = 0; tries < 100; tries++) {
    await pause(50);
    const socket = net.connect(port, '127.0.0.1');
    const up = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (up) return;
  }
  throw new Error('icecast2 does not listen');
}

export async function startIcecast({ password }) {
  const missing = icecastMissing();
  if (missing !== undefined) throw new Error(missing);
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'flumen-icecast-'));
  writeFileSync(join(dir, 'icecast.xml'), configure({ port, dir, password }));
  // It will not run as root, and then must be able to write its logs.
  if (process.getuid() === 0) chownSync(dir, nobody, nobody);
  const child = startChild(program, ['-c', join(dir, 'icecast.xml')], { stdio: 'ignore' });
  await listening(port);
  const stop = async () => {
    await stopChild(child);
    rmSync(dir, { recursive: true, force: true });
  };
  return { child, port, stop };
}
