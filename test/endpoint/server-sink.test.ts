import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { MultiFdSink, type Refused, TcpServerSink, type TcpServerSinkOptions } from '../../lib/index.js';
import { later, run, wrote } from '../server/support.js';
import { dial, pretend, scratch } from './support.js';

async function listening(options: TcpServerSinkOptions = {}): Promise<{ tcp: TcpServerSink; port: number }> {
  const tcp = new TcpServerSink({ host: '127.0.0.1', port: 0, ...options });
  later(() => tcp.close());
  await tcp.listen();
  return { tcp, port: (tcp.address() as net.AddressInfo | null)?.port ?? 0 };
}

async function arrives(tcp: TcpServerSink, count: number): Promise<void> {
  while (tcp.sink.size < count) await once(tcp, 'connect');
}

describe('TcpServerSink', () => {
  it('makes every connection a client, says who it is, and closes all of them', async () => {
    const { tcp, port } = await listening();
    expect(port).toBeGreaterThan(0);
    const connected = once(tcp, 'connect');
    const one = await dial(port);
    const [client, peer] = await connected;
    expect([...tcp.sink.clients()]).toEqual([client]);
    expect(peer).toEqual({ remoteAddress: '127.0.0.1', remotePort: one.port });
    const two = await dial(port);
    await arrives(tcp, 2);
    await tcp.listen();
    expect(tcp.addresses).toHaveLength(1);
    tcp.sink.push('to both');
    expect(await one.got.until(7)).toBe('to both');
    expect(await two.got.until(7)).toBe('to both');
    one.socket.end();
    two.socket.end();
    await tcp.close();
    expect(tcp.address()).toBeNull();
    expect(tcp.sink.size).toBe(0);
    await expect(dial(port)).rejects.toThrow(/ECONNREFUSED/);
  });

  it('binds all addresses that the host stands for, with one port', async () => {
    pretend({ both: ['::1', '127.0.0.1'] });
    const { tcp, port } = await listening({ host: 'both' });
    expect(tcp.addresses).toEqual([
      { address: '::1', family: 'IPv6', port },
      { address: '127.0.0.1', family: 'IPv4', port },
    ]);
    const six = await dial({ host: '::1', port });
    const four = await dial({ host: '127.0.0.1', port });
    await arrives(tcp, 2);
    tcp.sink.push('x');
    expect(await six.got.until(1)).toBe('x');
    expect(await four.got.until(1)).toBe('x');
  });

  it('takes another port when the one that is free here is taken there', async () => {
    pretend({ both: ['127.0.0.1', '127.0.0.2'] });
    // The first free port of the first address is in use at the second one.
    const { listen } = net.Server.prototype;
    let busy: net.Server | undefined;
    const taken = 0;
    net.Server.prototype.listen = function (this: net.Server, options: net.ListenOptions, done: () => void) {
      if (busy !== undefined || options.port !== 0) return listen.call(this, options as never, done as never);
      busy = net.createServer();
      return listen.call(this, options as never, () => {
        listen.call(
          busy,
          { port: (this.address() as net.AddressInfo).port, host: '127.0.0.2' },
          done as never,
        );
      });
    } as never;
    later(() => {
      net.Server.prototype.listen = listen;
      busy?.close();
    });
    const { tcp, port } = await listening({ host: 'both' });
    expect(port).not.toBe(taken);
    expect(tcp.addresses).toHaveLength(2);
  });

  it('does without an address that the machine does not have, but not without all', async () => {
    pretend({ half: ['198.51.100.1', '127.0.0.1'], none: ['198.51.100.1', '203.0.113.1'] });
    const { tcp } = await listening({ host: 'half' });
    expect(tcp.addresses).toMatchObject([{ address: '127.0.0.1' }]);
    await expect(new TcpServerSink({ host: 'none', port: 0 }).listen()).rejects.toThrow(/EADDRNOTAVAIL/);
  });

  it('listens on "::" for both families', async () => {
    const { tcp, port } = await listening({ host: '::' });
    await dial({ host: '127.0.0.1', port });
    await dial({ host: '::1', port });
    await arrives(tcp, 2);
  });

  it('an address in use is an error, and then nothing is bound', async () => {
    const { port } = await listening({ host: '127.0.0.2' });
    pretend({ both: ['127.0.0.1', '127.0.0.2'] });
    const second = new TcpServerSink({ host: 'both', port });
    await expect(second.listen()).rejects.toMatchObject({ code: 'EADDRINUSE', address: '127.0.0.2', port });
    expect(second.addresses).toEqual([]);
    await expect(dial(port)).rejects.toThrow(/ECONNREFUSED/);
    await expect(new TcpServerSink({ host: 'no.such.host.invalid' }).listen()).rejects.toThrow(
      /no\.such\.host/,
    );
  });

  it('a sink that was given keeps its clients; the end of the sink closes the end point', async () => {
    const sink = new MultiFdSink();
    const { tcp, port } = await listening({ sink, add: { tag: 'here', head: Buffer.from('head|') } });
    const { got } = await dial(port);
    await arrives(tcp, 1);
    expect([...sink.clients()][0]?.tag).toBe('here');
    await tcp.close();
    sink.push('still served');
    expect(await got.until(17)).toBe('head|still served');
    const other = await listening({ sink });
    const closed = once(other.tcp, 'close');
    sink.clear();
    await Promise.all([sink.end(), closed]);
    expect(other.tcp.address()).toBeNull();
  });

  it('refuses who comes while the sink ends', async () => {
    const { tcp, port } = await listening();
    await dial(port);
    await arrives(tcp, 1);
    const end = tcp.sink.end();
    const refused = once(tcp, 'refused') as Promise<[Refused]>;
    const late = await dial(port);
    expect((await refused)[0]).toMatchObject({
      remotePort: late.port,
      error: { code: 'ERR_FLUMEN_CLOSED' },
    });
    expect((await late.got.all()).text).toBe('');
    tcp.sink.clear();
    await end;
  });

  it('an abort closes it; one that came before, or a close meanwhile, keeps it from listening', async () => {
    const control = new AbortController();
    const { tcp } = await listening({ signal: control.signal });
    const closed = once(tcp, 'close');
    control.abort();
    await closed;
    expect(tcp.address()).toBeNull();
    await expect(new TcpServerSink({ signal: AbortSignal.abort() }).listen()).rejects.toThrow(/abort/i);
    const hasty = new TcpServerSink({ host: '127.0.0.1', port: 0 });
    const listen = expect(hasty.listen()).rejects.toMatchObject({ code: 'ERR_FLUMEN_CLOSED' });
    await hasty.close();
    await listen;
    expect(hasty.addresses).toEqual([]);
  });

  it('refuses bad options by name', () => {
    const bad: [object, RegExp][] = [
      [{ port: 70_000 }, /port must be from 0 to 65535, not 70000/],
      [{ port: '80' }, /port must be a number, not "80"/],
      [{ host: '' }, /host must be a name or an address, not ""/],
      [{ path: '/tmp/x', port: 1 }, /path excludes host and port/],
      [{ path: '' }, /path must be the path of a unix socket, not ""/],
      [{ path: `/tmp/${'x'.repeat(110)}` }, /path is 115 bytes long; unix sockets have at most 107/],
      [{ backlog: 0 }, /backlog must be from 1/],
      [{ signal: {} }, /signal must be an AbortSignal/],
      [{ sink: { hardLimit: 3 } }, /hardLimit must be/],
      [{ ports: 1 }, /no option "ports"/],
    ];
    for (const [options, message] of bad) {
      expect(() => new TcpServerSink(options as TcpServerSinkOptions), JSON.stringify(options)).toThrow(
        message,
      );
    }
  });
});

describe('a unix socket', () => {
  it('is made, served, and removed', async () => {
    const path = scratch();
    const { tcp } = await listening({ host: undefined, port: undefined, path } as never);
    expect(tcp.addresses).toEqual([path]);
    const { got, socket } = await dial(path);
    await arrives(tcp, 1);
    tcp.sink.push('local');
    expect(await got.until(5)).toBe('local');
    socket.end();
    await tcp.close();
    expect(fs.existsSync(path)).toBe(false);
  });

  it('takes the place of one whose program was killed, of no other, and of no file', async () => {
    const path = scratch();
    const listen = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
    const other = run(process.execPath, ['-e', listen]);
    await wrote(other, ({ stdout }) => stdout.includes('up'));
    const first = new TcpServerSink({ path });
    await expect(first.listen()).rejects.toThrow(/EADDRINUSE: .*another program listens on this socket/);
    other.kill('SIGKILL');
    await other.ended;
    expect(fs.existsSync(path)).toBe(true);
    const { tcp } = await listening({ host: undefined, port: undefined, path } as never);
    await dial(path);
    await arrives(tcp, 1);
    const file = scratch('file');
    fs.writeFileSync(file, 'precious');
    await expect(new TcpServerSink({ path: file }).listen()).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: expect.stringMatching(/it is no socket/),
    });
    expect(fs.readFileSync(file, 'utf8')).toBe('precious');
  });
});
