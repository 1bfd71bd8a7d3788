import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { Client } from './support.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** Starts an example on a free port and waits for the line that says where it listens. */
async function start(name: string, says: 'stdout' | 'stderr' = 'stdout') {
  const child = spawn(process.execPath, [`examples/${name}.mjs`, '0'], { cwd: root });
  undo.push(() => stop(child));
  const said = createInterface({ input: child[says] });
  const lines: string[] = [];
  said.on('line', (text) => lines.push(text));
  let over = false;
  const closed = once(said, 'close').then(() => {
    over = true;
  });
  /** The first line that matches, of those already said or still to come. */
  const line = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = lines.map((text) => pattern.exec(text)).find(Boolean);
      if (found) return found;
      if (over) throw new Error(`${name} ended without a line like ${pattern}`);
      await Promise.race([once(said, 'line'), closed]);
    }
  };
  const [, port] = await line(/^listening on (?:http:\/\/)?127\.0\.0\.1:(\d+)/);
  return { child, port: Number(port), line };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

const tick = /\d{4}-\d\d-\d\dT[\d:.]{12}Z\n/;

/** Fetches with curl until three ticks have come, and gives head and body. */
async function listenToThree(port: number, path: string): Promise<string> {
  const child = spawn('curl', ['-sSNi', '--max-time', '20', `http://127.0.0.1:${port}${path}`]);
  undo.push(() => stop(child));
  let text = '';
  for await (const data of child.stdout) {
    text += data;
    if (text.match(new RegExp(tick, 'g'))?.length === 3) break;
  }
  await stop(child);
  return text;
}

async function head(port: number, path: string): Promise<string> {
  const args = ['-sSI', '--max-time', '20', `http://127.0.0.1:${port}${path}`];
  return new Promise((resolve, reject) => {
    execFile('curl', args, (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
}

describe('example', () => {
  it('http: streams, answers HEAD, reports who has left', async () => {
    const { port, line } = await start('http');
    const text = await listenToThree(port, '/');
    expect(text).toMatch(
      /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\nAccess-Control-Allow-Origin: \*\r\n/,
    );
    expect(text).toMatch(new RegExp(`\\r\\n\\r\\n(${tick.source}){3}$`));
    await line(/^127\.0\.0\.1 left: closed, \d+ bytes$/);
    expect(await head(port, '/')).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\n/);
  });

  it('express: streams through its middleware, answers HEAD', async () => {
    const { port } = await start('express');
    const text = await listenToThree(port, '/live');
    expect(text).toMatch(
      /^HTTP\/1\.1 200 OK\r\nX-Powered-By: Express\r\nAccess-Control-Allow-Origin: \*\r\n/,
    );
    expect(text).toMatch(new RegExp(`\\r\\n\\r\\n(${tick.source}){3}$`));
    expect(await head(port, '/live')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  it('fastify: streams a hijacked reply', async () => {
    const { port } = await start('fastify');
    const text = await listenToThree(port, '/live');
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\nConnection: close\r\n/);
    expect(text).toMatch(new RegExp(`\\r\\n\\r\\n(${tick.source}){3}$`));
    expect(await head(port, '/live')).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('tcp: greets, then streams', async () => {
    const { port } = await start('tcp');
    const client = new Client(port);
    undo.push(() => client.socket.destroy());
    const text = await client.until((all) => (all.match(new RegExp(tick, 'g'))?.length ?? 0) >= 2);
    expect(text).toMatch(new RegExp(`^welcome\\n(${tick.source}){2}`));
  });

  it('pipe: copies standard input to standard output and to a client, then ends', async () => {
    const { child, port } = await start('pipe', 'stderr');
    const client = new Client(port);
    let copy = '';
    child.stdout.on('data', (data) => (copy += data));
    // The client is in the sink when it gets what is sent after it has connected.
    await once(client.socket, 'connect');
    let sent = '';
    const feed = setInterval(() => {
      sent += 'frame;';
      child.stdin.write('frame;');
    }, 20);
    undo.push(() => clearInterval(feed));
    await client.until('frame;');
    clearInterval(feed);
    sent += 'END';
    child.stdin.end('END');
    await Promise.all([client.closed, once(child, 'close')]);
    expect(copy).toBe(sent);
    expect(client.text.endsWith('frame;END')).toBe(true);
    expect(child.exitCode).toBe(0);
  });
});
