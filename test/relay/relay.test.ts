import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type net from 'node:net';
import { describe, expect, it } from 'vitest';
import { Accepting, dial, freePort, scratch } from '../endpoint/support.js';
import { later, publish, run, serve, wrote } from '../server/support.js';
import { BIN, digest, lines, logged, noise, portOf, relay } from './support.js';

const MEDIA = noise(1_000_000);

function file(bytes: Uint8Array, name = 'in'): string {
  const path = scratch(name);
  fs.writeFileSync(path, bytes);
  return path;
}

/** A FIFO that both ends of are open, and nothing comes out of: `read -t` waits there. */
function silentFifo(): string {
  const path = scratch('silent');
  execFileSync('mkfifo', [path]);
  const fd = fs.openSync(path, 'r+');
  later(() => fs.closeSync(fd));
  return path;
}

describe('flumen relay', () => {
  it('files, pipes and descriptors, to several at once', async () => {
    const out = scratch('out');
    const program = relay(`file:${file(MEDIA)}`, '-', `file:${out}`);
    expect(await program.ended).toBe(0);
    expect(digest(program.output.stdout)).toBe(digest(MEDIA));
    expect(digest(fs.readFileSync(out))).toBe(digest(MEDIA));
    const shell = run('bash', [
      '-c',
      `cat "$1" | "$2" "$3" relay - fd:4 4>&1 | cat`,
      '-',
      out,
      process.execPath,
      BIN,
    ]);
    expect(await shell.ended).toBe(0);
    expect(digest(shell.output.stdout)).toBe(digest(MEDIA));
  });

  it('a file, or a pipe, waits for an output that takes its time', async () => {
    const big = noise(24_000_000);
    const path = file(big);
    const target = new Accepting();
    const port = await target.listen();
    const program = relay(`file:${path}`, `tcp://127.0.0.1:${port}`);
    const { socket } = await target.next();
    socket.removeAllListeners('data').pause();
    // The file is more than all buffers on the way hold. A relay that did not wait would give the peer up in this time.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(program.exitCode).toBeNull();
    const hash = createHash('sha256');
    socket.on('data', (chunk) => hash.update(chunk)).resume();
    await once(socket, 'end');
    socket.end();
    expect(hash.digest('hex')).toBe(digest(big));
    expect(await program.ended).toBe(0);
    const pipeline = 'cat "$1" | "$2" "$3" relay - - | (read -t 0.3 < "$4"; sha256sum)';
    const shell = run('bash', ['-c', pipeline, '-', path, process.execPath, BIN, silentFifo()]);
    expect(await shell.ended).toBe(0);
    expect(shell.output.stdout.toString()).toContain(digest(big));
  });

  it('an empty input', async () => {
    const program = relay('file:/dev/null', '-');
    expect(await program.ended).toBe(0);
    expect(program.output.stdout).toHaveLength(0);
  });

  it('three in a row change nothing', async () => {
    const last = relay('tcp-listen://127.0.0.1:0', '-');
    const path = scratch();
    const middle = relay(`unix-listen:${path}`, `tcp://127.0.0.1:${await portOf(last)}`);
    await logged(middle, ({ msg }) => msg === 'connected');
    await logged(middle, ({ msg }) => msg === 'listening');
    const first = relay(`file:${file(MEDIA)}`, `unix:${path}`);
    expect(await first.ended).toBe(0);
    await wrote(last, ({ stdout }) => stdout.length === MEDIA.length);
    expect(digest(last.output.stdout)).toBe(digest(MEDIA));
    for (const program of [middle, last]) {
      program.kill('SIGTERM');
      expect(await program.ended).toBe(0);
    }
    expect(fs.existsSync(path)).toBe(false);
  });

  it('listens on both sides: sources and receivers come and go', async () => {
    const program = relay('tcp-listen://127.0.0.1:0', 'tcp-listen://localhost:0');
    const inPort = (await logged(program, (line) => line.in !== undefined)).port as number;
    const outPort = (await logged(program, (line) => line.out !== undefined)).port as number;
    const stays = await dial(outPort);
    await logged(program, ({ msg, client }) => msg === 'client connected' && client === 1);
    const source = await dial(inPort);
    source.socket.end('one|');
    expect(await stays.got.until(4)).toBe('one|');
    await logged(program, ({ msg, reason }) => msg === 'disconnected' && reason === 'ended');
    const late = await dial(outPort);
    await logged(program, ({ msg, client }) => msg === 'client connected' && client === 2);
    (await dial(inPort)).socket.write('two');
    expect(await stays.got.until(7)).toBe('one|two');
    expect(await late.got.until(3)).toBe('two');
    late.socket.destroy();
    program.kill('SIGINT');
    stays.socket.end();
    expect((await stays.got.all()).text).toBe('one|two');
    expect(await program.ended).toBe(0);
  });

  it('connects again on both sides', async () => {
    const [from, to] = [new Accepting(), new Accepting()];
    const program = relay(`tcp://127.0.0.1:${await from.listen()}`, `tcp://localhost:${await to.listen()}`);
    const out = await to.next();
    (await from.next()).socket.end('one|');
    expect(await out.got.until(4)).toBe('one|');
    const again = await from.next();
    out.socket.end();
    const second = await to.next();
    await logged(
      program,
      () => lines(program).filter(({ msg, out: to }) => msg === 'connected' && to).length === 2,
    );
    again.socket.write('two');
    expect(await second.got.until(3)).toBe('two');
    second.socket.end();
    program.kill('SIGTERM');
    expect(await program.ended).toBe(0);
  });

  it('--no-reconnect: ends when IN does, and when it cannot connect', async () => {
    const from = new Accepting();
    const port = await from.listen();
    const program = relay('--no-reconnect', `tcp://127.0.0.1:${port}`, '-');
    (await from.next()).socket.end(MEDIA);
    expect(await program.ended).toBe(0);
    expect(digest(program.output.stdout)).toBe(digest(MEDIA));
    const reset = relay('--no-reconnect', `tcp://127.0.0.1:${port}`, '-');
    const { socket } = await from.next();
    socket.write('so far');
    await wrote(reset, ({ stdout }) => stdout.length === 6);
    socket.resetAndDestroy();
    expect(await reset.ended).toBe(1);
    expect(reset.output.stderr).toMatch(/^flumen: IN tcp:\/\/127\.0\.0\.1:\d+: .*ECONNRESET/m);
    const nobody = await freePort();
    const alone = relay('--no-reconnect', '-', `tcp://127.0.0.1:${nobody}`);
    expect(await alone.ended).toBe(1);
    expect(alone.output.stderr).toMatch(
      new RegExp(`^flumen: OUT tcp://127.0.0.1:${nobody}: .*ECONNREFUSED`, 'm'),
    );
  });

  it('an output that is not there holds nobody up, and is missed in the end', async () => {
    const port = await freePort();
    const program = relay(`file:${file(MEDIA)}`, `tcp://127.0.0.1:${port}`, '-');
    expect(await program.ended).toBe(1);
    expect(digest(program.output.stdout)).toBe(digest(MEDIA));
    expect(lines(program)).toContainEqual(
      expect.objectContaining({
        out: `tcp://127.0.0.1:${port}`,
        msg: 'output lost',
        error: 'it was not connected when the input ended',
      }),
    );
  });

  it('takes frames out of GDP, of files and of peers, and says what it passes over', async () => {
    const wire = fs.readFileSync(new URL('../vectors/gdp/v09-ogg-vorbis.gdp', import.meta.url));
    const media = run(process.execPath, [BIN, 'gdp', 'depay', '-']);
    media.stdin.end(wire);
    await media.ended;
    expect(media.output.stdout.toString('latin1', 0, 4)).toBe('OggS');
    for (const format of ['gdp', 'auto']) {
      const program = relay('--in-format', format, `file:${file(wire)}`, '-');
      expect(await program.ended).toBe(0);
      expect(digest(program.output.stdout)).toBe(digest(media.output.stdout));
    }
    const program = relay('--in-format', 'auto', 'tcp-listen://127.0.0.1:0', '-');
    const port = await portOf(program);
    const passed = fs.readFileSync(new URL('../vectors/gdp/r03-toc.gdp', import.meta.url));
    const first = await dial(port);
    first.socket.end(passed);
    const warning = await logged(program, ({ msg }) => msg === 'event passed over');
    expect(warning).toMatchObject({ event: 'toc', packet: 4, reason: expect.stringContaining('object') });
    await logged(program, ({ msg }) => msg === 'disconnected');
    (await dial(port)).socket.end('raw as it is');
    await wrote(program, ({ stdout }) => stdout.toString('latin1').endsWith('raw as it is'));
    (await dial(port)).socket.end(wire.subarray(0, -1));
    const lost = await logged(program, ({ msg, error }) => msg === 'disconnected' && error !== undefined);
    expect(lost.error).toMatch(
      /^GDP packet \d+ at byte \d+: the stream ends after \d+ of \d+ bytes of a payload$/,
    );
    program.kill('SIGTERM');
    expect(await program.ended).toBe(0);
  });

  it('broken GDP in a file is a failure, behind what came before', async () => {
    const wire = fs.readFileSync(new URL('../vectors/gdp/c02-payload-bitflip-crc.gdp', import.meta.url));
    const program = relay('--in-format', 'gdp', `file:${file(wire)}`, '-');
    expect(await program.ended).toBe(1);
    expect(program.output.stdout.length).toBeGreaterThan(0);
    expect(program.output.stderr).toMatch(/IN file:.*: GDP packet 6 at byte \d+: the payload has checksum/);
  });

  it('ends in order when nobody reads its output any more', async () => {
    const program = relay('tcp-listen://127.0.0.1:0', '-');
    const { socket, got } = await dial(await portOf(program));
    socket.write('x');
    await wrote(program, ({ stdout }) => stdout.length === 1);
    program.stdout.destroy();
    socket.write('y');
    expect(await program.ended).toBe(0);
    expect((await got.all()).text).toBe('');
  });

  it('a signal ends it although an output has stopped reading', async () => {
    const target = new Accepting();
    const program = relay(`file:${file(noise(12_000_000))}`, `tcp://127.0.0.1:${await target.listen()}`);
    const { socket, got } = await target.next();
    await got.until(1);
    socket.removeAllListeners('data').pause();
    program.kill('SIGTERM');
    expect(await program.ended).toBe(0);
  });

  it('one output that fails does not cost the others theirs, and shows in the exit code', async () => {
    const program = relay(`file:${file(MEDIA)}`, 'file:/dev/full', '-');
    expect(await program.ended).toBe(1);
    expect(digest(program.output.stdout)).toBe(digest(MEDIA));
    expect(lines(program)).toContainEqual(
      expect.objectContaining({ out: 'file:/dev/full', error: expect.stringContaining('ENOSPC') }),
    );
  });

  it.each([
    [['file:/no/such', '-'], /^flumen: IN file:\/no\/such: ENOENT/m],
    [['-', 'file:/no/such/file'], /^flumen: OUT file:\/no\/such\/file: ENOENT/m],
    [['fd:99', '-'], /^flumen: IN fd:99: .*EBADF/m],
    [['-', 'fd:99'], /^flumen: OUT fd:99: .*EBADF/m],
    [['file:/', '-'], /^flumen: IN file:\/: .*EISDIR/m],
    [['-', 'tcp-listen://198.51.100.1:0'], /^flumen: OUT tcp-listen:\/\/198\.51\.100\.1:0: .*EADDRNOTAVAIL/m],
    [
      ['tcp-listen://no.such.invalid:1', '-'],
      /^flumen: IN tcp-listen:\/\/no\.such\.invalid:1: .*no\.such\.invalid/m,
    ],
  ])('%j: says which and why', async (args, message) => {
    const program = relay(...args);
    expect(await program.ended).toBe(1);
    expect(program.output.stderr).toMatch(message);
  });

  it.each([
    [[], /missing required argument 'IN'/],
    [['-'], /missing required argument 'OUT'/],
    [['-', '-', 'nonsense'], /'nonsense' is invalid for argument 'OUT'.*tcp-listen/],
    [['udp://x:1', '-'], /'udp:\/\/x:1' is invalid for argument 'IN'/],
    [['--in-format', 'rm', '-', '-'], /--in-format .*'rm'.*raw, gdp, auto, mp3, /],
  ])('%j is wrong use', async (args, message) => {
    const program = relay(...args);
    expect(await program.ended).toBe(2);
    expect(program.output.stderr).toMatch(message);
  });

  it('a FIFO waits for its other end, and a signal calls that off', async () => {
    const path = scratch('fifo');
    execFileSync('mkfifo', [path]);
    const reader = relay(`file:${path}`, '-');
    const writer = relay('-', `file:${path}`);
    writer.stdin.end(MEDIA);
    expect(await writer.ended).toBe(0);
    expect(await reader.ended).toBe(0);
    expect(digest(reader.output.stdout)).toBe(digest(MEDIA));
    const alone = relay('tcp-listen://127.0.0.1:0', 'tcp-listen://127.0.0.1:0', `file:${path}`);
    await portOf(alone);
    alone.kill('SIGTERM');
    expect(await alone.ended).toBe(0);
  });
});

describe('http', () => {
  /** A server that answers with what `answer` does, on a free port. */
  async function server(answer: http.RequestListener): Promise<number> {
    const it = http.createServer(answer).listen(0, '127.0.0.1');
    later(() => {
      it.closeAllConnections();
      it.close();
    });
    await once(it, 'listening');
    return (it.address() as net.AddressInfo).port;
  }

  it('IN: chunked, of a known length, until the close; behind a redirect, with a password', async () => {
    const port = await server((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { location: '/chunked' }).end();
      else if (request.url === '/chunked') {
        response.write(MEDIA.subarray(0, 400_000));
        response.end(MEDIA.subarray(400_000));
      } else if (request.url === '/length')
        response.writeHead(200, { 'content-length': MEDIA.length }).end(MEDIA);
      else if (request.headers.authorization !== `Basic ${btoa('me:p@ss')}`)
        response.writeHead(401).end('no');
      else {
        response.shouldKeepAlive = false;
        response.useChunkedEncodingByDefault = false;
        response.end(MEDIA);
      }
    });
    for (const at of [
      `127.0.0.1:${port}/moved`,
      `127.0.0.1:${port}/length`,
      `me:p%40ss@127.0.0.1:${port}/raw`,
    ]) {
      const program = relay('--no-reconnect', `http://${at}`, '-');
      expect(await program.ended, at).toBe(0);
      expect(digest(program.output.stdout)).toBe(digest(MEDIA));
    }
    const refused = relay(`http://me:wrong@127.0.0.1:${port}/raw`, '-');
    expect(await refused.ended).toBe(1);
    expect(refused.output.stderr).toMatch(
      /^flumen: IN http:\/\/me@127.*\/raw: GET http.*: the server says 401 Unauth/m,
    );
    expect(refused.output.stderr).not.toContain('wrong');
  });

  it('IN: a body that breaks off is an error, no HTTP is one, and 404 may be over the next time', async () => {
    let asked = 0;
    const port = await server((_, response) => {
      asked += 1;
      if (asked === 1) response.writeHead(404).end();
      else if (asked === 2) response.end('there');
      else {
        response.writeHead(200, { 'content-length': 10 });
        response.write('123', () => response.destroy());
      }
    });
    const patient = relay(`http://127.0.0.1:${port}/x`, '-');
    expect(await patient.ended).toBe(0);
    expect(patient.output.stdout.toString()).toBe('there');
    expect(lines(patient)).toContainEqual(expect.objectContaining({ error: expect.stringContaining('404') }));
    const short = relay('--no-reconnect', `http://127.0.0.1:${port}/x`, '-');
    expect(await short.ended).toBe(1);
    expect(short.output.stdout.toString()).toBe('123');
    expect(short.output.stderr).toMatch(/IN http.*: source: .*(ends before its announced end|ECONNRESET)/);
    const other = new Accepting();
    const strange = relay('--no-reconnect', `http://127.0.0.1:${await other.listen()}/`, '-');
    (await other.next()).socket.write('SSH-2.0-OpenSSH\r\n');
    expect(await strange.ended).toBe(1);
    expect(strange.output.stderr).toMatch(/the answer is not an HTTP response/);
  });

  it('OUT: PUT, chunked', async () => {
    const bodies: Promise<string>[] = [];
    const port = await server((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part) => parts.push(part));
      bodies.push(once(request, 'end').then(() => digest(Buffer.concat(parts))));
      request.on('end', () => response.end());
    });
    const program = relay(`file:${file(MEDIA)}`, `http://127.0.0.1:${port}/up`);
    expect(await program.ended).toBe(0);
    expect(await bodies[0]).toBe(digest(MEDIA));
  });

  it('OUT: flumen serve and back; a wrong password is said', async () => {
    const { port } = await serve();
    const wrong = relay('-', `http://source:nope@127.0.0.1:${port}/live`);
    expect(await wrong.ended).toBe(1);
    expect(wrong.output.stderr).toMatch(/OUT http.*live: PUT .*: the server says 401/);
    const up = relay('-', `http://source:sesame@127.0.0.1:${port}/live`);
    await logged(up, ({ msg }) => msg === 'connected');
    up.stdin.write('begin|');
    const down = relay('--no-reconnect', `http://127.0.0.1:${port}/live`, '-');
    await wrote(down, ({ stdout }) => stdout.toString() === 'begin|');
    up.stdin.end('end');
    await wrote(down, ({ stdout }) => stdout.toString() === 'begin|end');
    expect(await up.ended).toBe(0);
    const busy = await publish(port);
    expect(busy.text).toMatch(/100 Continue/);
  });
});
