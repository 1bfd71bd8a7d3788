import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type net from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { later } from '../server/support.js';
import { type Dialled, dial } from './support.js';

interface Wish {
  dial?: number;
  ports?: [number, number];
  dialSource?: string;
  leave?: number;
  receive?: string;
}

it('running out of descriptors costs the connections that are too many, and nothing else', async () => {
  const program = fileURLToPath(new URL('emfile.mjs', import.meta.url));
  const command = 'ulimit -n 320 && exec "$0" "$1"';
  const child = spawn('bash', ['-c', command, process.execPath, program], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  later(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout?.on('data', (text) => {
    output += text;
  });
  let ports: [number, number] = [0, 0];
  let peers: Dialled[] = [];
  const answer = async (wish: Wish): Promise<unknown> => {
    ports = wish.ports ?? ports;
    peers.push(...(await Promise.all(Array.from({ length: wish.dial ?? 0 }, () => patient(ports[0])))));
    if (wish.dialSource !== undefined) {
      const { socket, got } = await patient(ports[1]);
      socket.write(wish.dialSource);
      // Closed without a word by a kernel that had no descriptor for it.
      if (wish.dialSource === 'lost') await got.all();
    }
    peers = peers.filter(({ socket }) => !socket.readableEnded && !socket.destroyed);
    for (const { socket } of peers.splice(0, wish.leave ?? 0)) socket.destroy();
    if (wish.receive !== undefined) return await peers.at(-1)?.got.until(wish.receive.length);
    return null;
  };
  child.on(
    'message',
    (wish) => void answer(wish as Wish).then((reply) => child.connected && child.send({ reply })),
  );
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  const result = JSON.parse(output);
  expect(result).toMatchObject({ codes: ['EMFILE'], hoard: 'EMFILE', received: { reply: 'found' } });
  // 320 less the 256 that are kept for everything else.
  expect(result.clients).toBe(64);
  expect(result.refused).toBe(100 - 64);
});

async function patient(port: number): Promise<Dialled> {
  const peer = await dial(port);
  (peer.socket as net.Socket).on('error', () => {});
  return peer;
}
