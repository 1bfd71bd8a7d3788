import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { later, listen, Peer, type Program, run, wrote } from '../server/support.js';

const BIN = new URL('../../bin/flumen.js', import.meta.url).pathname;
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

function flumen(args: string[], env: NodeJS.ProcessEnv = {}): Program {
  const { FLUMEN_SOURCE_PASSWORD: _, ...clean } = process.env;
  return run(process.execPath, [BIN, ...args], { ...clean, ...env });
}

/** A server that listens; `at` is what its line on stdout says. */
async function started(
  args: string[],
  env?: NodeJS.ProcessEnv,
): Promise<{ program: Program; at: string; port: number }> {
  const program = flumen(['serve', '--listen', '127.0.0.1:0', ...args], env);
  await wrote(program, ({ stdout }) => stdout.includes(10));
  const at = program.output.stdout.toString().replace(/^listening on (http:\S+)\n$/, '$1');
  return { program, at, port: Number(new URL(at).port) };
}

async function sources(at: string): Promise<string> {
  return (await fetch(`${at}/status-json.xsl`)).text();
}

describe('flumen serve', () => {
  it('without a password: a random one, an ffmpeg line that has it, and the demo', async () => {
    const { program, at, port } = await started([]);
    await wrote(program, ({ stderr }) => stderr.includes('icecast://'));
    const line = /ffmpeg -re -f lavfi -i sine -f mp3 icecast:\/\/source:([\w-]{16})@(\S+)\/live\.mp3\n/.exec(
      program.output.stderr,
    );
    expect(line?.[2]).toBe(`127.0.0.1:${port}`);
    const auth = Buffer.from(`source:${line?.[1]}`).toString('base64');
    const put = new Peer(port).send(
      `PUT /live.mp3 HTTP/1.1\r\nContent-Type: text/plain\r\nAuthorization: Basic ${auth}\r\n\r\n`,
    );
    await put.receives('HTTP/1.1 200 OK');
    const listener = await listen(port, '/demo.mp3');
    await listener.until((_, length) => length > 10_000);
    expect(await sources(at)).toContain('/demo.mp3');
    // Said once, and not in the log.
    expect(program.output.stderr.split(line![1]!)).toHaveLength(2);

    const before = performance.now();
    program.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    expect(performance.now() - before).toBeLessThan(2500);
    await listener.rest();
    expect(program.output.stdout.toString()).toBe(`listening on ${at}\n`);
  });

  it('with a password: no demo, and not a word about it', async () => {
    for (const [args, env] of [
      [['--source-password', 'sesame'], {}],
      [[], { FLUMEN_SOURCE_PASSWORD: 'sesame' }],
      [['--source-password', 'sesame'], { FLUMEN_SOURCE_PASSWORD: 'other' }],
    ] as const) {
      const { program, at, port } = await started([...args, '--log-format', 'json'], env);
      expect(await sources(at)).not.toContain('demo');
      const auth = Buffer.from('source:sesame').toString('base64');
      const put = new Peer(port).send(
        `PUT /live.mp3 HTTP/1.1\r\nContent-Type: text/plain\r\nAuthorization: Basic ${auth}\r\n\r\n`,
      );
      await put.receives('HTTP/1.1 200 OK');
      await wrote(program, ({ stderr }) => stderr.includes('source connected'));
      program.kill('SIGINT');
      expect(await program.ended).toBe(0);
      const lines = program.output.stderr
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines.map(({ msg }) => msg)).toContain('source connected');
      expect(program.output.stderr).not.toContain('sesame');
    }
  });

  it('with a password and --demo: the demo', async () => {
    const { program, at } = await started(['--demo', '--source-password', 'x', '--log-format', 'pretty']);
    expect(await sources(at)).toContain('/demo.mp3');
    expect(program.output.stderr).toMatch(/INFO: source connected/);
  });

  it('keeps the grace that it was given', async () => {
    const { program, port } = await started([
      '--source-password',
      'sesame',
      '--source-grace',
      '0.2',
      '--flush-interval',
      '0',
    ]);
    const auth = Buffer.from('source:sesame').toString('base64');
    const put = new Peer(port).send(
      `PUT /live.mp3 HTTP/1.1\r\nContent-Type: text/plain\r\nAuthorization: Basic ${auth}\r\n\r\nabc`,
    );
    await put.receives('200 OK');
    const listener = await listen(port);
    put.socket.end();
    await listener.rest();
    expect(listener.body.toString()).toBe('abc');
    await wrote(program, ({ stderr }) => stderr.includes('mount has ended'));
  });

  it('listens on IPv6', async () => {
    const program = flumen(['serve', '--listen', '[::1]:0', '--source-password', 'x']);
    await wrote(program, ({ stdout }) => stdout.includes(10));
    expect(program.output.stdout.toString()).toMatch(/^listening on http:\/\/\[::1\]:\d+\n$/);
    const at = program.output.stdout.toString().trim().slice('listening on '.length);
    expect(await (await fetch(`${at}/healthz`)).json()).toEqual({ status: 'ok' });
  });

  it('says that few files may be open, what to do about it, and answers 503 above', async () => {
    const command = `ulimit -n 320 && exec "$0" "$@"`;
    const args = [process.execPath, BIN, 'serve', '--listen', '127.0.0.1:0', '--source-password', 'sesame'];
    const program = run('bash', ['-c', command, ...args]);
    await wrote(program, ({ stdout }) => stdout.includes(10));
    expect(program.output.stderr).toMatch(/open files \(320\) allows 64 connections/);
    expect(program.output.stderr).toMatch(/ulimit -n 10256/);
    expect(program.output.stderr).toMatch(/LimitNOFILE=10256/);
    const port = Number(/:(\d+)\n/.exec(program.output.stdout.toString())?.[1]);
    const auth = Buffer.from('source:sesame').toString('base64');
    const put = new Peer(port).send(
      `PUT /live.mp3 HTTP/1.1\r\nContent-Type: text/plain\r\nAuthorization: Basic ${auth}\r\n\r\n`,
    );
    await put.receives('200 OK');
    const listeners: Peer[] = [];
    for (let i = 0; i < 63; i++) listeners.push(await listen(port));
    const refused = await new Peer(port).send('GET /live.mp3 HTTP/1.1\r\n\r\n').rest();
    expect(refused).toMatch(/^HTTP\/1\.1 503 [\s\S]*\r\nRetry-After: /);
    put.send('to all');
    for (const listener of listeners) await listener.receives('to all');
    for (const listener of listeners.splice(0, 10)) listener.socket.destroy();
    for (let status = '503'; status === '503'; ) {
      const peer = new Peer(port).send('HEAD /live.mp3 HTTP/1.1\r\n\r\n');
      status = (await peer.rest()).slice(9, 12);
    }
  });
});

describe('wrong use', () => {
  it.each([
    [['serve', '--listen', '8000'], /--listen .*'8000'.*HOST:PORT/],
    [['serve', '--listen', '127.0.0.1:70000'], /--listen .*'127\.0\.0\.1:70000'/],
    [['serve', '--listen', '::1:80'], /--listen .*\[::1\]:8000/],
    [['serve', '--listen', 'http://x:80'], /--listen .*'http:\/\/x:80'/],
    [['serve', '--source-password', ''], /--source-password .*empty/],
    [['serve', '--source-grace', '-1'], /--source-grace .*'-1'.*seconds/],
    [['serve', '--source-grace', '10s'], /--source-grace .*'10s'/],
    [['serve', '--flush-interval', '1.5'], /--flush-interval .*'1\.5'.*milliseconds/],
    [['serve', '--log-format', 'xml'], /--log-format .*'xml'.*json, pretty/],
    [['serve', '--nonsense'], /--nonsense/],
    [['serve', 'extra'], /too many arguments/],
    [['dance'], /dance/],
  ])('%j', async (args, text) => {
    const program = flumen(args);
    expect(await program.ended).toBe(2);
    expect(program.output.stderr).toMatch(text);
    expect(program.output.stdout.length).toBe(0);
  });

  it('an empty password in the environment', async () => {
    const program = flumen(['serve'], { FLUMEN_SOURCE_PASSWORD: '' });
    expect(await program.ended).toBe(2);
    expect(program.output.stderr).toMatch(/FLUMEN_SOURCE_PASSWORD.*empty/);
  });

  it('a port that is in use, a host that is not there', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    later(() => other.close());
    const { port } = other.address() as { port: number };
    const busy = flumen(['serve', '--listen', `127.0.0.1:${port}`]);
    expect(await busy.ended).toBe(1);
    expect(busy.output.stderr).toMatch(
      new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port} \\(EADDRINUSE\\).*--listen`),
    );
    const nowhere = flumen(['serve', '--listen', '192.0.2.1:0']);
    expect(await nowhere.ended).toBe(1);
    expect(nowhere.output.stderr).toMatch(/192\.0\.2\.1 \(EADDRNOTAVAIL\)/);
  });

  it('help and version are none', async () => {
    const help = flumen(['serve', '--help']);
    expect(await help.ended).toBe(0);
    for (const option of [
      '--listen',
      '--source-password',
      '--demo',
      '--source-grace',
      '--flush-interval',
      '--log-format',
    ]) {
      expect(help.output.stdout.toString()).toContain(option);
    }
    const said = flumen(['--version']);
    expect(await said.ended).toBe(0);
    expect(said.output.stdout.toString()).toBe(`${version}\n`);
  });
});

describe('examples/serve.mjs', () => {
  it('lets in who has the token, and counts', async () => {
    const example = new URL('../../examples/serve.mjs', import.meta.url).pathname;
    const program = run(process.execPath, [example, '0']);
    await wrote(program, ({ stdout }) => stdout.includes('listening on'));
    const port = Number(/:(\d+)\n/.exec(program.output.stdout.toString())?.[1]);
    const auth = Buffer.from('source:sesame').toString('base64');
    const put = new Peer(port).send(
      `PUT /live.mp3 HTTP/1.1\r\nContent-Type: text/plain\r\nAuthorization: Basic ${auth}\r\n\r\nmusic`,
    );
    await put.receives('200 OK');
    const refused = await new Peer(port).send('GET /live.mp3?token=shut HTTP/1.1\r\n\r\n').rest();
    expect(refused).toMatch(/^HTTP\/1\.1 403 /);
    const listener = await listen(port, '/live.mp3?token=open');
    await listener.receives('music');
    listener.socket.destroy();
    await wrote(program, ({ stdout }) =>
      /127\.0\.0\.1 left \/live\.mp3: closed, \d+ bytes/.test(stdout.toString()),
    );
    program.kill('SIGINT');
    expect(await program.ended).toBe(0);
  });
});
